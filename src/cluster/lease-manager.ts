import { type BackoffBounds, fullJitter } from '../kernel/backoff.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { InvariantError, messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName, ServerName } from '../kernel/names.ts';
import type { Tenure } from '../kernel/tenure.ts';
import { settlesBefore, settlesWithin, slept } from './bounded.ts';
import { type ActiveEngine, CLOSE_LIMIT_MS, Holding, type HoldingEnd } from './holding.ts';
import { type LeaseState, nextState } from './lease-state.ts';
import { LeaseTenure } from './lease-tenure.ts';
import { LeaseWatch } from './lease-watch.ts';
import type { Contender, HeldLease, LeaseStore, LeaseView } from './ports/lease-store.ts';

/** Milliseconds. `guardMs` < `ttlMs`; `renewEveryMs` several times smaller than `ttlMs` − `guardMs`. */
interface LeaseTiming {
  readonly ttlMs: number;
  readonly renewEveryMs: number;
  readonly guardMs: number;
}

/** A tenure that ended although nobody here wanted it to. */
interface Deposition {
  readonly engine: EngineName;
  readonly reason: string;
}

export interface LeaseManagerOptions {
  readonly engine: EngineName;
  /** The index of this server in `candidates` at the start; 0 is the preferred one. */
  readonly rank: number;
  readonly candidates: readonly ServerName[];
  readonly contender: Contender;
  readonly leases: LeaseStore;
  readonly times: LeaseTiming;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Loads the engine and makes it serve. Rejects when it cannot. When `tenure.signal` aborts meanwhile it should
   * reject soon and leave nothing open.
   */
  readonly activate: (tenure: Tenure) => Promise<ActiveEngine>;
  /** This process should end with code 75: a fresh one has no stale memory. Called once, when the engine was told to stop. */
  readonly onDeposed?: (deposition: Deposition) => void;
  /** Called after each change of `state`. Must not throw. */
  readonly onState?: (state: LeaseState) => void;
  /** For jitter; uniform in [0, 1). */
  readonly random?: () => number;
}

interface TakenLease {
  readonly lease: HeldLease;
  /** The monotonic time just before it was asked for or renewed, and the wall clock of the same moment. */
  readonly sentAt: number;
  readonly sentAtWall: number;
}

function sentNow(clock: Clock): { readonly sentAt: number; readonly sentAtWall: number } {
  return { sentAt: clock.monotonic(), sentAtWall: clock.now() };
}

const POLL_MS = 50;
/** A look that takes longer is not waited for. */
const LOOK_LIMIT_MS = 2_000;
/** A silent holder is not evicted again before this time has passed. */
const EVICT_EVERY_MS = 500;
/** After a failed activation this server stands back: at least the pause, then full jitter. */
const ACTIVATION_PAUSE_MS = 500;
/** After a lease could not be acquired: short at first, for a takeover waits; never long, for then an engine waits. */
const ACQUISITION_BACKOFF: BackoffBounds = { firstMs: 100, maxMs: 5_000 };
const ACTIVATION_BACKOFF: BackoffBounds = { firstMs: 1_000, maxMs: 10_000 };

/**
 * One server's part in who runs one engine: watches the lease, takes it when it may, holds it, gives it up. Every
 * change of state comes from the one loop below. Safety does not rest here but on the fence in the store; this keeps
 * takeovers fast and rare, and keeps a deposed engine from acting.
 */
export class LeaseManager implements Component {
  readonly #options: LeaseManagerOptions;
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #watch: LeaseWatch;
  readonly #stopping = new AbortController();
  #candidates: readonly ServerName[];
  #state: LeaseState = 'created';
  #running: Promise<void> | undefined;
  #holding: Holding | undefined;
  #handedOver: ((isDone: boolean) => void) | undefined;
  #unreleased: HeldLease | undefined;
  #notBefore = 0;
  #evictedAt = Number.NEGATIVE_INFINITY;
  #failedActivations = 0;
  #isBlind = false;
  /** Why the lease could not be acquired when it was tried last. */
  #refusal: { readonly text: string; readonly epoch: number | undefined } | undefined;
  #trouble: string | undefined;
  #isStandingBack = false;
  #pause: AbortController | undefined;

  constructor(options: LeaseManagerOptions) {
    const { candidates, rank, contender, engine } = options;
    if (candidates[rank] !== contender.server) {
      const found = `"${candidates[rank] ?? 'nobody'}" at rank ${rank} of the candidates for engine "${engine}"`;
      throw new InvariantError(`Found ${found}; expected "${contender.server}"`);
    }
    this.#options = options;
    this.#candidates = candidates;
    this.#logger = options.logger.child({ engine, server: contender.server });
    this.#random = options.random ?? Math.random;
    this.#watch = new LeaseWatch({ server: contender.server, candidates, ttlMs: options.times.ttlMs });
  }

  get engine(): EngineName {
    return this.#options.engine;
  }

  get state(): LeaseState {
    return this.#state;
  }

  /** The epoch that this process holds now, whether or not the engine serves yet. */
  get epoch(): number | undefined {
    return this.#holding?.tenure.epoch;
  }

  /** Why this process cannot take over, as far as it has tried; undefined: nothing is in its way. */
  get problem(): string | undefined {
    const isOfNow = this.#refusal?.epoch === this.#watch.seen?.epoch;
    return this.#trouble ?? (isOfNow ? this.#refusal?.text : undefined);
  }

  /** The lease as this process saw it last while it was a standby. */
  get seen(): LeaseView | undefined {
    return this.#watch.seen;
  }

  /** Begins to watch. Resolves at once: whether the engine runs here is another matter. Aborting `signal` stops without a drain. */
  start(signal: AbortSignal): Promise<void> {
    if (this.#running !== undefined || this.#stopping.signal.aborted) return Promise.resolve();
    this.#enter('standby');
    this.#running = this.#run();
    if (signal.aborted) void this.stop(signal);
    else signal.addEventListener('abort', () => void this.stop(signal), { once: true, signal: this.#stopping.signal });
    return Promise.resolve();
  }

  /** Looks at the lease at once: somebody has just released it for this server. */
  lookNow(): void {
    this.#pause?.abort('over');
  }

  /** While true, this candidate watches but takes nothing, whoever dies. What it has it keeps. */
  standBack(isStandingBack: boolean): void {
    this.#isStandingBack = isStandingBack;
  }

  /** Drains the engine if it runs here, closes it and releases the lease, so that another candidate takes it at once. */
  async stop(deadline: AbortSignal): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#stopping.abort(deadline);
      this.#holding?.leave(undefined, deadline);
      if (this.#running === undefined) this.#enter('stopped');
    }
    await this.#running;
  }

  /**
   * Drains and closes the engine and releases the lease for `to`. True when it was released; false when the engine is
   * not active here, `to` is no other candidate, or the lease was lost on the way. Once begun it does not turn back.
   */
  async handOver(to: ServerName, deadline: AbortSignal): Promise<boolean> {
    const { contender } = this.#options;
    if (this.#state !== 'active' || to === contender.server || !this.#candidates.includes(to)) return false;
    if (this.#holding?.leave(to, deadline) !== true) return false;
    return new Promise((resolve) => (this.#handedOver = resolve));
  }

  /** From now on these are the candidates, in this order, this server among them. What runs here goes on. */
  contendAmong(candidates: readonly ServerName[]): void {
    this.#candidates = candidates;
    this.#watch.contendAmong(candidates);
  }

  #enter(state: LeaseState): void {
    this.#state = nextState(this.#state, state);
    if (state === 'active') this.#failedActivations = 0;
    this.#logger.debug('Lease state changed', { state, epoch: this.epoch });
    this.#options.onState?.(state);
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopping.signal.aborted && this.#state === 'standby') await this.#turn();
      if (this.#state === 'standby') this.#enter('stopped');
    } catch (error) {
      // Only a bug gets here. Whatever runs under the tenure must not go on.
      this.#logger.error('Lease loop failed', { epoch: this.epoch, error });
      this.#holding?.tenure.end(messageOf(error));
      this.#state = 'deposed';
      this.#options.onDeposed?.({ engine: this.engine, reason: messageOf(error) });
    }
  }

  /** One look at the lease and what follows from it: at most one whole tenure. */
  async #turn(): Promise<void> {
    const holding = (await this.#mayAcquire()) ? await this.#acquire() : undefined;
    if (holding === undefined) {
      await this.#pauseBetweenLooks();
      return;
    }
    this.#holding = holding;
    this.#watch.held();
    this.#logger.info('Lease acquired', { epoch: holding.tenure.epoch });
    if (this.#stopping.signal.aborted) holding.leave(undefined, this.#stopping.signal);
    let isHandedOver = false;
    try {
      const end = await holding.run();
      isHandedOver = end.kind === 'released' && end.isClean;
      this.#conclude(end);
    } finally {
      this.#holding = undefined;
      this.#handedOver?.(isHandedOver);
      this.#handedOver = undefined;
    }
  }

  async #pauseBetweenLooks(): Promise<void> {
    const pause = new AbortController();
    // With a plain reason: otherwise an error would be made, with its stack, twenty times a second.
    const end = (): void => pause.abort('over');
    this.#pause = pause;
    this.#stopping.signal.addEventListener('abort', end, { signal: pause.signal });
    if (this.#stopping.signal.aborted) end();
    await slept(this.#options.clock, POLL_MS * (0.8 + 0.4 * this.#random()), pause.signal);
    end();
  }

  #conclude(end: HoldingEnd): void {
    const { engine, onDeposed } = this.#options;
    switch (end.kind) {
      case 'released':
        this.#unreleased = end.unreleased;
        return;
      case 'not-activated': {
        this.#failedActivations += 1;
        this.#unreleased = end.unreleased;
        const pauseMs = this.#pauseAfterFailure(ACTIVATION_PAUSE_MS, ACTIVATION_BACKOFF);
        const fields = { attempt: this.#failedActivations, pauseMs, error: end.error };
        this.#logger.error('Cannot activate the engine', fields);
        return;
      }
      case 'deposed':
        onDeposed?.({ engine, reason: end.reason });
    }
  }

  async #mayAcquire(): Promise<boolean> {
    const { clock, leases, engine } = this.#options;
    try {
      await this.#releaseAgain();
      if (clock.monotonic() < this.#notBefore) return false;
      const sentAt = clock.monotonic();
      let view: LeaseView | undefined;
      const looking = leases.observe(engine).then((seen) => (view = seen));
      await settlesBefore(looking, [this.#stopping.signal], { ms: LOOK_LIMIT_MS, clock });
      if (view === undefined || this.#stopping.signal.aborted) return false;
      this.#isBlind = false;
      const verdict = this.#watch.judge(view, sentAt, clock.monotonic());
      if (verdict !== 'evict') this.#trouble = undefined;
      if (this.#isStandingBack) return false;
      return verdict === 'acquire' || (verdict === 'evict' && (await this.#evict(view)));
    } catch (error) {
      // Twenty looks a second: say it once.
      if (!this.#isBlind) this.#logger.warn('Cannot look at the lease', { error });
      this.#isBlind = true;
      return false;
    }
  }

  async #evict(view: LeaseView): Promise<boolean> {
    const { clock, leases, engine } = this.#options;
    if (clock.monotonic() - this.#evictedAt < EVICT_EVERY_MS) return false;
    this.#evictedAt = clock.monotonic();
    const isGone = await leases.evict(engine, view);
    const fields = { epoch: view.epoch, holder: view.holder?.server };
    if (isGone) this.#logger.warn('Silent holder is gone', fields);
    // Tried twice a second: say it once.
    else if (this.#trouble === undefined) this.#logger.warn('Holder is silent but cannot be ended', fields);
    this.#trouble = isGone ? undefined : `its holder ${view.holder?.server ?? ''} is silent but cannot be ended`;
    return isGone && !this.#stopping.signal.aborted;
  }

  async #acquire(): Promise<Holding | undefined> {
    this.#enter('acquiring');
    try {
      const taken = await this.#take();
      if (taken !== undefined) {
        this.#refusal = undefined;
        return this.#holdingOf(taken);
      }
    } catch (error) {
      // A store that is refused is refused at every attempt: say it once.
      const level = this.problem === messageOf(error) ? 'debug' : 'error';
      this.#refusal = { text: messageOf(error), epoch: this.#watch.seen?.epoch };
      this.#failedActivations += 1;
      const pauseMs = this.#pauseAfterFailure(0, ACQUISITION_BACKOFF);
      this.#logger[level]('Cannot acquire the lease', { attempt: this.#failedActivations, pauseMs, error });
    }
    this.#enter('standby');
    return undefined;
  }

  /** What failed is not tried all the time; another candidate may have more luck. */
  #pauseAfterFailure(leastMs: number, bounds: BackoffBounds): number {
    const pauseMs = leastMs + fullJitter(this.#failedActivations, bounds, this.#random);
    this.#notBefore = this.#options.clock.monotonic() + pauseMs;
    return pauseMs;
  }

  async #take(): Promise<TakenLease | undefined> {
    const { clock, leases, engine, contender, times } = this.#options;
    const sent = sentNow(clock);
    let lease: HeldLease | undefined;
    const asking = leases.acquire(engine, contender).then((taken) => (lease = taken));
    const isAnswered = await settlesBefore(asking, [this.#stopping.signal]);
    if (!isAnswered && !(await settlesWithin(asking, CLOSE_LIMIT_MS, clock))) {
      void asking.then((late) => late?.release()).catch(() => undefined);
    }
    if (lease === undefined) return undefined;
    if (clock.monotonic() - sent.sentAt <= times.renewEveryMs) return { lease, ...sent };
    // Waiting for the old holder's last transactions has used up a part of the new tenure.
    const sentAgain = sentNow(clock);
    this.#unreleased = lease;
    if (!(await lease.renew())) return undefined;
    this.#unreleased = undefined;
    return { lease, ...sentAgain };
  }

  #holdingOf({ lease, ...sent }: TakenLease): Holding {
    const { engine, times, clock, activate } = this.#options;
    const lifeMs = times.ttlMs - times.guardMs;
    return new Holding({
      lease,
      tenure: new LeaseTenure({
        ...{ engine, epoch: lease.epoch, clock, lifeMs, ...sent },
        // The rest of the guard is for clocks that run at different rates.
        driftMs: times.guardMs / 4,
        renewNow: (jumpMs) => this.#renewNow(lease, jumpMs),
      }),
      activate,
      enter: (state) => this.#enter(state),
      renewEveryMs: times.renewEveryMs,
      clock,
      logger: this.#logger,
      random: this.#random,
    });
  }

  #renewNow(lease: HeldLease, jumpMs: number): boolean {
    const isHeld = lease.renewNow();
    this.#logger.warn('The clock jumped', { epoch: lease.epoch, jumpMs: Math.round(jumpMs), isHeld });
    return isHeld;
  }

  /** A lease that could not be released would keep everybody out for as long as this process lives. */
  async #releaseAgain(): Promise<void> {
    const lease = this.#unreleased;
    if (lease === undefined) return;
    const limit = { ms: CLOSE_LIMIT_MS, clock: this.#options.clock };
    if (await settlesBefore(lease.release(), [this.#stopping.signal], limit)) this.#unreleased = undefined;
  }
}
