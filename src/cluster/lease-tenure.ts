import type { Clock } from '../kernel/clock.ts';
import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import type { Tenure } from '../kernel/tenure.ts';

/** The two clocks of a process may drift apart by this much between two renewals, in milliseconds, before it is a jump. */
export const CLOCK_JUMP_MS = 500;

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
   * Asked after a jump of the clocks, by `jumpMs` on the wall clock: true when the store still names this holder. An
   * error counts as no. Default: always.
   */
  readonly confirm?: (jumpMs: number) => boolean;
}

/**
 * A tenure that ends by itself on the monotonic clock, whether or not a timer of this process gets to run. Once it
 * has ended it stays ended: a renewal that succeeds too late changes nothing.
 *
 * A machine that slept, or a virtual one that was paused, may not have counted that time on its monotonic clock; its
 * wall clock tells. So the two are compared at each question, and after a jump the store has the word.
 */
export class LeaseTenure implements Tenure {
  readonly engine: EngineName;
  readonly epoch: number;
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #ending = new AbortController();
  readonly #confirm: (jumpMs: number) => boolean;
  #deadline: number;
  /** Wall clock minus monotonic clock. */
  #offset: number;

  constructor(options: LeaseTenureOptions) {
    this.engine = options.engine;
    this.epoch = options.epoch;
    this.#clock = options.clock;
    this.#lifeMs = options.lifeMs;
    this.#confirm = options.confirm ?? ((): boolean => true);
    this.#deadline = options.sentAt + options.lifeMs;
    const { clock, sentAt, sentAtWall } = options;
    this.#offset = sentAtWall === undefined ? clock.now() - clock.monotonic() : sentAtWall - sentAt;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  isCurrent(): boolean {
    if (this.#ending.signal.aborted) return false;
    const now = this.#clock.monotonic();
    if (now >= this.#deadline) {
      this.end('it was not renewed in time');
      return false;
    }
    const jumpMs = this.#clock.now() - now - this.#offset;
    return Math.abs(jumpMs) <= CLOCK_JUMP_MS || this.#isConfirmed(jumpMs);
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
    if (this.#ending.signal.aborted) return;
    const message = `The lease of engine "${this.engine}", epoch ${this.epoch}, has ended: ${why}`;
    this.#ending.abort(new InfrastructureError('lease-lost', message, { processed: 'unknown' }));
  }

  #isConfirmed(jumpMs: number): boolean {
    this.#offset += jumpMs;
    try {
      if (this.#confirm(jumpMs)) return true;
      this.end('the clock jumped, and the store does not name this holder any more');
    } catch (error) {
      this.end(`the clock jumped, and the store cannot be asked: ${messageOf(error)}`);
    }
    return false;
  }
}
