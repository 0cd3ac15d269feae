/** A first-in, first-out queue of ascending sequence numbers. */
export class SeqQueue {
  #numbers: number[] = [];
  #head = 0;

  get length(): number {
    return this.#numbers.length - this.#head;
  }

  push(seq: number): void {
    this.#numbers.push(seq);
  }

  /** The number at `index`, 0 being the oldest. */
  at(index: number): number | undefined {
    return this.#numbers[this.#head + index];
  }

  /** Up to `count` numbers from `index` on. */
  slice(index: number, count: number): number[] {
    const from = this.#head + index;
    return this.#numbers.slice(from, from + count);
  }

  /** Removes all numbers up to and including `seq`. True: there were some. */
  removeThrough(seq: number): boolean {
    const before = this.#head;
    while ((this.#numbers[this.#head] ?? Infinity) <= seq) this.#head += 1;
    const isChanged = this.#head > before;
    this.#compact();
    return isChanged;
  }

  clear(): void {
    this.#numbers = [];
    this.#head = 0;
  }

  /** Removes these numbers, wherever they are. */
  remove(seqs: readonly number[]): void {
    const gone = new Set(seqs);
    this.#numbers = this.#numbers.slice(this.#head).filter((seq) => !gone.has(seq));
    this.#head = 0;
  }

  #compact(): void {
    if (this.#head === this.#numbers.length) this.#numbers = [];
    else if (this.#head > 512 && this.#head * 2 > this.#numbers.length) this.#numbers = this.#numbers.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
