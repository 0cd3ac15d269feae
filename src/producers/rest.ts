import { type BackoffBounds, fullJitter } from '../kernel/backoff.ts';

/** When something that fails may be tried again: with full jitter, later after each failure in a row. */
export class Rest {
  readonly #bounds: BackoffBounds;
  readonly #random: () => number;
  #failures = 0;
  #until = -Infinity;

  constructor(bounds: BackoffBounds, random: () => number) {
    this.#bounds = bounds;
    this.#random = random;
  }

  /** In a row. */
  get failures(): number {
    return this.#failures;
  }

  /** By the monotonic clock; in the past when it may be tried now. */
  get until(): number {
    return this.#until;
  }

  /** It failed at `now`. Returns for how long it rests, in milliseconds. */
  failed(now: number): number {
    this.#failures += 1;
    const ms = fullJitter(this.#failures, this.#bounds, this.#random);
    this.#until = now + ms;
    return ms;
  }

  /** It may be tried at once, and a next failure is the first. */
  reset(): void {
    this.#failures = 0;
    this.#until = -Infinity;
  }
}
