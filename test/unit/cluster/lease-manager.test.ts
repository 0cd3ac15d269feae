import { describe, expect, it } from 'vitest';
import type { ActiveEngine } from '../../../src/cluster/holding.ts';
import { LeaseManager } from '../../../src/cluster/lease-manager.ts';
import type { HeldLease, LeaseStore } from '../../../src/cluster/ports/lease-store.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import type { Tenure } from '../../../src/kernel/tenure.ts';
import { MemoryMedium } from '../../../src/storage/memory/memory-medium.ts';
import { MemoryStorage } from '../../../src/storage/memory/memory-storage.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';

const CANDIDATES = ['server1', 'server2', 'server3'];
const TIMES = { ttlMs: 3_000, renewEveryMs: 500, guardMs: 1_000 };
/** A signal that does not abort. */
const never = (): AbortSignal => new AbortController().signal;

/** The store of leases with faults to switch on. */
class FaultyLeases implements LeaseStore {
  readonly #leases: LeaseStore;
  renewal: 'works' | 'fails' | 'hangs' = 'works';
  release: 'works' | 'fails' = 'works';
  observation: 'works' | 'fails' | 'hangs' = 'works';
  acquisition: 'works' | 'fails' = 'works';
  evictions = 0;
  acquisitions = 0;

  constructor(medium: MemoryMedium) {
    this.#leases = new MemoryStorage(medium).leases;
  }

  observe(engine: string): ReturnType<LeaseStore['observe']> {
    if (this.observation === 'hangs') return new Promise(() => undefined);
    if (this.observation === 'fails') return Promise.reject(new Error('away'));
    return this.#leases.observe(engine);
  }

  async acquire(engine: string, contender: Parameters<LeaseStore['acquire']>[1]): Promise<HeldLease | undefined> {
    this.acquisitions += 1;
    if (this.acquisition === 'fails') throw new Error('damaged');
    const lease = await this.#leases.acquire(engine, contender);
    if (lease === undefined) return undefined;
    return {
      engine,
      epoch: lease.epoch,
      renew: () => {
        if (this.renewal === 'hangs') return new Promise(() => undefined);
        return this.renewal === 'fails' ? Promise.reject(new Error('away')) : lease.renew();
      },
      renewNow: () => lease.renewNow(),
      release: (to) => (this.release === 'fails' ? Promise.reject(new Error('away')) : lease.release(to)),
    };
  }

  evict(engine: string, observed: Parameters<LeaseStore['evict']>[1]): Promise<boolean> {
    this.evictions += 1;
    return this.#leases.evict(engine, observed);
  }
}

/** One server and what happens to its engine. */
class Candidate {
  readonly events: string[] = [];
  readonly leases: FaultyLeases;
  readonly manager: LeaseManager;
  readonly incarnation: string;
  tenure: Tenure | undefined;
  activation: (tenure: Tenure) => Promise<void> = () => Promise.resolve();
  draining: (deadline: AbortSignal) => Promise<void> = () => Promise.resolve();
  stopping: () => Promise<void> = () => Promise.resolve();

  constructor(clock: ManualClock, medium: MemoryMedium, rank: number) {
    const server = CANDIDATES[rank]!;
    this.incarnation = `${server}-life`;
    this.leases = new FaultyLeases(medium);
    this.manager = new LeaseManager({
      engine: 'ME1',
      rank,
      candidates: CANDIDATES,
      contender: { server, incarnation: this.incarnation },
      leases: this.leases,
      times: TIMES,
      clock,
      logger: silentLogger,
      activate: (tenure) => this.#activate(tenure),
      onDeposed: ({ reason }) => this.events.push(`deposed: ${reason.split(': ').at(-1)!}`),
      random: () => 0.5,
    });
  }

  async #activate(tenure: Tenure): Promise<ActiveEngine> {
    this.tenure = tenure;
    this.events.push(`activate ${tenure.epoch}`);
    await this.activation(tenure);
    return {
      drain: async (deadline) => {
        this.events.push(`drain ${tenure.isCurrent() ? 'current' : 'over'}`);
        await this.draining(deadline);
      },
      stop: async () => {
        this.events.push(`stop ${tenure.isCurrent() ? 'current' : 'over'}`);
        await this.stopping();
      },
    };
  }
}

class Scene {
  readonly clock = new ManualClock();
  readonly medium = new MemoryMedium();
  readonly candidates = CANDIDATES.map((_, rank) => new Candidate(this.clock, this.medium, rank));

  /** Starts these, and lets the first of them become the holder. */
  static async with(...ranks: number[]): Promise<{ scene: Scene; candidates: Candidate[] }> {
    const scene = new Scene();
    const candidates = ranks.map((rank) => scene.candidates[rank]!);
    for (const { manager } of candidates) await manager.start(never());
    await scene.clock.advance(2_500);
    expect(candidates.map(({ manager }) => manager.state)).toEqual([
      'active',
      ...candidates.slice(1).map(() => 'standby'),
    ]);
    return { scene, candidates };
  }

  get lease() {
    return this.medium.engine('ME1').lease;
  }
}

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
    await scene.clock.advance(31_000);
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
    expect(only!.events.length).toBeLessThan(12);
    only!.activation = () => Promise.resolve();
    await scene.clock.advance(31_000);
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

describe('LeaseManager.handOver()', () => {
  it('drains, closes, and lets the other server take the engine at once', async () => {
    const { scene, candidates } = await Scene.with(0, 1, 2);
    const moved = candidates[0]!.manager.handOver('server3', never());
    await scene.clock.advance(100);
    expect(await moved).toBe(true);
    expect(candidates.map(({ manager }) => manager.state)).toEqual(['standby', 'standby', 'active']);
    expect(candidates[0]!.events).toEqual(['activate 1', 'drain current', 'stop current']);
    expect(candidates[2]!.events).toEqual(['activate 2']);
  });

  it('takes the engine as soon as it is told that the lease is free, without waiting for its next look', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    await scene.clock.advance(1);
    await candidates[0]!.manager.handOver('server2', never());
    candidates[1]!.manager.lookNow();
    await scene.clock.advance(0);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it('takes nothing while it stands back, whoever dies, and everything again after that', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[1]!.manager.standBack(true);
    scene.medium.kill(candidates[0]!.incarnation);
    await scene.clock.advance(10_000);
    expect(candidates[1]!.manager.state).toBe('standby');
    candidates[1]!.manager.standBack(false);
    await scene.clock.advance(100);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it.each([
    ['before it takes it', 'taking'],
    ['while the engine loads', 'loading'],
    ['right after it has taken it', 'active'],
  ] as const)('F33: the target of a move dies %s: the engine is back within four seconds', async (_when, step) => {
    const { scene, candidates } = await Scene.with(0, 1, 2);
    const [holder, target, third] = candidates;
    if (step === 'taking') scene.medium.kill(target!.incarnation);
    if (step === 'loading') target!.activation = () => new Promise(() => undefined);
    const moved = holder!.manager.handOver('server2', never());
    await scene.clock.advance(100);
    await moved;
    if (step !== 'taking') expect(target!.manager.epoch).toBe(2);
    scene.medium.kill(target!.incarnation);
    await scene.clock.advance(3_900);
    const active = [holder, third].filter((candidate) => candidate!.manager.state === 'active');
    expect(active).toHaveLength(1);
    expect(active[0]!.manager.epoch).toBe(scene.medium.engine('ME1').epoch);
  });

  it('takes the engine back with a new epoch when the other server does not come', async () => {
    const { scene, candidates } = await Scene.with(0);
    const moved = candidates[0]!.manager.handOver('server2', never());
    await scene.clock.advance(1_400);
    expect(await moved).toBe(true);
    expect(candidates[0]!.manager.state).toBe('standby');
    await scene.clock.advance(600);
    expect(candidates[0]!.manager.state).toBe('active');
    expect(candidates[0]!.manager.epoch).toBe(2);
  });

  it('waits for the drain until the deadline and no longer', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.draining = () => new Promise(() => undefined);
    const deadline = new AbortController();
    const moved = candidates[0]!.manager.handOver('server2', deadline.signal);
    await scene.clock.advance(5_000);
    expect(candidates[0]!.manager.state).toBe('draining');
    expect(candidates[0]!.tenure!.isCurrent()).toBe(true);
    deadline.abort();
    await scene.clock.advance(100);
    expect(await moved).toBe(true);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it('moves on when the drain fails', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.draining = () => Promise.reject(new Error('no'));
    const moved = candidates[0]!.manager.handOver('server2', never());
    await scene.clock.advance(100);
    expect(await moved).toBe(true);
  });

  it('fails when the lease is lost on the way', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.draining = () => new Promise(() => undefined);
    const moved = candidates[0]!.manager.handOver('server2', never());
    await settle();
    scene.medium.loseLocks(candidates[0]!.incarnation);
    await scene.clock.advance(700);
    expect(await moved).toBe(false);
    expect(candidates[0]!.events.at(-1)).toBe('deposed: somebody else holds it');
  });

  it('does not release the lease of an engine that does not close', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.stopping = () => new Promise(() => undefined);
    const moved = candidates[0]!.manager.handOver('server2', never());
    await scene.clock.advance(5_000);
    expect(await moved).toBe(false);
    expect(candidates[0]!.events.at(-1)).toBe('deposed: the engine could not be closed');
    expect(scene.lease.holder?.server).toBe('server1');
  });

  it('releases later what could not be released at first', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    candidates[0]!.leases.release = 'fails';
    const moved = candidates[0]!.manager.handOver('server2', never());
    await scene.clock.advance(100);
    expect(await moved).toBe(false);
    expect(scene.lease.holder?.server).toBe('server1');
    candidates[0]!.leases.release = 'works';
    await scene.clock.advance(200);
    expect(scene.lease.holder?.server).toBe('server2');
  });

  it('refuses when there is nothing to hand over, and nobody to hand it to', async () => {
    const { candidates } = await Scene.with(0, 1);
    expect(await candidates[1]!.manager.handOver('server3', never())).toBe(false);
    expect(await candidates[0]!.manager.handOver('server1', never())).toBe(false);
    expect(await candidates[0]!.manager.handOver('server9', never())).toBe(false);
    void candidates[0]!.manager.handOver('server2', never());
    expect(await candidates[0]!.manager.handOver('server3', never())).toBe(false);
  });
});

describe('LeaseManager.stop()', () => {
  it('drains, closes and releases, so that another candidate takes the engine at once', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    await candidates[0]!.manager.stop(never());
    expect(candidates[0]!.events).toEqual(['activate 1', 'drain current', 'stop current']);
    expect(candidates[0]!.manager.state).toBe('stopped');
    await scene.clock.advance(100);
    expect(candidates[1]!.manager.state).toBe('active');
  });

  it('leaves no timer', async () => {
    const { scene, candidates } = await Scene.with(0, 1);
    for (const { manager } of candidates) await manager.stop(never());
    expect(scene.clock.sleeping).toBe(0);
  });

  it('gives up an engine that is loading', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.activation = (tenure) => scene.clock.sleep(60_000, tenure.signal);
    await only!.manager.start(never());
    await scene.clock.advance(100);
    await only!.manager.stop(never());
    expect(only!.manager.state).toBe('stopped');
    expect(only!.events).toEqual(['activate 1']);
    expect(scene.lease.isFree).toBe(true);
  });

  it('ends although the store does not answer', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.leases.observation = 'hangs';
    await only!.manager.start(never());
    await settle();
    await only!.manager.stop(never());
    expect(only!.manager.state).toBe('stopped');
    expect(scene.clock.sleeping).toBe(0);
  });

  it('happens without a drain when the signal of start() aborts', async () => {
    const scene = new Scene();
    const [only] = scene.candidates;
    only!.draining = () => new Promise(() => undefined);
    const life = new AbortController();
    await only!.manager.start(life.signal);
    await scene.clock.advance(100);
    life.abort();
    await settle();
    expect(only!.manager.state).toBe('stopped');
    expect(scene.lease.holder).toBeUndefined();
  });

  it('is idempotent, before and after everything', async () => {
    const { candidates } = await Scene.with(0);
    await Promise.all([candidates[0]!.manager.stop(never()), candidates[0]!.manager.stop(never())]);
    expect(candidates[0]!.events.filter((event) => event.startsWith('stop'))).toHaveLength(1);
    const fresh = new Scene().candidates[0]!;
    await fresh.manager.stop(never());
    await fresh.manager.start(never());
    expect(fresh.manager.state).toBe('stopped');
  });
});
