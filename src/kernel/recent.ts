/**
 * Keeps what was used last, so that what is asked for again and again is made once. In two generations: what is used moves
 * to the young one, and when that has half of what may be kept, the old one goes as a whole. To give up one value at a time
 * would be dearer than all the rest: a Map is walked through the graves of what it has lost.
 */
export class Recent<K, V> {
  readonly #most: number;
  readonly #weigh: (value: V) => number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #youngWeight = 0;

  /** Keeps values that weigh `most` together; without `weigh`, so many. What weighs more than half of it is not kept. */
  constructor(most: number, weigh: (value: V) => number = () => 1) {
    this.#most = most;
    this.#weigh = weigh;
  }

  /** What `make` gave for this key before, or gives now. */
  get(key: K, make: (key: K) => V): V {
    const known = this.find(key);
    if (known !== undefined) return known;
    const made = make(key);
    this.set(key, made);
    return made;
  }

  /** What is kept under this key. */
  find(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const value = this.#old.get(key);
    if (value !== undefined) this.#add(key, value);
    return value;
  }

  /** False: nothing was kept under this key. */
  delete(key: K): boolean {
    const young = this.#young.get(key);
    if (young !== undefined) {
      this.#young.delete(key);
      this.#youngWeight -= this.#weigh(young);
    }
    // What the young generation has may be in the old one, too.
    return this.#old.delete(key) || young !== undefined;
  }

  /** In the place of what there is. */
  set(key: K, value: V): void {
    this.delete(key);
    if (this.#weigh(value) <= this.#most / 2) this.#add(key, value);
  }

  #add(key: K, value: V): void {
    const weight = this.#weigh(value);
    if (this.#youngWeight + weight > this.#most / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    this.#young.set(key, value);
    this.#youngWeight += weight;
  }
}
