import { Crowd, NOWHERE, type Member } from '../kernel/crowd.ts';

/** Something under way that has to come further by a time, and may be given up. */
export interface Watched extends Member {
  /** On the monotonic clock of performance.now(), in milliseconds. It may become later without a word. */
  readonly dueAt: number;
  /** The time has come. Called once for each time that it finds passed; it does what has to be done, or has a later `dueAt` now. */
  overdue(now: number): void;
  /** When it aborts, this is given up. */
  readonly signal?: AbortSignal | undefined;
  giveUp?(): void;
}

/**
 * Watches over many at once, with one timer, and one listener at a signal that they share. What comes further in time, as nearly
 * all do, costs no timer of its own: the one timer is set for what was due first when it was set, and then looks at all that are
 * left.
 */
export class Watch {
  readonly #all = new Crowd<Watched>();
  readonly #signals = new WeakSet<AbortSignal>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  /** How many are watched. */
  get size(): number {
    return this.#all.size;
  }

  /** Watches over it until delete(). */
  add(watched: Watched): void {
    this.#all.add(watched);
    const { signal } = watched;
    if (signal !== undefined && !this.#signals.has(signal)) this.#listenTo(signal);
    this.sooner(watched);
  }

  delete(watched: Watched): void {
    this.#all.delete(watched);
  }

  /** Its time may have become earlier. */
  sooner({ dueAt }: Watched): void {
    if (dueAt < this.#timerAt) this.#set(dueAt);
  }

  /** Watches over nothing any more. */
  clear(): void {
    this.#all.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #listenTo(signal: AbortSignal): void {
    this.#signals.add(signal);
    const giveUp = (): void => {
      for (const watched of this.#all.all()) if (watched.signal === signal) watched.giveUp?.();
    };
    signal.addEventListener('abort', giveUp, { once: true });
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
    for (const watched of this.#all.all()) {
      if (watched.dueAt <= now && watched.place !== NOWHERE) watched.overdue(now);
    }
    let next = Infinity;
    for (const { dueAt } of this.#all.all()) next = Math.min(next, dueAt);
    if (next < this.#timerAt) this.#set(next);
  }
}
