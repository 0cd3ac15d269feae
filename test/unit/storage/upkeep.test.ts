import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { activate, deactivate } from '../../contract/storage-world.ts';
import { eventually } from '../../support/eventually.ts';
import { sqliteMember, temporaryDirectory } from './fixtures/places.ts';
import { recorder } from './fixtures/recorder.ts';
import { openKept } from '../../../src/storage/sqlite/kept-database.ts';

const MIB = 1024 * 1024;

describe('the write-ahead log', () => {
  it('F18: grows under a long reader with a word about it, keeps nobody from renewing, and shrinks when he is gone', async () => {
    using directory = temporaryDirectory();
    const logger = recorder();
    await using member = sqliteMember(directory.path, 'server1', { tuning: { walAlarmBytes: 6 * MIB }, logger });
    const { lease, store } = await activate(member, 'ME1');
    const said = (text: string): boolean => logger.lines.some(({ message }) => message.includes(text));
    const reader = openKept(join(directory.path, 'ME1', 'engine.db'), { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM log').get();
    for (let seq = 1; seq <= 120; seq += 1) {
      await store.commit({ append: [{ seq, bytes: Buffer.alloc(100_000, 'x') }] }, 0);
      expect(await lease.renew()).toBe(true);
    }
    await eventually('it is said', () => said('The write-ahead log is very large'), 10_000);
    const wal = join(directory.path, 'ME1', 'engine.db-wal');
    expect(statSync(wal).size).toBeGreaterThan(6 * MIB);
    reader.exec('COMMIT');
    reader.close();
    await eventually('it is small again', () => said('is small again'), 10_000);
    expect(statSync(wal).size).toBeLessThan(MIB);
    await deactivate({ lease, store });
  });

  it('is moved into the database when nobody writes', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    await active.store.commit({ append: [{ seq: 1, bytes: Buffer.alloc(500_000, 'x') }] }, 0);
    const database = join(directory.path, 'ME1', 'engine.db');
    await eventually('it is in the database', () => statSync(database).size > 500_000, 10_000);
    await deactivate(active);
  });
});
