import type { Clock } from '../kernel/clock.ts';
import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import type { Tenure } from '../kernel/tenure.ts';

const LARGEST_DRIFT_MS = 500;

export interface LeaseTenureOptions {
  readonly engine: EngineName;
  readonly epoch: number;
  readonly clock: Clock;
  /** How long a renewal carries from the moment it was sent (TTL − guard), in milliseconds. */
  readonly lifeMs: number;
  /** The monotonic time just before the request that obtained the lease was sent. */
  readonly sentAt: number;
  /**
   * The wall clock at that moment: time that the monotonic clock misses may pass before the answer comes. Default: as
   * if none had passed.
   */
  readonly sentAtWall?: number;
  /**
   * How far the two clocks may drift apart between two renewals before it is a jump, in milliseconds. Time that the
   * monotonic clock missed unnoticed is taken from the guard, so this is a part of it. Default: 500.
   */
  readonly driftMs?: number;
  /**
   * Renews the lease without waiting, after a jump of the clocks by `jumpMs`; false: it is not held any more. An error
   * counts as that. Default: nobody else can hold it.
   */
  readonly renewNow?: (jumpMs: number) => boolean;
}

/**
 * A tenure that ends by itself on the monotonic clock, whether or not a timer of this process gets to run. Once it
 * has ended it stays ended: a renewal that succeeds too late changes nothing.
 *
 * A machine that slept, or a virtual one that was paused, may not have counted that time on its monotonic clock; its
 * wall clock tells. So the two are compared at each question, and after a jump the lease is renewed before the answer.
 */
export class LeaseTenure implements Tenure {
  readonly engine: EngineName;
  readonly epoch: number;
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #ending = new AbortController();
  readonly #driftMs: number;
  readonly #renewNow: (jumpMs: number) => boolean;
  #hasEnded = false;
  #deadline: number;
  /** Wall clock minus monotonic clock. */
  #offset: number;

  constructor(options: LeaseTenureOptions) {
    this.engine = options.engine;
    this.epoch = options.epoch;
    this.#clock = options.clock;
    this.#lifeMs = options.lifeMs;
    this.#driftMs = options.driftMs ?? LARGEST_DRIFT_MS;
    this.#renewNow = options.renewNow ?? ((): boolean => true);
    this.#deadline = options.sentAt + options.lifeMs;
    const { clock, sentAt, sentAtWall } = options;
    this.#offset = sentAtWall === undefined ? clock.now() - clock.monotonic() : sentAtWall - sentAt;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  isCurrent(): boolean {
    if (this.#hasEnded) return false;
    const now = this.#clock.monotonic();
    if (now >= this.#deadline) {
      this.end('it was not renewed in time');
      return false;
    }
    const jumpMs = this.#clock.now() - now - this.#offset;
    return Math.abs(jumpMs) <= this.#driftMs || this.#isRenewed(now, jumpMs);
  }

  /** Milliseconds until the tenure ends unless it is renewed; 0 when it has ended. */
  remainingMs(): number {
    return this.isCurrent() ? Math.max(0, this.#deadline - this.#clock.monotonic()) : 0;
  }

  /** Counts a renewal that succeeded, sent at `sentAt`. */
  renewed(sentAt: number): void {
    if (!this.isCurrent()) return;
    this.#deadline = Math.max(this.#deadline, sentAt + this.#lifeMs);
    // A clock that is slewed moves away slowly; that is no jump.
    this.#offset = this.#clock.now() - this.#clock.monotonic();
  }

  /** Ends the tenure now: aborts the signal with an InfrastructureError `lease-lost`. Idempotent. */
  end(why: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const message = `The lease of engine "${this.engine}", epoch ${this.epoch}, has ended: ${why}`;
    this.#ending.abort(new InfrastructureError('lease-lost', message, { processed: 'unknown' }));
  }

  #isRenewed(sentAt: number, jumpMs: number): boolean {
    this.#offset += jumpMs;
    try {
      if (this.#renewNow(jumpMs)) {
        // Not only confirmed: the deadline before was measured on a clock that may have missed a part of the time.
        this.#deadline = sentAt + this.#lifeMs;
        return true;
      }
      this.end('the clock jumped, and the store does not name this holder any more');
    } catch (error) {
      this.end(`the clock jumped, and the store cannot be asked: ${messageOf(error)}`);
    }
    return false;
  }
}
