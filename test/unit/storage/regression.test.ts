import { cpSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMark } from '../../../src/storage/sqlite/mark-file.ts';
import { activate, deactivate } from '../../contract/storage-world.ts';
import { recorder } from './fixtures/recorder.ts';
import { COMMITS, killedStore } from './fixtures/killed-store.ts';
import { sqliteMember, temporaryDirectory } from './fixtures/places.ts';
import { openKept } from '../../../src/storage/sqlite/kept-database.ts';

let killed: Disposable & { readonly path: string };
beforeAll(async () => {
  killed = await killedStore();
});
afterAll(() => killed[Symbol.dispose]());

/** A copy of the files of the killed engine, to be damaged. */
function copyOfKilled(): Disposable & { readonly path: string; file(name: string): string } {
  const directory = temporaryDirectory();
  cpSync(killed.path, directory.path, { recursive: true });
  return Object.assign(directory, { file: (name: string): string => join(directory.path, 'ME1', name) });
}

async function refusalOf(directory: string): Promise<string> {
  await using member = sqliteMember(directory);
  const acquiring = member.storage.leases.acquire('ME1', member.contender);
  await expect(acquiring).rejects.toMatchObject({ code: 'store-unavailable', processed: 'no' });
  expect((await member.storage.leases.observe('ME1')).isFree).toBe(true);
  return await acquiring.then(
    () => '',
    (error: unknown) => (error as Error).message,
  );
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = bytes.readUInt8(at) ^ 0x10;
  writeFileSync(path, bytes);
}

describe('engine.hwm', () => {
  it('is not behind any commit that was acknowledged, and a killed engine goes on from there', async () => {
    using directory = copyOfKilled();
    expect(readMark(directory.file('engine.hwm'))).toMatchObject({
      epoch: 1,
      commits: COMMITS,
      head: COMMITS,
      isClean: false,
    });
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    expect((await active.store.load()).head).toBe(COMMITS);
    await deactivate(active);
    expect(readMark(directory.file('engine.hwm'))).toMatchObject({ epoch: 2, commits: COMMITS, isClean: true });
  });

  it.each([
    ['cut in the middle of a frame', (wal: string) => truncateSync(wal, statSync(wal).size - 2000)],
    ['cut in half', (wal: string) => truncateSync(wal, statSync(wal).size / 2)],
    ['deleted', (wal: string) => rmSync(wal)],
    ['flipped in one bit near its beginning', (wal: string) => flip(wal, 6000)],
    ['flipped in one bit of its header', (wal: string) => flip(wal, 17)],
  ])('F19: a write-ahead log that was %s is noticed, and nothing is changed', async (_, damage) => {
    using directory = copyOfKilled();
    const wal = directory.file('engine.db-wal');
    damage(wal);
    const files = [directory.file('engine.db'), wal].filter((path) => existsSync(path));
    const before = files.map((path) => readFileSync(path));
    expect(await refusalOf(directory.path)).toMatch(/REGRESSED: engine\.db (ends with|is missing)/);
    expect(files.map((path) => readFileSync(path))).toEqual(before);
  });

  it('F20: an older copy of the same database is noticed, and another one', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const first = await activate(member, 'ME1');
    await deactivate(first);
    const path = join(directory.path, 'ME1', 'engine.db');
    const old = readFileSync(path);
    const second = await activate(member, 'ME1');
    await second.store.commit({ append: [{ seq: 1, bytes: Buffer.from('x') }] }, 0);
    await deactivate(second);
    writeFileSync(path, old);
    expect(await refusalOf(directory.path)).toContain(
      'ends with epoch 1, commit 0 and log number 0, engine.hwm expects epoch 2, commit 1',
    );
    const db = openKept(path, {});
    db.exec("UPDATE fence SET database = 'other', epoch = 9, commits = 9");
    db.close();
    expect(await refusalOf(directory.path)).toContain('engine.db is database other, engine.hwm was written for');
  });

  it('is refused when nothing in it can be read', async () => {
    using directory = copyOfKilled();
    writeFileSync(directory.file('engine.hwm'), Buffer.alloc(12_288, 'x'));
    expect(await refusalOf(directory.path)).toContain('engine.hwm cannot be read');
  });

  it('one torn slot of it does no harm', () => {
    using directory = copyOfKilled();
    const path = directory.file('engine.hwm');
    for (const slot of [0, 1, 2]) {
      const whole = readFileSync(path);
      writeFileSync(path, Buffer.from(whole).fill(0, slot * 4096, slot * 4096 + 100));
      expect(readMark(path), `slot ${String(slot)}`).toMatchObject({ epoch: 1 });
      writeFileSync(path, whole);
    }
  });

  it('with onRegression: accept the engine goes on above all that was given away, and says what is lost', async () => {
    using directory = copyOfKilled();
    rmSync(directory.file('engine.db-wal'));
    const logger = recorder();
    await using member = sqliteMember(directory.path, 'server1', { tuning: { onRegression: 'accept' }, logger });
    const active = await activate(member, 'ME1');
    expect(active.lease.epoch).toBe(2);
    const { head } = await active.store.load();
    expect(head).toBeGreaterThan(COMMITS + 100_000);
    await active.store.commit({ append: [{ seq: head + 1, bytes: Buffer.from('x') }] }, 0);
    expect(logger.lines).toContainEqual({
      message: 'The database has lost commits; the topology file says to go on without them',
      fields: { engine: 'ME1', epoch: 2, loss: expect.stringContaining(`commit ${String(COMMITS)}`) as string },
    });
    await deactivate(active);
    // Accepted once, it is the truth from now on.
    await using strict = sqliteMember(directory.path);
    await deactivate(await activate(strict, 'ME1'));
  });

  it('F20: a suspicion has the whole file checked, however large, and ends with it', async () => {
    using directory = copyOfKilled();
    writeFileSync(directory.file('engine.suspect'), 'an fsync failed\n');
    await using member = sqliteMember(directory.path);
    await deactivate(await activate(member, 'ME1'));
    expect(existsSync(directory.file('engine.suspect'))).toBe(false);
  });
});
