/** So many leave between two renewals, or as many as there are, if those are more: a renewal costs each of them next to nothing. */
const RENEWED_AFTER = 64;

/**
 * What comes and goes, by key: requests under way, those who wait. A Map would do, but for one thing: V8 makes it a new table
 * each time it is full of what has left it, and the old table leads to the new one. Once one of them has come among the old
 * objects, all that was in any later table is kept, and copied, and comes among the old objects itself, until the next
 * full collection (docs/adr/0031-what-is-gone-is-let-go.md). Here the Map is replaced before its table is.
 */
export class Passing<K, V> {
  #map = new Map<K, V>();
  #gone = 0;

  get size(): number {
    return this.#map.size;
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  /** In the place of what there is under this key. */
  set(key: K, value: V): void {
    this.#map.set(key, value);
  }

  /** False: there was nothing under this key. */
  delete(key: K): boolean {
    if (!this.#map.delete(key)) return false;
    this.#gone += 1;
    if (this.#gone >= RENEWED_AFTER && this.#gone >= this.#map.size) this.#renew();
    return true;
  }

  clear(): void {
    this.#map = new Map();
    this.#gone = 0;
  }

  /** Those that are here now, in the order in which they came; what happens later does not show. */
  keys(): K[] {
    return [...this.#map.keys()];
  }

  /** As keys(). */
  values(): V[] {
    return [...this.#map.values()];
  }

  /** As keys(). */
  entries(): [K, V][] {
    return [...this.#map];
  }

  #renew(): void {
    this.#map = new Map(this.#map);
    this.#gone = 0;
  }
}
