import type { Clock } from '../../src/kernel/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #elapsed = 0;
  #sleepers: Sleeper[] = [];
  readonly #epochMs: number;

  constructor(epochMs = 1_700_000_000_000) {
    this.#epochMs = epochMs;
  }

  now(): number {
    return this.#epochMs + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const sleeper = {
        at: this.#elapsed + Math.max(0, ms),
        wake: (): void => {
          signal?.removeEventListener('abort', cancel);
          resolve();
        },
      };
      const cancel = (): void => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        reject(signal?.reason as Error);
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** When the next sleeper wakes; undefined when nobody sleeps. */
  get nextAt(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#sleepers) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Moves without waking anybody: what a process sees that has been frozen. */
  jump(ms: number): void {
    this.#elapsed += ms;
  }

  /** Moves by `ms`, wakes everybody whose time comes, in order, and lets each one's consequences happen first. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    while (this.step(end)) await settle();
  }

  /** Moves to the next moment at which somebody wakes, but not beyond `end`; false when it is `end`. */
  step(end: number): boolean {
    const at = this.nextAt ?? Infinity;
    this.#elapsed = Math.max(this.#elapsed, Math.min(at, end));
    if (at > end) return false;
    const due = this.#sleepers.filter((sleeper) => sleeper.at <= this.#elapsed);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at > this.#elapsed);
    for (const { wake } of due) wake();
    return true;
  }
}

/** Until every promise that can settle without time or I/O has settled. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
