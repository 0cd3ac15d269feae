/** Counts what was received, and ends the command when there is enough. */
export class Tally {
  readonly #limit: number;
  readonly #full = new AbortController();
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Aborts when the limit is reached. */
  get full(): AbortSignal {
    return this.#full.signal;
  }

  get count(): number {
    return this.#count;
  }

  /** Counts one. False if there were enough already: it is not wanted any more. */
  take(): boolean {
    if (this.#count >= this.#limit) return false;
    this.#count += 1;
    if (this.#count === this.#limit) this.#full.abort();
    return true;
  }
}
