import type { Clock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { ServerName } from '../kernel/names.ts';
import type { Tenure } from '../kernel/tenure.ts';
import { settlesBefore, settlesWithin, slept, untilAborted } from './bounded.ts';
import type { LeaseState } from './lease-state.ts';
import type { LeaseTenure } from './lease-tenure.ts';
import type { HeldLease } from './ports/lease-store.ts';

/** An engine that runs here under a tenure. */
export interface ActiveEngine {
  /**
   * Takes nothing new and ends what is under way; the tenure is still current. What is not done when `deadline`
   * aborts stays undone.
   */
  drain(deadline: AbortSignal): Promise<void>;
  /** Ends everything and closes the engine's store. Called once, after a drain or after the tenure has ended. */
  stop(): Promise<void>;
}

/** How a holding ended. `deposed`: against our will; this process must not go on. `unreleased`: release it again later. */
export type HoldingEnd =
  | { readonly kind: 'released'; readonly isClean: boolean; readonly unreleased?: HeldLease }
  | { readonly kind: 'not-activated'; readonly error: unknown; readonly unreleased?: HeldLease }
  | { readonly kind: 'deposed'; readonly reason: string };

export interface HoldingOptions {
  readonly lease: HeldLease;
  readonly tenure: LeaseTenure;
  readonly activate: (tenure: Tenure) => Promise<ActiveEngine>;
  readonly enter: (state: LeaseState) => void;
  readonly renewEveryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** How long closing an engine or releasing a lease may take, in milliseconds, before it is given up. */
export const CLOSE_LIMIT_MS = 5_000;
/** How long an engine may take to load, in milliseconds. */
const ACTIVATION_LIMIT_MS = 120_000;

/** From the installed epoch to the end of its tenure: keeps the lease renewed and the engine running under it. */
export class Holding {
  readonly #options: HoldingOptions;
  readonly #leaving = new AbortController();
  #departure: { readonly to: ServerName | undefined; readonly deadline: AbortSignal } | undefined;

  constructor(options: HoldingOptions) {
    this.#options = options;
  }

  get tenure(): LeaseTenure {
    return this.#options.tenure;
  }

  /** Asks to drain until `deadline`, close and release the lease for `to`. False: it is already on its way out. */
  leave(to: ServerName | undefined, deadline: AbortSignal): boolean {
    if (this.#departure !== undefined || !this.tenure.isCurrent()) return false;
    this.#departure = { to, deadline };
    this.#leaving.abort();
    return true;
  }

  /** Runs the whole of it. Called once, with the state `acquiring`; ends in `standby` or `deposed`. */
  async run(): Promise<HoldingEnd> {
    const { tenure, enter, logger } = this.#options;
    enter('activating');
    void this.#renewUntilEnd();
    void this.#endAtDeadline();
    const loaded = await this.#load();
    if (!('engine' in loaded)) return loaded;
    enter('active');
    logger.info('Engine is active', { epoch: tenure.epoch });
    await untilAborted([tenure.signal, this.#leaving.signal]);
    return this.#retire(loaded.engine);
  }

  async #load(): Promise<{ readonly engine: ActiveEngine } | HoldingEnd> {
    const { tenure, activate, enter, clock } = this.#options;
    let engine: ActiveEngine | undefined;
    let failure: { readonly error: unknown } | undefined;
    const loading = (async (): Promise<ActiveEngine> => (engine = await activate(tenure)))();
    try {
      await settlesBefore(loading, [tenure.signal, this.#leaving.signal], { ms: ACTIVATION_LIMIT_MS, clock });
    } catch (error) {
      failure = { error };
    }
    const isLeaving = this.#leaving.signal.aborted;
    if (engine !== undefined && tenure.isCurrent() && !isLeaving) return { engine };
    const closing = loading.then(
      (late) => late.stop(),
      () => undefined,
    );
    if (!isLeaving && failure === undefined) tenure.end('the engine took too long to load');
    if (!tenure.isCurrent()) return this.#loseWhileLoading(closing);
    enter('draining');
    if (isLeaving) tenure.end('it is given up while the engine loads');
    const end = await this.#giveUp(closing);
    return failure === undefined || end.kind === 'deposed' ? end : { ...end, kind: 'not-activated', ...failure };
  }

  /**
   * Nothing was done under this tenure yet: once all is closed again this process has nothing stale in its memory, and
   * stands by. To start a fresh one would only cost a machine more that already has too much to do.
   */
  async #loseWhileLoading(closing: Promise<unknown>): Promise<HoldingEnd> {
    const { tenure, enter } = this.#options;
    const error: unknown = tenure.signal.reason;
    if (!(await this.#isClosed(closing))) return this.#depose(undefined);
    enter('draining');
    const isReleased = await this.#release(undefined);
    enter('standby');
    const end: HoldingEnd = { kind: 'not-activated', error };
    return isReleased ? end : { ...end, unreleased: this.#options.lease };
  }

  async #retire(engine: ActiveEngine): Promise<HoldingEnd> {
    const { tenure, enter, logger } = this.#options;
    if (this.#departure !== undefined && tenure.isCurrent()) {
      const { deadline } = this.#departure;
      enter('draining');
      try {
        const isDrained = await settlesBefore(engine.drain(deadline), [deadline, tenure.signal]);
        if (!isDrained) logger.warn('Engine was not drained in time', { epoch: tenure.epoch });
      } catch (error) {
        logger.warn('Cannot drain the engine', { epoch: tenure.epoch, error });
      }
    }
    if (!tenure.isCurrent()) return this.#depose(engine.stop());
    return this.#giveUp(engine.stop());
  }

  /** Waits until the engine is closed, only then ends the tenure and releases the lease. */
  async #giveUp(closing: Promise<unknown>): Promise<HoldingEnd> {
    const { tenure, enter, logger } = this.#options;
    const to = this.#departure?.to;
    if (!(await this.#isClosed(closing))) {
      tenure.end('the engine could not be closed');
      return this.#depose(undefined);
    }
    const wasCurrent = tenure.isCurrent();
    tenure.end(to === undefined ? 'it was released' : `it was handed over to "${to}"`);
    const isReleased = await this.#release(to);
    logger.info('Lease released', { epoch: tenure.epoch, to });
    enter('standby');
    const end: HoldingEnd = { kind: 'released', isClean: wasCurrent && isReleased };
    return isReleased ? end : { ...end, unreleased: this.#options.lease };
  }

  /** The tenure has ended against our will. `closing`: the engine is closed then; undefined: it cannot be. */
  async #depose(closing: Promise<unknown> | undefined): Promise<HoldingEnd> {
    const { tenure, enter, logger } = this.#options;
    const error: unknown = tenure.signal.reason;
    enter('deposed');
    logger.error('Deposed', { epoch: tenure.epoch, error });
    // With the engine closed nobody needs to wait for the TTL; the store passes over a lease that is not ours any more.
    if (closing !== undefined && (await this.#isClosed(closing))) await this.#release(undefined);
    return { kind: 'deposed', reason: messageOf(error) };
  }

  async #isClosed(closing: Promise<unknown>): Promise<boolean> {
    const { tenure, clock, logger } = this.#options;
    try {
      if (await settlesWithin(closing, CLOSE_LIMIT_MS, clock)) return true;
      logger.error('Engine does not close', { epoch: tenure.epoch });
    } catch (error) {
      logger.error('Cannot close the engine', { epoch: tenure.epoch, error });
    }
    return false;
  }

  async #release(to: ServerName | undefined): Promise<boolean> {
    const { lease, clock, logger } = this.#options;
    try {
      return await settlesWithin(lease.release(to), CLOSE_LIMIT_MS, clock);
    } catch (error) {
      logger.warn('Cannot release the lease', { epoch: lease.epoch, error });
      return false;
    }
  }

  /** An error is no answer: the deadline decides. A refusal ends the tenure at once. */
  async #renewUntilEnd(): Promise<void> {
    const { lease, tenure, clock, logger, renewEveryMs, random } = this.#options;
    const jittered = (): number => renewEveryMs * (0.9 + 0.2 * random());
    let pauseMs = jittered();
    while (await slept(clock, pauseMs, tenure.signal)) {
      const sentAt = clock.monotonic();
      if (!tenure.isCurrent()) return;
      try {
        if (await lease.renew()) tenure.renewed(sentAt);
        else tenure.end('somebody else holds it');
        pauseMs = jittered();
      } catch (error) {
        logger.warn('Cannot renew the lease', { epoch: tenure.epoch, error });
        pauseMs = renewEveryMs / 5;
      }
    }
  }

  /** Ends the tenure on time even when nobody asks and a renewal hangs. */
  async #endAtDeadline(): Promise<void> {
    const { tenure, clock } = this.#options;
    while (tenure.isCurrent()) await slept(clock, Math.max(1, tenure.remainingMs()), tenure.signal);
  }
}
