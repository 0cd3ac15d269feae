import { Passing } from '../kernel/passing.ts';

/** Something that has to come further by a time. */
export interface Due {
  /** On the monotonic clock of performance.now(), in milliseconds. It may become later without a word. */
  readonly dueAt: number;
  /** The time has come. Called once for each time that it finds passed; it does what has to be done, or has a later `dueAt` now. */
  overdue(now: number): void;
}

/**
 * Times by which things have to come further, many at once, on one timer. What comes further in time, as nearly all do, costs no
 * timer of its own: the one timer is set for what was due first when it was set, and then looks at all that are left.
 */
export class Deadlines {
  readonly #watched = new Passing<Due, true>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  /** How many are watched. */
  get size(): number {
    return this.#watched.size;
  }

  /** Watches over it until delete(). */
  add(due: Due): void {
    this.#watched.set(due, true);
    this.sooner(due);
  }

  delete(due: Due): void {
    this.#watched.delete(due);
  }

  /** Its time may have become earlier. */
  sooner({ dueAt }: Due): void {
    if (dueAt < this.#timerAt) this.#set(dueAt);
  }

  /** Watches over nothing any more. */
  clear(): void {
    this.#watched.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #set(at: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(at - performance.now())));
    // What is watched over has a connection, or is about to have one; when there is none left, nobody waits for this timer.
    this.#timer.unref();
  }

  #look(): void {
    this.#timerAt = Infinity;
    this.#timer = undefined;
    const now = performance.now();
    for (const due of this.#watched.keys()) {
      if (due.dueAt <= now && this.#watched.has(due)) due.overdue(now);
    }
    let next = Infinity;
    for (const { dueAt } of this.#watched.keys()) next = Math.min(next, dueAt);
    if (next < this.#timerAt) this.#set(next);
  }
}
