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
