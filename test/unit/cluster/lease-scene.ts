import { expect } from 'vitest';
import type { ActiveEngine } from '../../../src/cluster/holding.ts';
import { LeaseManager } from '../../../src/cluster/lease-manager.ts';
import type { HeldLease, LeaseStore, LeaseView } from '../../../src/cluster/ports/lease-store.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import type { Tenure } from '../../../src/kernel/tenure.ts';
import { MemoryMedium } from '../../../src/storage/memory/memory-medium.ts';
import { MemoryStorage } from '../../../src/storage/memory/memory-storage.ts';
import { ManualClock } from '../../support/manual-clock.ts';

export const CANDIDATES = ['server1', 'server2', 'server3'];
export const TIMES = { ttlMs: 3_000, renewEveryMs: 500, guardMs: 1_000 };
/** A signal that does not abort. */
export const never = (): AbortSignal => new AbortController().signal;

/** The store of leases with faults to switch on. */
export class FaultyLeases implements LeaseStore {
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
export class Candidate {
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

/** Candidates for one engine over one store, in a time that the test moves on. */
export class Scene {
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

  get lease(): LeaseView {
    return this.medium.engine('ME1').lease;
  }
}
