import type { Place } from './entry.ts';

/** A first-in, first-out queue of places in the log with ascending sequence numbers. Knows how many bytes they take. */
export class SeqQueue {
  #places: Place[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#places.length - this.#head;
  }

  /** Bytes of the records in the queue. */
  get bytes(): number {
    return this.#bytes;
  }

  push(place: Place): void {
    this.#places.push(place);
    this.#bytes += place.size;
  }

  /** The place at `index`, 0 being the oldest. */
  at(index: number): Place | undefined {
    return this.#places[this.#head + index];
  }

  /** Up to `count` numbers from `index` on. */
  slice(index: number, count: number): number[] {
    const from = this.#head + index;
    return this.#places.slice(from, from + count).map(({ seq }) => seq);
  }

  /** Removes all up to and including the number `seq`; says how many. */
  removeThrough(seq: number): number {
    const before = this.#head;
    for (let place = this.at(0); place !== undefined && place.seq <= seq; place = this.at(0)) {
      this.#head += 1;
      this.#bytes -= place.size;
    }
    const removed = this.#head - before;
    this.#compact();
    return removed;
  }

  /** Removes these numbers, wherever they are. */
  remove(seqs: readonly number[]): void {
    const gone = new Set(seqs);
    this.#places = this.#places.slice(this.#head).filter(({ seq }) => !gone.has(seq));
    this.#head = 0;
    this.#bytes = this.#places.reduce((sum, { size }) => sum + size, 0);
  }

  #compact(): void {
    if (this.#head === this.#places.length) this.#places = [];
    else if (this.#head > 512 && this.#head * 2 > this.#places.length) this.#places = this.#places.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
