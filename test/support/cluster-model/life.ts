import { FailbackDamping } from '../../../src/cluster/failback-damping.ts';
import { Failback } from '../../../src/cluster/failback.ts';
import type { ActiveEngine } from '../../../src/cluster/holding.ts';
import { LeaseManager } from '../../../src/cluster/lease-manager.ts';
import type { HeldLease, LeaseStore, LeaseView } from '../../../src/cluster/ports/lease-store.ts';
import type { EngineStore } from '../../../src/engine/ports/engine-store.ts';
import type { Logger } from '../../../src/kernel/log.ts';
import type { Tenure } from '../../../src/kernel/tenure.ts';
import type { MemoryMedium } from '../../../src/storage/memory/memory-medium.ts';
import { MemoryStorage } from '../../../src/storage/memory/memory-storage.ts';
import type { ManualClock } from '../manual-clock.ts';
import { ENGINE, FAILBACK, LIFE_MS, TIMES } from './constants.ts';
import { ProcessClock, Pulse } from './process-clock.ts';

/** Where a process talks to the store, or to the holder of its engine. */
export const CALLS = ['observe', 'acquire', 'renew', 'release', 'evict', 'open', 'commit', 'close', 'ask'] as const;
export type Call = (typeof CALLS)[number];

/** What happens once to a process, at its next call of that kind, just before or just after it has its effect. */
export interface CallFault {
  readonly in: Call;
  readonly isAfter: boolean;
  readonly what: 'freeze' | 'kill' | 'fail';
}

/** What a life needs of the world around it. */
export interface Surroundings {
  readonly clock: ManualClock;
  readonly medium: MemoryMedium;
  readonly candidates: readonly string[];
  readonly lives: readonly Life[];
  readonly logger: Logger;
  readonly random: () => number;
  readonly hasFailback: boolean;
  rateOf(rank: number): number;
  deposed(life: Life, rank: number): void;
  exit(life: Life): void;
  fail(what: string): void;
  isHeldBy(epoch: number, incarnation: string): boolean;
  installed(epoch: number, incarnation: string): void;
  evict(leases: LeaseStore, engine: string, observed: LeaseView): Promise<boolean>;
  askBack(holder: string, to: string): Promise<boolean>;
}

/** What the outside knows of a tenure: how long the last renewal that the process has heard of carries. */
interface Term {
  readonly epoch: number;
  /** On the clock of the process. */
  deadline: number;
  tenure: Tenure | undefined;
}

/** One life of one server: the real parts of `cluster`, and an engine that does nothing but commit and push. */
export class Life implements LeaseStore {
  readonly contender: { readonly server: string; readonly incarnation: string };
  readonly pulse = new Pulse();
  readonly clock: ProcessClock;
  readonly manager: LeaseManager;
  readonly failback: Failback | undefined;
  readonly damping: FailbackDamping;
  /** Milliseconds that each message to or from the store takes. */
  lagMs = 0;
  fault: CallFault | undefined;
  isServing = false;
  /** Its engine loads and does not come to an end. */
  isHanging = false;
  healthySince: number;
  /** Since when its machine sleeps, uncounted by its monotonic clock. */
  asleepSince: number | undefined;
  term: Term | undefined;
  /** How many activations still fail; at most two in a life, so that the back-off stays within the bound. */
  #failingActivations = 0;
  #failedActivations = 0;
  readonly #hangs: (() => void)[] = [];
  #isToHang = false;
  #hasSlept = false;
  readonly #world: Surroundings;
  readonly #leases: LeaseStore;

  constructor(world: Surroundings, rank: number, incarnation: string) {
    this.#world = world;
    this.clock = new ProcessClock(world.clock, this.pulse, world.rateOf(rank));
    this.#leases = new MemoryStorage(world.medium).leases;
    const server = world.candidates[rank]!;
    this.contender = { server, incarnation };
    this.healthySince = world.clock.monotonic();
    this.manager = new LeaseManager({
      engine: ENGINE,
      rank,
      candidates: world.candidates,
      contender: this.contender,
      leases: this,
      times: TIMES,
      clock: this.clock,
      logger: world.logger,
      activate: (tenure) => this.#activate(tenure),
      onDeposed: () => world.deposed(this, rank),
      onState: (state) => {
        if (state !== 'active') this.isServing = false;
      },
      random: world.random,
    });
    this.damping = new FailbackDamping({ everyMs: FAILBACK.everyMs, clock: this.clock });
    if (rank === 0 && world.hasFailback) this.failback = this.#createFailback(server);
  }

  start(): void {
    const forever = new AbortController().signal;
    void this.manager.start(forever);
    void this.failback?.start(forever);
  }

  failActivation(): void {
    if (this.#failingActivations + this.#failedActivations < 2) this.#failingActivations += 1;
  }

  /** The next activation does not end before endHang(). */
  hangActivation(): void {
    this.#isToHang = true;
  }

  endHang(): void {
    this.#isToHang = false;
    for (const end of this.#hangs.splice(0)) end();
  }

  get isRunning(): boolean {
    return !this.pulse.isFrozen && !this.pulse.isDead;
  }

  /** Whether it could act for the engine now; of a process that does not run, whether it could if it went on now. */
  get isCurrent(): boolean {
    const { term } = this;
    if (this.pulse.isDead || term?.tenure?.signal.aborted !== false) return false;
    const isInTime = this.clock.monotonic() < term.deadline;
    // A clock that did not count the machine's sleep cannot tell; then the store must be asked.
    const hasLostTime = this.#hasSlept || this.asleepSince !== undefined;
    const expected = isInTime && (!hasLostTime || this.#world.isHeldBy(term.epoch, this.contender.incarnation));
    if (!this.isRunning) return expected;
    const isCurrent = term.tenure.isCurrent();
    if (isCurrent !== expected)
      this.#world.fail(`${this.contender.incarnation} believes that it is current: ${isCurrent}`);
    return isCurrent;
  }

  /** Compares what it believes with what the outside knows. */
  look(): void {
    if (this.isCurrent && this.pulse.isDead) this.#world.fail('A dead process is current');
  }

  /** It wakes up; before anything else of it runs, it is looked at. */
  thaw(): void {
    this.healthySince = this.#world.clock.monotonic();
    if (this.asleepSince !== undefined) {
      this.clock.lose(this.#world.clock.monotonic() - this.asleepSince);
      this.#hasSlept = true;
      this.asleepSince = undefined;
    }
    this.pulse.isFrozen = false;
    this.look();
    this.pulse.thaw(this.#world.random);
  }

  async observe(engine: string): Promise<LeaseView> {
    return this.#call('observe', () => this.#leases.observe(engine));
  }

  async acquire(engine: string): Promise<HeldLease | undefined> {
    const sentAt = this.clock.monotonic();
    let taken: HeldLease | undefined;
    try {
      await this.#call('acquire', async () => {
        taken = await this.#leases.acquire(engine, this.contender);
        if (taken !== undefined) this.#world.installed(taken.epoch, this.contender.incarnation);
      });
    } catch (error) {
      // A store that reports a failure holds nothing.
      await taken?.release();
      throw error;
    }
    const lease = taken;
    if (lease === undefined) return undefined;
    this.term = { epoch: lease.epoch, deadline: sentAt + LIFE_MS, tenure: undefined };
    return {
      engine,
      epoch: lease.epoch,
      renew: () => this.#renew(lease),
      renewNow: () => this.#renewNow(lease),
      release: (to) => this.#call('release', () => lease.release(to)),
    };
  }

  async evict(engine: string, observed: LeaseView): Promise<boolean> {
    return this.#call('evict', () => this.#world.evict(this.#leases, engine, observed));
  }

  async #renew(lease: HeldLease): Promise<boolean> {
    const sentAt = this.clock.monotonic();
    const isHeld = await this.#call('renew', () => lease.renew());
    const { term } = this;
    const isInTime = term?.tenure === undefined || this.clock.monotonic() < term.deadline;
    if (isHeld && isInTime && term?.epoch === lease.epoch) {
      term.deadline = Math.max(term.deadline, sentAt + LIFE_MS);
    }
    return isHeld;
  }

  #renewNow(lease: HeldLease): boolean {
    const isHeld = lease.renewNow();
    if (isHeld && this.term?.epoch === lease.epoch) this.term.deadline = this.clock.monotonic() + LIFE_MS;
    return isHeld;
  }

  /** What was sent arrives even if the sender is frozen meanwhile; what comes back waits until it runs again. */
  async #call<T>(name: Call, effect: () => Promise<T>): Promise<T> {
    if (this.lagMs > 0) await this.#lag();
    if (this.fault !== undefined) await this.#suffer(name, false);
    if (this.#world.medium.isDead(this.contender.incarnation)) return new Promise<T>(() => undefined);
    const result = await effect();
    if (this.lagMs > 0) await this.#lag();
    if (this.fault !== undefined) await this.#suffer(name, true);
    await this.pulse.pass();
    return result;
  }

  async #lag(): Promise<void> {
    await this.#world.clock.sleep(this.lagMs * this.#world.random());
  }

  async #suffer(name: Call, isAfter: boolean): Promise<void> {
    const { fault } = this;
    if (fault?.in !== name || fault.isAfter !== isAfter) return;
    this.fault = undefined;
    this.healthySince = this.#world.clock.monotonic();
    if (fault.what === 'fail') throw new Error(`${name} failed`);
    if (fault.what === 'kill') this.#world.exit(this);
    else this.pulse.isFrozen = true;
    await this.pulse.pass();
  }

  #createFailback(server: string): Failback {
    return new Failback({
      engine: ENGINE,
      failbackDelayMs: FAILBACK.delayMs,
      failbackEveryMs: FAILBACK.everyMs,
      isReady: () => this.manager.state === 'standby',
      holder: () =>
        this.#world.lives.find((life) => life !== this && life.isRunning && life.isServing)?.contender.server,
      requestHandover: (_engine, holder) => this.#call('ask', () => this.#world.askBack(holder, server)),
      clock: this.clock,
      logger: this.#world.logger,
      random: this.#world.random,
    });
  }

  async #activate(tenure: Tenure): Promise<ActiveEngine> {
    if (this.term?.epoch !== tenure.epoch) this.#world.fail(`epoch ${tenure.epoch} is not what was acquired`);
    else this.term.tenure = tenure;
    await this.clock.sleep(20, tenure.signal);
    if (this.#isToHang) await this.#hang(tenure);
    if (this.#failingActivations > 0) {
      this.#failingActivations -= 1;
      this.#failedActivations += 1;
      this.healthySince = this.#world.clock.monotonic();
      throw new Error('cannot be loaded');
    }
    const opening = (): Promise<EngineStore> => new MemoryStorage(this.#world.medium).openEngine(ENGINE, tenure.epoch);
    const store = await this.#call('open', opening);
    this.isServing = tenure.isCurrent();
    const over = new AbortController();
    const writing = this.#write(tenure, over.signal, store);
    return {
      drain: async () => {
        this.isServing = false;
        over.abort();
        await writing;
      },
      stop: async () => {
        this.isServing = false;
        over.abort();
        await this.#call('close', () => store.close());
      },
    };
  }

  async #hang(tenure: Tenure): Promise<void> {
    this.#isToHang = false;
    this.isHanging = true;
    await new Promise<void>((resolve) => {
      this.#hangs.push(resolve);
      tenure.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.isHanging = false;
    tenure.signal.throwIfAborted();
  }

  /** Writes without a look at the tenure: only the fence may keep it from doing harm. Pushes with one. */
  async #write(tenure: Tenure, over: AbortSignal, store: EngineStore): Promise<void> {
    const key = `${tenure.epoch} ${this.contender.incarnation}`;
    const batch = { put: [{ space: 'current' as const, key, value: Buffer.of(1) }] };
    try {
      while (!over.aborted) {
        await this.#call('commit', () => store.commit(batch, 0));
        if (tenure.isCurrent()) this.#push(tenure);
        await this.clock.sleep(100, over);
      }
    } catch {
      // Fenced off, failed or at an end.
    }
  }

  #push({ epoch }: Tenure): void {
    const { term, clock, contender } = this;
    if (term?.epoch === epoch && clock.monotonic() < term.deadline) return;
    this.#world.fail(`${contender.incarnation} pushes in epoch ${epoch} after its deadline`);
  }
}
