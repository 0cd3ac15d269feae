import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LeaseView } from '../../../src/cluster/ports/lease-store.ts';
import { type Life, isOtherLivingProcess, ownLife, startTicksOf } from '../../../src/storage/sqlite/machine.ts';
import { activate, deactivate } from '../../contract/storage-world.ts';
import { eventually } from '../../support/eventually.ts';
import { HolderProcess } from './fixtures/child.ts';
import { sqliteMember, temporaryDirectory } from './fixtures/places.ts';

interface StoredLease {
  epoch: number;
  counter: number;
  holder: { server: string; incarnation: string; life: Record<string, unknown> };
}

/** Rewrites the lease file behind everybody's back. */
function forge(directory: string, change: (lease: StoredLease) => void): void {
  const path = join(directory, 'ME1', 'engine.lease');
  const lease = JSON.parse(readFileSync(path, 'utf8')) as StoredLease;
  change(lease);
  writeFileSync(path, JSON.stringify(lease));
}

describe.skipIf(process.platform !== 'linux')('isOtherLivingProcess()', () => {
  const own = ownLife();
  const parent: Life = { ...own, pid: process.ppid, startTicks: startTicksOf(process.ppid) ?? '' };

  it('is true for another process that runs', () => {
    expect(isOtherLivingProcess(parent, own)).toBe(true);
  });

  it.each<[string, Partial<Life>]>([
    ['this process', { pid: process.pid, startTicks: startTicksOf(process.pid) ?? '' }],
    ['init', { pid: 1, startTicks: startTicksOf(1) ?? '' }],
    ['the process group', { pid: 0 }],
    ['every process', { pid: -1 }],
    ['another group', { pid: -process.ppid }],
    ['half a number', { pid: process.ppid + 0.5 }],
    ['a process that is gone', { pid: 2 ** 30 }],
    ['another start time', { startTicks: '1' }],
    ['another boot', { bootId: 'other' }],
    ['another pid namespace', { pidNamespace: 'pid:[1]' }],
  ])('is false for %s', (_what, change) => {
    expect(isOtherLivingProcess({ ...parent, ...change }, own)).toBe(false);
  });
});

describe.skipIf(process.platform !== 'linux')('SqliteLeaseStore.evict()', () => {
  it('kills a holder that is stopped, and its lease can be taken', { timeout: 60_000 }, async () => {
    using directory = temporaryDirectory();
    await using child = new HolderProcess(directory.path, 'hold');
    await child.line(/^held 1$/);
    await using member = sqliteMember(directory.path);
    const { leases } = member.storage;
    child.signal('SIGSTOP');
    const view = await leases.observe('ME1');
    expect(view).toMatchObject({ epoch: 1, holder: { server: 'child' }, isFree: false });
    expect(await leases.acquire('ME1', member.contender)).toBeUndefined();
    expect(await leases.evict('ME1', view)).toBe(true);
    await child.end();
    expect(child.isRunning).toBe(false);
    const active = await activate(member, 'ME1');
    expect(active.lease.epoch).toBe(2);
    await deactivate(active);
  });

  it('leaves alone whatever is not certainly the holder', { timeout: 60_000 }, async () => {
    using directory = temporaryDirectory();
    await using child = new HolderProcess(directory.path, 'hold');
    await using bystander = new HolderProcess(join(directory.path, 'elsewhere'), 'hold');
    await Promise.all([child.line(/^held/), bystander.line(/^held/)]);
    await using member = sqliteMember(directory.path);
    const { leases } = member.storage;
    const original = readFileSync(join(directory.path, 'ME1', 'engine.lease'), 'utf8');
    const forgeries: Record<string, (life: Record<string, unknown>) => void> = {
      'another start time': (life) => (life['startTicks'] = String(Number(life['startTicks']) + 1)),
      'no start time': (life) => delete life['startTicks'],
      'another boot': (life) => (life['bootId'] = '00000000-0000-0000-0000-000000000000'),
      'no boot': (life) => delete life['bootId'],
      'another pid namespace': (life) => (life['pidNamespace'] = 'pid:[1]'),
      'a reused process id': (life) => (life['pid'] = bystander.pid),
      'this process': (life) => (life['pid'] = process.pid),
      'no number': (life) => (life['pid'] = '1'),
    };
    for (const [what, change] of Object.entries(forgeries)) {
      forge(directory.path, ({ holder }) => {
        change(holder.life);
      });
      const view = await leases.observe('ME1');
      expect(await leases.evict('ME1', view), what).toBe(false);
      writeFileSync(join(directory.path, 'ME1', 'engine.lease'), original);
    }
    const now = await leases.observe('ME1');
    const outdated: LeaseView[] = [
      { ...now, counter: now.counter - 1 },
      { ...now, epoch: 0 },
    ];
    for (const view of outdated) expect(await leases.evict('ME1', view)).toBe(false);
    expect([child.isRunning, bystander.isRunning]).toEqual([true, true]);
    // The same holder, unforged: the checks above did not pass for some other reason.
    expect(await leases.evict('ME1', now)).toBe(true);
    await child.end();
    expect(bystander.isRunning).toBe(true);
  });

  it('never kills its own process for an engine that another member in it holds', async () => {
    using directory = temporaryDirectory();
    await using one = sqliteMember(directory.path, 'server1');
    await using two = sqliteMember(directory.path, 'server2');
    const active = await activate(one, 'ME1');
    const { leases } = two.storage;
    expect(await leases.evict('ME1', await leases.observe('ME1'))).toBe(false);
    await deactivate(active);
  });

  it('sees a killed holder at once, without eviction', { timeout: 60_000 }, async () => {
    using directory = temporaryDirectory();
    await using child = new HolderProcess(directory.path, 'commit');
    await child.line(/^ack/);
    await using member = sqliteMember(directory.path);
    const { leases } = member.storage;
    expect((await leases.observe('ME1')).isFree).toBe(false);
    process.kill(child.pid, 'SIGKILL');
    await eventually('the lock is free', async () => (await leases.observe('ME1')).isFree);
    const active = await activate(member, 'ME1');
    expect(active.lease.epoch).toBe(2);
    await deactivate(active);
  });
});
