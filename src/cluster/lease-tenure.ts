import type { Clock } from '../kernel/clock.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import type { Tenure } from '../kernel/tenure.ts';

/**
 * A tenure that ends by itself on the monotonic clock, whether or not a timer of this process gets to run. Once it
 * has ended it stays ended: a renewal that succeeds too late changes nothing.
 */
export class LeaseTenure implements Tenure {
  readonly engine: EngineName;
  readonly epoch: number;
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #ending = new AbortController();
  #deadline: number;

  /**
   * `sentAt`: the monotonic time just before the request that obtained the lease was sent. `lifeMs`: how long a
   * renewal carries from the moment it was sent (TTL − guard).
   */
  constructor(options: { engine: EngineName; epoch: number; clock: Clock; lifeMs: number; sentAt: number }) {
    this.engine = options.engine;
    this.epoch = options.epoch;
    this.#clock = options.clock;
    this.#lifeMs = options.lifeMs;
    this.#deadline = options.sentAt + options.lifeMs;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  isCurrent(): boolean {
    if (this.#ending.signal.aborted) return false;
    if (this.#clock.monotonic() < this.#deadline) return true;
    this.end('it was not renewed in time');
    return false;
  }

  /** Milliseconds until the tenure ends unless it is renewed; 0 when it has ended. */
  remainingMs(): number {
    return this.isCurrent() ? Math.max(0, this.#deadline - this.#clock.monotonic()) : 0;
  }

  /** Counts a renewal that succeeded, sent at `sentAt`. */
  renewed(sentAt: number): void {
    if (this.isCurrent()) this.#deadline = Math.max(this.#deadline, sentAt + this.#lifeMs);
  }

  /** Ends the tenure now: aborts the signal with an InfrastructureError `lease-lost`. Idempotent. */
  end(why: string): void {
    if (this.#ending.signal.aborted) return;
    const message = `The lease of engine "${this.engine}", epoch ${this.epoch}, has ended: ${why}`;
    this.#ending.abort(new InfrastructureError('lease-lost', message, { processed: 'unknown' }));
  }
}
