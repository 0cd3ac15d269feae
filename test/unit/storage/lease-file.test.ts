import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NO_LEASE, readLeaseFile, writeLeaseFile } from '../../../src/storage/sqlite/lease-file.ts';
import { ownLife, startTicksOf } from '../../../src/storage/sqlite/machine.ts';
import { activate, deactivate } from '../../contract/storage-world.ts';
import { sqliteMember, temporaryDirectory } from './fixtures/places.ts';

describe('engine.lease', () => {
  it('comes back as it was written, over any other', () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 'engine.lease');
    expect(readLeaseFile(path)).toEqual(NO_LEASE);
    const longest = 'n'.repeat(64);
    const records = [
      { epoch: 1, counter: 7, holder: { server: longest, incarnation: 'i', life: ownLife() } },
      { epoch: 2 ** 50, counter: 2 ** 50, handoffTo: longest },
      { epoch: 3, counter: 0 },
    ];
    for (const record of records) {
      writeLeaseFile(path, record);
      expect(readLeaseFile(path)).toEqual(record);
    }
    expect(readdirSync(directory.path)).toEqual(['engine.lease']);
    expect(readFileSync(path)).toHaveLength(1024);
  });

  it.each([
    '',
    'null',
    '{',
    '[]',
    '"x"',
    '{"epoch":"1","counter":1}',
    '{"epoch":-1,"counter":1}',
    '\u0000'.repeat(1024),
  ])('that says %j shows nobody', (text) => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 'engine.lease');
    writeFileSync(path, text);
    expect(readLeaseFile(path)).toEqual(NO_LEASE);
  });

  it.each([
    'null',
    '{}',
    '{"server":1}',
    '{"server":"s","incarnation":"i"}',
    '{"server":"s","incarnation":"i","life":null}',
  ])('with the holder %s shows none', (holder) => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 'engine.lease');
    writeFileSync(path, `{"epoch":1,"counter":1,"holder":${holder}}`);
    expect(readLeaseFile(path)).toEqual({ epoch: 1, counter: 1 });
  });

  it('that is deleted under a living holder is written again', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    rmSync(join(directory.path, 'ME1', 'engine.lease'));
    expect(await active.lease.renew()).toBe(true);
    expect(await member.storage.leases.observe('ME1')).toMatchObject({
      epoch: 1,
      holder: member.contender,
      isFree: false,
    });
    await deactivate(active);
  });

  it("that names somebody else ends the holder's lease, and release() leaves it alone", async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const path = join(directory.path, 'ME1', 'engine.lease');
    const other = { epoch: 2, counter: 1, holder: { server: 'server9', incarnation: 'other', life: { pid: 4711 } } };
    writeLeaseFile(path, other);
    expect(await active.lease.renew()).toBe(false);
    await deactivate(active, 'server3');
    expect(readLeaseFile(path)).toEqual(other);
    expect((await member.storage.leases.observe('ME1')).isFree).toBe(true);
  });

  it('that cannot be written fails the acquisition, and the lock is not kept', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    mkdirSync(join(directory.path, 'ME1', 'engine.lease.next'), { recursive: true });
    const { leases } = member.storage;
    await expect(leases.acquire('ME1', member.contender)).rejects.toMatchObject({
      code: 'store-unavailable',
      processed: 'no',
    });
    expect((await leases.observe('ME1')).isFree).toBe(true);
    rmSync(join(directory.path, 'ME1', 'engine.lease.next'), { recursive: true });
    await deactivate(await activate(member, 'ME1'));
  });

  it('has beside it a lock that writes nothing', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const place = join(directory.path, 'ME1');
    expect(readdirSync(place).filter((name) => name.startsWith('engine.lock'))).toEqual(['engine.lock']);
    expect(statSync(join(place, 'engine.lock')).size).toBe(0);
    await deactivate(active);
  });

  it.skipIf(process.platform !== 'linux')('tells this life of this process', () => {
    const life = ownLife();
    expect(life).toMatchObject({ pid: process.pid, startTicks: startTicksOf(process.pid) });
    expect(life.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(life.startTicks).toMatch(/^\d+$/);
    expect(startTicksOf(2 ** 30)).toBeUndefined();
  });
});
