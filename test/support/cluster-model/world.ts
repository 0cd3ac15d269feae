import type { LeaseStore, LeaseView } from '../../../src/cluster/ports/lease-store.ts';
import { type Logger, silentLogger } from '../../../src/kernel/log.ts';
import { MemoryMedium } from '../../../src/storage/memory/memory-medium.ts';
import { ManualClock } from '../manual-clock.ts';
import { ENGINE, OUTAGE_BOUND_MS } from './constants.ts';
import { type CallFault, Life, type Surroundings } from './life.ts';
import { seeded } from './random.ts';

/** How a silent holder is ended: its process is killed (one machine), or only its lock is taken (a database). */
export type Eviction = 'kills' | 'fences';

export interface WorldOptions {
  readonly servers: number;
  readonly seed: number;
  readonly eviction: Eviction;
  /** True: the clocks of the servers run at rates that differ by up to a fifth. */
  readonly hasRates?: boolean;
  /** True: the first server asks for the engine back. */
  readonly hasFailback?: boolean;
  /** How long the engine may be away while one candidate is well. */
  readonly outageBoundMs?: number;
}

/** Servers that contend for one engine over one medium, in a time of their own, and what must be true of them at every instant. */
export class World implements Surroundings {
  readonly clock = new ManualClock();
  readonly medium = new MemoryMedium();
  readonly candidates: readonly string[];
  readonly random: () => number;
  readonly lives: Life[] = [];
  readonly hasFailback: boolean;
  readonly logger: Logger;
  /** Fails the test with the first thing that must not be. */
  problem: Error | undefined;
  activations = 0;
  commits = 0;
  /** What happened, for a comparison of two runs. */
  readonly history: string[] = [];
  /** The longest time without an engine that served, while one candidate was well. */
  longestOutageMs = 0;
  readonly #eviction: Eviction;
  readonly #outageBoundMs: number;
  readonly #rates: readonly number[];
  readonly #holders = new Map<number, string>();
  #epoch = 0;
  #committedEpoch = 0;
  #lastActiveAt = 0;
  #incarnations = 0;
  /** A lock was freed although its holder lives: two tenures may overlap, only the fence tells them apart. */
  #hasLostLock = false;

  constructor(options: WorldOptions) {
    this.candidates = Array.from({ length: options.servers }, (_, n) => `server${n + 1}`);
    this.random = seeded(options.seed);
    this.hasFailback = options.hasFailback === true;
    this.#eviction = options.eviction;
    this.#outageBoundMs = options.outageBoundMs ?? OUTAGE_BOUND_MS;
    this.#rates = this.candidates.map(() => (options.hasRates === true ? 0.91 + 0.18 * this.random() : 1));
    this.logger = this.#createLogger();
    this.#watchCommits();
  }

  rateOf(rank: number): number {
    return this.#rates[rank]!;
  }

  start(rank: number): void {
    const before = this.lives[rank];
    if (before !== undefined && !before.pulse.isDead) return;
    const life = new Life(this, rank, `${this.candidates[rank]!}#${(this.#incarnations += 1)}`);
    this.lives[rank] = life;
    life.start();
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

  /** As freeze(), but its monotonic clock stands still too: a virtual machine that is paused. */
  suspend(rank: number): void {
    const life = this.lives[rank];
    if (life?.isRunning !== true) return;
    life.pulse.isFrozen = true;
    life.asleepSince = this.clock.monotonic();
  }

  thaw(rank: number): void {
    const life = this.lives[rank];
    if (life?.pulse.isFrozen === true && !life.pulse.isDead) life.thaw();
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

  /** At its next call of that kind. */
  failCall(rank: number, fault: CallFault): void {
    const life = this.lives[rank];
    if (life?.isRunning === true) life.fault = fault;
  }

  /** Every fault that lasts is over; everybody is started who does not run. */
  heal(): void {
    for (const [rank, life] of this.lives.entries()) {
      this.lag(rank, 0);
      life.fault = undefined;
      life.endHang();
      this.thaw(rank);
      this.start(rank);
    }
  }

  /** A planned move from wherever the engine is. */
  handOver(to: number): void {
    const deadline = new AbortController();
    for (const life of this.lives) {
      if (life.isRunning) void life.manager.handOver(this.candidates[to]!, deadline.signal);
    }
  }

  /** A preferred server asks `holder` for its engine; a holder that does not run does not answer. */
  async askBack(holder: string, to: string): Promise<boolean> {
    const life = this.lives.find(({ contender }) => contender.server === holder);
    if (life?.isRunning !== true) return new Promise(() => undefined);
    if (!life.damping.mayGrant()) return false;
    const isReleased = await life.manager.handOver(to, new AbortController().signal);
    if (isReleased) life.damping.granted();
    return isReleased;
  }

  /** SIGTERM. */
  terminate(rank: number): void {
    const life = this.lives[rank];
    if (life?.isRunning !== true) return;
    void life.failback?.stop();
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

  /** What the kernel and the store say, not what anybody believes. */
  isHeldBy(epoch: number, incarnation: string): boolean {
    const { lockedBy, epoch: installed } = this.medium.engine(ENGINE);
    return lockedBy === incarnation && installed === epoch;
  }

  installed(epoch: number, incarnation: string): void {
    if (this.#holders.has(epoch)) this.fail(`epoch ${epoch} was installed twice`);
    this.#holders.set(epoch, incarnation);
    this.history.push(`${this.clock.monotonic()} ${incarnation} ${epoch}`);
    this.activations += 1;
  }

  /** Lets `ms` pass, or less as soon as `isOver`, and looks at every instant at which something happens. */
  async pass(ms: number, isOver?: () => boolean): Promise<void> {
    const end = this.clock.monotonic() + ms;
    do {
      await settled();
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

  /** Errors that only a bug can cause. */
  #createLogger(): Logger {
    const logger: Logger = {
      ...silentLogger,
      error: (message, fields) => {
        if (message === 'Lease loop failed') this.problem ??= new Error(message, { cause: fields?.['error'] });
      },
      child: () => logger,
    };
    return logger;
  }

  /** Looks at each commit in the very moment in which the medium takes it. */
  #watchCommits(): void {
    const disk = this.medium.engine(ENGINE);
    const set = disk.records.set.bind(disk.records);
    disk.records.set = (id, record) => {
      const [epoch = '', incarnation = ''] = record.key.split(' ');
      this.#committed(Number(epoch), incarnation, disk.epoch);
      return set(id, record);
    };
  }

  #committed(epoch: number, incarnation: string, installed: number): void {
    this.commits += 1;
    if (epoch !== installed) this.fail(`a write of epoch ${epoch} was taken after epoch ${installed} was installed`);
    if (epoch < this.#committedEpoch) this.fail(`epoch ${epoch} has written after epoch ${this.#committedEpoch}`);
    if (this.#holders.get(epoch) !== incarnation) this.fail(`${incarnation} has written in epoch ${epoch}`);
    this.#committedEpoch = epoch;
  }

  #inspect(): void {
    let current = 0;
    let isServed = false;
    let since = Infinity;
    for (const life of this.lives) {
      const { isRunning, isCurrent } = life;
      if (isCurrent) current += 1;
      // Somebody loads, and that takes as long as it takes.
      isServed ||= isRunning && ((isCurrent && life.isServing) || life.isHanging);
      if (isRunning && life.lagMs === 0 && life.manager.state !== 'stopped') since = Math.min(since, life.healthySince);
    }
    if (current > 1 && !this.#hasLostLock) this.fail(`${current} tenures are current`);
    const { epoch } = this.medium.engine(ENGINE);
    if (epoch < this.#epoch) this.fail(`the epoch fell from ${this.#epoch} to ${epoch}`);
    this.#epoch = epoch;
    const now = this.clock.monotonic();
    const outageMs = now - Math.max(since, this.#lastActiveAt);
    this.longestOutageMs = Math.max(this.longestOutageMs, outageMs);
    if (isServed) this.#lastActiveAt = now;
    else if (outageMs > this.#outageBoundMs) this.fail('nobody serves, and somebody could');
  }
}

/** Until every promise that can settle without time or I/O has settled: a tick begins when no microtask is left. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve));
}
