/** So many leave between two renewals, or as many as there are, if those are more. */
const RENEWED_AFTER = 64;

/**
 * First in, first out, each item at most once, and it may leave the row from the middle. Every operation is O(1), taken together.
 * The Set is replaced now and then, for the reason that is given for Passing.
 */
export class Row<T> {
  #items = new Set<T>();
  // Kept from call to call: a new iterator would walk over the places of all that have left the set since its last rehash.
  #cursor = this.#items.values();
  #gone = 0;

  get size(): number {
    return this.#items.size;
  }

  /** To the end of the row; stays where it is when it is in it. */
  add(item: T): void {
    this.#items.add(item);
  }

  delete(item: T): void {
    if (this.#items.delete(item)) this.#countGone();
  }

  /** Takes the first out; undefined when nobody is there. */
  shift(): T | undefined {
    let step = this.#cursor.next();
    if (step.done === true) {
      // A cursor that has reached the end does not see what is added later.
      this.#cursor = this.#items.values();
      step = this.#cursor.next();
    }
    if (step.done === true) return undefined;
    this.delete(step.value);
    return step.value;
  }

  #countGone(): void {
    this.#gone += 1;
    if (this.#gone < RENEWED_AFTER || this.#gone < this.#items.size) return;
    this.#items = new Set(this.#items);
    this.#cursor = this.#items.values();
    this.#gone = 0;
  }
}
