/** Keeps so many of the values that were made last, so that what is asked for again and again is made once. */
export class Recent<K, V> {
  readonly #values = new Map<K, V>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** What `make` gave for this key before, or gives now. */
  get(key: K, make: (key: K) => V): V {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    this.set(key, made);
    return made;
  }

  /** What is kept under this key. */
  peek(key: K): V | undefined {
    return this.#values.get(key);
  }

  /** In the place of what there is; the oldest key goes when there are too many. */
  set(key: K, value: V): void {
    this.#values.set(key, value);
    if (this.#values.size <= this.#most) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}
