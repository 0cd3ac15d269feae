import { describe, expect, it } from 'vitest';
import { LeaseManager } from '../../../src/cluster/lease-manager.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { MemoryMedium } from '../../../src/storage/memory/memory-medium.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { CANDIDATES, FaultyLeases, never, Scene, TIMES } from './lease-scene.ts';

describe('LeaseManager', () => {
  it('lets the preferred server have the engine when all start together', async () => {
    const { candidates } = await Scene.with(0, 1, 2);
    expect(candidates.map(({ events }) => events)).toEqual([['activate 1'], [], []]);
    expect(candidates[0]!.manager.epoch).toBe(1);
    expect(candidates[1]!.manager.seen?.holder?.server).toBe('server1');
  });

  it('takes the engine alone when the preferred server does not come', async () => {
    const { candidates } = await Scene.with(1, 2);
    expect(candidates[0]!.events).toEqual(['activate 1']);
  });

  it('takes over from a dead holder within a fifth of a second', async () => {
    const { scene, candidates } = await Scene.with(0, 1, 2);
    await candidates[0]!.manager.stop(AbortSignal.abort()).catch(() => undefined);
    await scene.clock.advance(200);
    expect(candidates[1]!.manager.state).toBe('active');
    expect(candidates[2]!.manager.state).toBe('standby');
  });

  it('keeps its lease for as long as it renews', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    await scene.clock.advance(60_000);
    expect(candidates[0]!.manager.state).toBe('active');
    expect(candidates[0]!.tenure!.isCurrent()).toBe(true);
    expect(candidates[1]!.leases.evictions).toBe(0);
  });

  it('outlives renewals that fail for less than its tenure', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.leases.renewal = 'fails';
    await scene.clock.advance(1_400);
    candidates[0]!.leases.renewal = 'works';
    await scene.clock.advance(10_000);
    expect(candidates[0]!.events).toEqual(['activate 1']);
  });

  it.each(['fails', 'hangs'] as const)(
    'is deposed at its deadline when a renewal %s, long before the TTL',
    async (how) => {
      const { scene, candidates } = await Scene.with(0);
      const [holder] = candidates;
      holder!.leases.renewal = how;
      await scene.clock.advance(1_499);
      expect(holder!.tenure!.isCurrent()).toBe(true);
      await scene.clock.advance(502);
      expect(holder!.tenure!.signal.aborted).toBe(true);
      expect(holder!.events).toEqual(['activate 1', 'stop over', 'deposed: it was not renewed in time']);
      expect(holder!.manager.state).toBe('deposed');
      expect(scene.clock.sleeping).toBe(0);
    },
  );

  it('is deposed at once when the store says that somebody else holds the lease', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    scene.medium.loseLocks(candidates[0]!.incarnation);
    await scene.clock.advance(700);
    expect(candidates[0]!.events).toEqual(['activate 1', 'stop over', 'deposed: somebody else holds it']);
    expect(candidates[1]!.events).toEqual(['activate 2']);
    expect(scene.lease.holder?.server).toBe('server2');
  });

  it('is deposed by the first look at the clock after it was frozen', async () => {
    const { scene, candidates } = await Scene.with(0);
    const [holder] = candidates;
    scene.clock.jump(10_000);
    expect(holder!.tenure!.signal.aborted).toBe(false);
    expect(holder!.tenure!.isCurrent()).toBe(false);
    await settle();
    expect(holder!.events).toEqual(['activate 1', 'stop over', 'deposed: it was not renewed in time']);
  });

  it('takes over from a silent holder after a whole TTL', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.leases.renewal = 'hangs';
    candidates[0]!.stopping = () => new Promise(() => undefined);
    await scene.clock.advance(2_400);
    expect(candidates[1]!.leases.evictions).toBe(0);
    await scene.clock.advance(700);
    expect(candidates[1]!.manager.state).toBe('active');
    expect(candidates[1]!.leases.evictions).toBe(1);
  });

  it('asks a store that cannot be opened ever more rarely, and takes the engine when it can be opened again', async () => {
    const scene = new Scene();
    const [one] = scene.candidates;
    one!.leases.acquisition = 'fails';
    await one!.manager.start(never());
    await scene.clock.advance(60_000);
    expect(one!.leases.acquisitions).toBeGreaterThan(4);
    expect(one!.leases.acquisitions).toBeLessThan(30);
    one!.leases.acquisition = 'works';
    await scene.clock.advance(5_100);
    expect(one!.manager.state).toBe('active');
    await one!.manager.stop(AbortSignal.abort());
  });

  it('does not give up on a holder that it cannot see', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    for (const how of ['fails', 'hangs'] as const) {
      candidates[1]!.leases.observation = how;
      await scene.clock.advance(20_000);
    }
    candidates[1]!.leases.observation = 'works';
    await scene.clock.advance(10_000);
    expect(candidates.map(({ events }) => events)).toEqual([['activate 1'], []]);
  });

  it('refuses to be built for a server that is no candidate at that rank', () => {
    const options = { engine: 'ME1', candidates: CANDIDATES, times: TIMES, clock: new ManualClock() };
    expect(
      () =>
        new LeaseManager({
          ...options,
          rank: 1,
          contender: { server: 'server1', incarnation: 'x' },
          leases: new FaultyLeases(new MemoryMedium()),
          logger: silentLogger,
          activate: () => Promise.reject(new Error('never')),
        }),
    ).toThrow(/Found "server2" at rank 1.*expected "server1"/);
  });
});

describe('F34: LeaseManager.contendAmong()', () => {
  it('hands over to a candidate that has come, and only then', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    const [holder] = candidates;
    holder!.manager.contendAmong(['server1']);
    expect(await holder!.manager.handOver('server2', never())).toBe(false);
    holder!.manager.contendAmong(['server2', 'server1']);
    const handed = holder!.manager.handOver('server2', never());
    await scene.clock.advance(500);
    expect(await handed).toBe(true);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it('takes over in the new order', async () => {
    const { scene, candidates } = await Scene.with(0, 1, 2);
    for (const { manager } of candidates) manager.contendAmong(['server1', 'server3', 'server2']);
    await candidates[0]!.manager.stop(AbortSignal.abort()).catch(() => undefined);
    await scene.clock.advance(200);
    expect(candidates.map(({ manager }) => manager.state)).toEqual(['stopped', 'standby', 'active']);
  });
});

describe('LeaseManager when the engine does not load', () => {
  it('lets another candidate have it, and stands back for a while', async () => {
    const scene = new Scene();
    const [first, second] = scene.candidates;
    first!.activation = () => Promise.reject(new Error('broken'));
    await first!.manager.start(never());
    await second!.manager.start(never());
    await scene.clock.advance(1_200);
    expect(first!.events.length).toBeLessThanOrEqual(2);
    expect(second!.manager.state).toBe('active');
  });

  it('tries again at a bounded rate', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.activation = () => Promise.reject(new Error('broken'));
    await only!.manager.start(never());
    await scene.clock.advance(60_000);
    expect(only!.events.length).toBeGreaterThan(4);
    expect(only!.events.length).toBeLessThan(16);
    only!.activation = () => Promise.resolve();
    await scene.clock.advance(10_600);
    expect(only!.manager.state).toBe('active');
  });

  it('gives the tenure up when loading takes longer than the lease can be kept, and tries again later', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.activation = (tenure) => scene.clock.sleep(600_000, tenure.signal);
    await only!.manager.start(never());
    await scene.clock.advance(1_000);
    only!.leases.renewal = 'fails';
    await scene.clock.advance(2_100);
    expect(only!.events).toEqual(['activate 1']);
    expect(only!.manager.state).toBe('standby');
    only!.leases.renewal = 'works';
    only!.activation = () => Promise.resolve();
    await scene.clock.advance(2_500);
    expect(only!.events).toEqual(['activate 1', 'activate 2']);
    expect(only!.manager.state).toBe('active');
  });

  it('leaves the engine to another candidate that can load it in time', async () => {
    const scene = new Scene();
    const [first, second] = scene.candidates;
    first!.activation = (tenure) => scene.clock.sleep(600_000, tenure.signal);
    await first!.manager.start(never());
    await scene.clock.advance(1_000);
    await second!.manager.start(never());
    first!.leases.renewal = 'fails';
    await scene.clock.advance(2_500);
    expect([first!.manager.state, second!.manager.state]).toEqual(['standby', 'active']);
  });

  it('gives the tenure up when loading never ends', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.activation = () => new Promise(() => undefined);
    await only!.manager.start(never());
    await scene.clock.advance(130_000);
    expect(only!.events).toEqual(['activate 1', 'deposed: the engine took too long to load']);
  });

  it('closes an engine that was loaded too late', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.activation = () => scene.clock.sleep(3_000);
    await only!.manager.start(never());
    await settle();
    only!.leases.renewal = 'fails';
    await scene.clock.advance(3_100);
    expect(only!.events).toEqual(['activate 1', 'stop over']);
    expect(only!.manager.state).toBe('standby');
  });
});
