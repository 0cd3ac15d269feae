interface Appointment {
  readonly at: number;
  readonly action: () => void;
}

/** What is to happen when, on one monotonic clock; a binary heap, so that ten thousand waiting subscriptions need one timer. */
export class Timetable {
  readonly #heap: Appointment[] = [];

  /** When the next action is due; undefined when there is none. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  /** True when the action is now the next one of all. */
  add(at: number, action: () => void): boolean {
    const heap = this.#heap;
    const added = { at, action };
    let index = heap.push(added) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.at <= at) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = added;
    return index === 0;
  }

  /** Runs every action that is due at `now`, the earliest first. */
  runDue(now: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= now; next = this.#heap[0]) {
      this.#removeFirst();
      next.action();
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const earlier = (heap[right]?.at ?? Infinity) < (heap[left]?.at ?? Infinity) ? right : left;
      const child = heap[earlier];
      if (child === undefined || child.at >= last.at) break;
      heap[index] = child;
      index = earlier;
    }
    heap[index] = last;
  }
}
