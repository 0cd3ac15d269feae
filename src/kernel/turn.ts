/**
 * The end of a turn of the event loop, for many. What each request of a turn needs next is done for all of them in a
 * row, when everything that has come was read: code and data that are in the processor's caches are used again, where
 * to go through every stage with one request before the next is read would load them anew each time
 * (docs/adr/0028-stage-by-stage.md).
 */
export class Turn {
  #over: Promise<void> | undefined;

  /** Resolves when the events that are waiting now have been handled; at once after, when there are none. */
  over(): Promise<void> {
    this.#over ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#over = undefined;
        resolve();
      });
    });
    return this.#over;
  }
}

/** What comes one by one, and is taken further together and in its order, a stage at a time. */
export class Gathering<T> {
  readonly #take: (item: T) => void;
  readonly #later: (work: () => void) => unknown;
  readonly #takeAll: () => void;
  #gathered: T[] = [];

  /**
   * `later` says when: `setImmediate` when what is ready was read, `process.nextTick` when nobody can go on with what he
   * has now. `take` must not throw.
   */
  constructor(later: (work: () => void) => unknown, take: (item: T) => void) {
    this.#take = take;
    this.#later = later;
    this.#takeAll = (): void => {
      const gathered = this.#gathered;
      this.#gathered = [];
      for (const item of gathered) this.#take(item);
    };
  }

  add(item: T): void {
    if (this.#gathered.push(item) === 1) this.#later(this.#takeAll);
  }
}
