/** A place in a queue: what remove() needs. */
export interface QueuePlace<T> {
  readonly value: T;
  previous: QueuePlace<T> | undefined;
  next: QueuePlace<T> | undefined;
  isQueued: boolean;
}

/** First in, first out; anything in it can leave at once, wherever it stands. Every operation takes constant time. */
export class LinkedQueue<T> {
  #first: QueuePlace<T> | undefined;
  #last: QueuePlace<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What shift() would give. */
  get first(): T | undefined {
    return this.#first?.value;
  }

  push(value: T): QueuePlace<T> {
    const place: QueuePlace<T> = { value, previous: this.#last, next: undefined, isQueued: true };
    if (this.#last === undefined) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    this.#size += 1;
    return place;
  }

  shift(): T | undefined {
    const place = this.#first;
    if (place === undefined) return undefined;
    this.remove(place);
    return place.value;
  }

  /** Takes `place` out of this queue; nothing happens if it has left already. */
  remove(place: QueuePlace<T>): void {
    if (!place.isQueued) return;
    place.isQueued = false;
    if (place.previous === undefined) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === undefined) this.#last = place.previous;
    else place.next.previous = place.previous;
    place.previous = undefined;
    place.next = undefined;
    this.#size -= 1;
  }
}
