import { LeaseManager } from '../../src/cluster/lease-manager.ts';
import type { ActiveEngine } from '../../src/cluster/holding.ts';
import type { HeldLease, LeaseStore, LeaseView } from '../../src/cluster/ports/lease-store.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { type Logger, silentLogger } from '../../src/kernel/log.ts';
import type { Tenure } from '../../src/kernel/tenure.ts';
import { MemoryMedium } from '../../src/storage/memory/memory-medium.ts';
import { MemoryStorage } from '../../src/storage/memory/memory-storage.ts';
import { ManualClock, settle } from './manual-clock.ts';

const ENGINE = 'ME1';
const TIMES = { ttlMs: 900, renewEveryMs: 150, guardMs: 300 };

/** A generator that gives the same numbers for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Whether the code of a process gets to run. What is stopped here goes on after a thaw, in any order. */
class Pulse {
  isFrozen = false;
  isDead = false;
  readonly #stopped: (() => void)[] = [];

  /** Resolves when the process runs; never when it is dead. */
  async pass(): Promise<void> {
    while (this.isFrozen || this.isDead) await new Promise<void>((resolve) => this.#stopped.push(resolve));
  }

  thaw(random: () => number): void {
    this.isFrozen = false;
    const stopped = this.#stopped.splice(0);
    while (stopped.length > 0) stopped.splice(Math.floor(random() * stopped.length), 1)[0]?.();
  }
}

/** The world's time as one process lives through it. */
class ProcessClock implements Clock {
  readonly #world: ManualClock;
  readonly #pulse: Pulse;

  constructor(world: ManualClock, pulse: Pulse) {
    this.#world = world;
    this.#pulse = pulse;
  }

  now(): number {
    return this.#world.now();
  }

  monotonic(): number {
    return this.#world.monotonic();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#world.sleep(ms, signal);
    await this.#pulse.pass();
    signal?.throwIfAborted();
  }
}

/** What the outside knows of a tenure: how long the last renewal that the process has heard of carries. */
interface Term {
  readonly epoch: number;
  deadline: number;
  tenure: Tenure | undefined;
}

/** One life of one server. */
class Life implements LeaseStore {
  readonly contender: { readonly server: string; readonly incarnation: string };
  readonly pulse = new Pulse();
  readonly manager: LeaseManager;
  /** Milliseconds that each message to or from the store takes. */
  lagMs = 0;
  /** How many activations still fail; at most two in a life, so that the back-off stays within the bound. */
  #failingActivations = 0;
  #failedActivations = 0;
  isServing = false;
  healthySince: number;
  term: Term | undefined;
  readonly #world: World;
  readonly #clock: Clock;
  readonly #leases: LeaseStore;

  constructor(world: World, rank: number, incarnation: string) {
    this.#world = world;
    this.#clock = new ProcessClock(world.clock, this.pulse);
    this.#leases = new MemoryStorage(world.medium).leases;
    this.contender = { server: world.candidates[rank]!, incarnation };
    this.healthySince = world.clock.monotonic();
    this.manager = new LeaseManager({
      engine: ENGINE,
      rank,
      candidates: world.candidates,
      contender: this.contender,
      leases: this,
      times: TIMES,
      clock: this.#clock,
      logger: world.logger,
      activate: (tenure) => this.#activate(tenure),
      onDeposed: () => world.deposed(this, rank),
      onState: (state) => {
        if (state !== 'active') this.isServing = false;
      },
      random: world.random,
    });
  }

  failActivation(): void {
    if (this.#failingActivations + this.#failedActivations < 2) this.#failingActivations += 1;
  }

  get isRunning(): boolean {
    return !this.pulse.isFrozen && !this.pulse.isDead;
  }

  /** Whether it could act for the engine now; of a process that does not run, whether it could if it went on now. */
  get isCurrent(): boolean {
    if (this.pulse.isDead || this.term?.tenure?.signal.aborted !== false) return false;
    const expected = this.#world.clock.monotonic() < this.term.deadline;
    if (!this.isRunning) return expected;
    const isCurrent = this.term.tenure.isCurrent();
    if (isCurrent !== expected)
      this.#world.fail(`${this.contender.incarnation} believes that it is current: ${isCurrent}`);
    return isCurrent;
  }

  /** Compares what it believes of its tenure with what the outside knows. */
  look(): void {
    if (this.isCurrent && this.pulse.isDead) this.#world.fail('A dead process is current');
  }

  async observe(engine: string): Promise<LeaseView> {
    return this.#call(() => this.#leases.observe(engine));
  }

  async acquire(engine: string): Promise<HeldLease | undefined> {
    const sentAt = this.#world.clock.monotonic();
    const lease = await this.#call(() => this.#leases.acquire(engine, this.contender));
    if (lease === undefined) return undefined;
    this.#world.installed(lease.epoch, this.contender.incarnation);
    this.term = { epoch: lease.epoch, deadline: sentAt + TIMES.ttlMs - TIMES.guardMs, tenure: undefined };
    return {
      engine,
      epoch: lease.epoch,
      renew: () => this.#renew(lease),
      release: (to) => this.#call(() => lease.release(to)),
    };
  }

  async evict(engine: string, observed: LeaseView): Promise<boolean> {
    return this.#call(() => this.#world.evict(this.#leases, engine, observed));
  }

  async #renew(lease: HeldLease): Promise<boolean> {
    const sentAt = this.#world.clock.monotonic();
    const isHeld = await this.#call(() => lease.renew());
    const { term } = this;
    const isInTime = term?.tenure === undefined || this.#world.clock.monotonic() < term.deadline;
    if (isHeld && isInTime && term?.epoch === lease.epoch) {
      term.deadline = sentAt + TIMES.ttlMs - TIMES.guardMs;
    }
    return isHeld;
  }

  /** What was sent arrives even if the sender is frozen meanwhile; what comes back waits until it runs again. */
  async #call<T>(effect: () => Promise<T>): Promise<T> {
    await this.#lag();
    if (this.#world.medium.isDead(this.contender.incarnation)) return new Promise<T>(() => undefined);
    const result = await effect();
    await this.#lag();
    await this.pulse.pass();
    return result;
  }

  async #lag(): Promise<void> {
    if (this.lagMs > 0) await this.#world.clock.sleep(this.lagMs * this.#world.random());
  }

  async #activate(tenure: Tenure): Promise<ActiveEngine> {
    if (this.term?.epoch !== tenure.epoch) this.#world.fail(`epoch ${tenure.epoch} is not what was acquired`);
    else this.term.tenure = tenure;
    await this.#clock.sleep(20, tenure.signal);
    if (this.#failingActivations > 0) {
      this.#failingActivations -= 1;
      this.#failedActivations += 1;
      this.healthySince = this.#clock.monotonic();
      throw new Error('cannot be loaded');
    }
    const store = await this.#call(() => new MemoryStorage(this.#world.medium).openEngine(ENGINE, tenure.epoch));
    this.isServing = tenure.isCurrent();
    const over = new AbortController();
    const writing = this.#write(tenure, over.signal, async () => {
      await this.#call(() => store.commit({ put: [{ space: 'current', key: 'x', value: Buffer.of(1) }] }, 0));
    });
    return {
      drain: async () => {
        this.isServing = false;
        over.abort();
        await writing;
      },
      stop: async () => {
        this.isServing = false;
        over.abort();
        await this.#call(() => store.close());
      },
    };
  }

  /** Writes without a look at the tenure: only the fence may keep it from doing harm. */
  async #write(tenure: Tenure, over: AbortSignal, commit: () => Promise<void>): Promise<void> {
    try {
      while (!over.aborted) {
        await commit();
        this.#world.committed(tenure.epoch, this.contender.incarnation);
        await this.#clock.sleep(100, over);
      }
    } catch {
      // Fenced off, or at an end.
    }
  }
}

/** How a silent holder is ended: its process is killed (one machine), or only its lock is taken (a database). */
export type Eviction = 'kills' | 'fences';

/** Servers that contend for one engine over one medium, in a time of their own, and what must be true of them at every instant. */
export class World {
  readonly clock = new ManualClock();
  readonly medium = new MemoryMedium();
  readonly candidates: readonly string[];
  readonly random: () => number;
  readonly lives: Life[] = [];
  /** Fails the test with the first thing that must not be. */
  problem: Error | undefined;
  activations = 0;
  readonly #eviction: Eviction;
  readonly #holders = new Map<number, string>();
  #epoch = 0;
  #lastActiveAt = 0;
  #incarnations = 0;
  /** A lock was freed although its holder lives: two tenures may overlap, only the fence tells them apart. */
  #hasLostLock = false;

  constructor(options: { servers: number; seed: number; eviction: Eviction }) {
    this.candidates = Array.from({ length: options.servers }, (_, n) => `server${n + 1}`);
    this.random = seeded(options.seed);
    this.#eviction = options.eviction;
  }

  /** Errors that only a bug can cause. */
  get logger(): Logger {
    const logger: Logger = {
      ...silentLogger,
      error: (message, fields) => {
        if (message === 'Lease loop failed') this.problem ??= new Error(message, { cause: fields?.['error'] });
      },
      child: () => logger,
    };
    return logger;
  }

  start(rank: number): void {
    const before = this.lives[rank];
    if (before !== undefined && !before.pulse.isDead) return;
    const life = new Life(this, rank, `${this.candidates[rank]!}#${(this.#incarnations += 1)}`);
    this.lives[rank] = life;
    void life.manager.start(new AbortController().signal);
  }

  kill(rank: number): void {
    const life = this.lives[rank];
    if (life !== undefined) this.exit(life);
  }

  exit(life: Life): void {
    life.pulse.isDead = true;
    this.medium.kill(life.contender.incarnation);
  }

  /** It ends with code 75, and its supervisor starts it again. */
  deposed(life: Life, rank: number): void {
    this.exit(life);
    void this.clock.sleep(200).then(() => this.start(rank));
  }

  freeze(rank: number): void {
    const life = this.lives[rank];
    if (life !== undefined) life.pulse.isFrozen = true;
  }

  thaw(rank: number): void {
    const life = this.lives[rank];
    if (life?.pulse.isFrozen !== true || life.pulse.isDead) return;
    life.healthySince = this.clock.monotonic();
    life.pulse.isFrozen = false;
    // Before anything else of it runs.
    life.look();
    life.pulse.thaw(this.random);
  }

  lag(rank: number, ms: number): void {
    const life = this.lives[rank];
    if (life === undefined) return;
    if (life.lagMs > 0) life.healthySince = this.clock.monotonic();
    life.lagMs = ms;
  }

  loseLock(rank: number): void {
    const life = this.lives[rank];
    if (life === undefined) return;
    this.#hasLostLock = true;
    this.medium.loseLocks(life.contender.incarnation);
  }

  /** A planned move from wherever the engine is. */
  handOver(to: number): void {
    const deadline = new AbortController();
    for (const life of this.lives) {
      if (life.isRunning) void life.manager.handOver(this.candidates[to]!, deadline.signal);
    }
  }

  /** SIGTERM. */
  terminate(rank: number): void {
    const life = this.lives[rank];
    if (life?.isRunning !== true) return;
    void life.manager.stop(new AbortController().signal).then(() => this.exit(life));
  }

  async evict(leases: LeaseStore, engine: string, observed: LeaseView): Promise<boolean> {
    if (this.#eviction === 'kills') {
      const isGone = await leases.evict(engine, observed);
      for (const life of this.lives) life.pulse.isDead ||= this.medium.isDead(life.contender.incarnation);
      return isGone;
    }
    const now = await leases.observe(engine);
    if (now.epoch !== observed.epoch || now.counter !== observed.counter || now.holder === undefined) return false;
    this.medium.loseLocks(now.holder.incarnation);
    return true;
  }

  installed(epoch: number, incarnation: string): void {
    if (this.#holders.has(epoch)) this.fail(`epoch ${epoch} was installed twice`);
    this.#holders.set(epoch, incarnation);
    this.activations += 1;
  }

  committed(epoch: number, incarnation: string): void {
    if (this.#holders.get(epoch) !== incarnation) this.fail(`${incarnation} has written in epoch ${epoch}`);
  }

  /** Lets `ms` pass, or less as soon as `isOver`, and looks at every instant at which something happens. */
  async pass(ms: number, isOver?: () => boolean): Promise<void> {
    const end = this.clock.monotonic() + ms;
    do {
      await settle();
      this.#inspect();
      if (this.problem !== undefined) throw this.problem;
    } while (isOver?.() !== true && this.clock.step(end));
  }

  /** True while the engine serves under a tenure that is current. */
  get isServed(): boolean {
    return this.lives.some((life) => life.isRunning && life.isServing && life.isCurrent);
  }

  fail(what: string): void {
    this.problem ??= new Error(`At ${this.clock.monotonic()}: ${what}`);
  }

  #inspect(): void {
    const current = this.lives.filter((life) => life.isCurrent);
    if (current.length > 1 && !this.#hasLostLock) this.fail(`${current.length} tenures are current`);
    const { epoch } = this.medium.engine(ENGINE);
    if (epoch < this.#epoch) this.fail(`the epoch fell from ${this.#epoch} to ${epoch}`);
    this.#epoch = epoch;
    const now = this.clock.monotonic();
    if (current.some((life) => life.isRunning && life.isServing)) this.#lastActiveAt = now;
    const healthy = this.lives.filter((life) => life.isRunning && life.lagMs === 0 && life.manager.state !== 'stopped');
    const since = Math.min(...healthy.map(({ healthySince }) => healthySince));
    if (now - Math.max(since, this.#lastActiveAt) > OUTAGE_BOUND_MS) this.fail('nobody serves, and somebody could');
  }
}

/**
 * How long the engine may be away while one candidate is well all the time: TTL, handoff grace, the cold start of the
 * last of four candidates, the pause after a second failed activation, and what a restart, a look and a loading take.
 */
export const OUTAGE_BOUND_MS = TIMES.ttlMs + 1_500 + 3_000 + 2_500 + 1_000;
