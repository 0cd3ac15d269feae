import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineStore } from '../../../src/engine/ports/engine-store.ts';
import { loaded } from '../../contract/store-contents.ts';
import { activate, deactivate } from '../../contract/storage-world.ts';
import { eventually } from '../../support/eventually.ts';
import { sqliteMember } from './fixtures/places.ts';
import { recorder } from './fixtures/recorder.ts';

/** A small disk, if this machine lets us have one. */
function smallDisk(size = '8m'): (Disposable & { readonly path: string }) | undefined {
  const path = mkdtempSync(join(tmpdir(), 'pointsman-full-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', path]).status === 0;
  if (!isMounted) {
    rmSync(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    [Symbol.dispose]: () => {
      spawnSync('umount', [path]);
      rmSync(path, { recursive: true });
    },
  };
}

/** Whether such a disk can be had; tried once, at the beginning. */
function canMount(): boolean {
  using disk = smallDisk();
  return disk !== undefined;
}

const append = (store: EngineStore, seq: number, bytes: number): Promise<void> =>
  store.commit({ append: [{ seq, bytes: Buffer.alloc(bytes, 'x') }] }, 0);

/** Commits until the disk is full; the numbers that were acknowledged. */
async function fill(store: EngineStore): Promise<number[]> {
  const acknowledged: number[] = [];
  for (let seq = 1; ; seq += 1) {
    try {
      await append(store, seq, 20_000);
      acknowledged.push(seq);
    } catch (error) {
      expect(error).toMatchObject({ code: 'store-full', processed: 'no' });
      return acknowledged;
    }
  }
}

describe.skipIf(!canMount())('SqliteStorage on a full disk (needs mount)', () => {
  it('F16: refuses, loses nothing, and goes on when there is space again', async () => {
    using disk = smallDisk();
    if (disk === undefined) throw new Error('The disk is gone');
    const ballast = join(disk.path, 'ballast');
    writeFileSync(ballast, Buffer.alloc(5 << 20));
    await using member = sqliteMember(join(disk.path, 'store'));
    const { lease, store } = await activate(member, 'ME1');
    const acknowledged = await fill(store);
    const next = acknowledged.length + 1;
    const stored = async (): Promise<number[]> => (await store.read(0, 1e6, 1e9)).map(({ seq }) => seq);
    expect(await stored()).toEqual(acknowledged);
    // Use up the last bytes: a holder on a full disk still lives.
    try {
      for (let at = 0; ; at += 1) writeFileSync(join(disk.path, `filler${at}`), Buffer.alloc(4096));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
    const before = await member.storage.leases.observe('ME1');
    expect(await lease.renew()).toBe(true);
    const after = await member.storage.leases.observe('ME1');
    expect(after).toEqual({ ...before, counter: before.counter + 1 });
    await expect(append(store, next, 100_000)).rejects.toMatchObject({ code: 'store-full', processed: 'no' });
    // As much as was filled: moving the log into the database takes its space a second time.
    rmSync(ballast);
    for (const name of readdirSync(disk.path)) if (name.startsWith('filler')) rmSync(join(disk.path, name));
    await append(store, next, 20_000);
    expect(await stored()).toEqual([...acknowledged, next]);
    await deactivate({ lease, store });
    const again = await activate(member, 'ME1');
    expect((await again.store.load()).head).toBe(next);
    await deactivate(again);
  });

  it('a batch that does not fit costs the others in its group nothing', async () => {
    using disk = smallDisk();
    if (disk === undefined) throw new Error('The disk is gone');
    mkdirSync(join(disk.path, 'store'));
    await using member = sqliteMember(join(disk.path, 'store'));
    const active = await activate(member, 'ME1');
    const outcomes = await Promise.allSettled([
      append(active.store, 1, 1000),
      append(active.store, 2, 9 << 20),
      append(active.store, 3, 1000),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'store-full', processed: 'no' } });
    expect((await active.store.read(0, 10, 1e9)).map(({ seq }) => seq)).toEqual([1, 3]);
    await deactivate(active);
  });

  it('F16: gives up its ballast, so that positions can be written while what grows is refused, until there is space', async () => {
    using disk = smallDisk('24m');
    if (disk === undefined) throw new Error('The disk is gone');
    const logger = recorder();
    const tuning = { ballastBytes: 4 << 20, ballastEveryTicks: 1 };
    await using member = sqliteMember(join(disk.path, 'store'), 'server1', { tuning, logger });
    const active = await activate(member, 'ME1');
    const { store } = active;
    await store.commit({ put: [{ space: 'subscription', key: 'known', value: Buffer.from('1') }] }, 0);
    const ballast = join(disk.path, 'store', 'ME1', 'engine.ballast');
    await eventually('the ballast is made', () => existsSync(ballast) && statSync(ballast).size === 4 << 20);
    const rest = join(disk.path, 'rest');
    writeFileSync(rest, Buffer.alloc(12 << 20));
    const acknowledged = await fill(store);
    expect(existsSync(ballast)).toBe(false);
    const next = acknowledged.length + 1;
    const full = { code: 'store-full', processed: 'no' };
    for (let seq = 1; seq <= acknowledged.length; seq += 1) await store.commit({ cursors: [{ id: 'c', seq }] }, 0);
    await store.commit({ put: [{ space: 'subscription', key: 'known', value: Buffer.from('2') }] }, 0);
    await store.commit({ remove: [{ space: 'subscription', key: 'known' }] }, 0);
    await expect(append(store, next, 10)).rejects.toMatchObject(full);
    const added = store.commit({ put: [{ space: 'subscription', key: 'new', value: Buffer.from('1') }] }, 0);
    await expect(added).rejects.toMatchObject(full);
    await eventually('it says so', () =>
      logger.lines.some(({ message }) => message.includes('the ballast is given up')),
    );
    rmSync(rest);
    await eventually(
      'it says that there is space',
      () => logger.lines.some(({ message }) => message.includes('space again')),
      5_000,
    );
    expect(statSync(ballast).size).toBe(4 << 20);
    await append(store, next, 10);
    const state = await loaded(store);
    expect([state.head, state.cursors]).toEqual([next, [{ id: 'c', seq: acknowledged.length }]]);
    await deactivate(active);
  });
});
