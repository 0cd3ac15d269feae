/** First in, first out, each item at most once, and it may leave the row from the middle. Every operation is O(1). */
export class Row<T> {
  readonly #items = new Set<T>();
  // Kept from call to call: a new iterator would walk over the places of all that have left the set since its last rehash.
  #cursor = this.#items.values();

  get size(): number {
    return this.#items.size;
  }

  /** To the end of the row; stays where it is when it is in it. */
  add(item: T): void {
    this.#items.add(item);
  }

  delete(item: T): void {
    this.#items.delete(item);
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
    this.#items.delete(step.value);
    return step.value;
  }
}
