import { Passing } from '../kernel/passing.ts';

/** Lets any number of requests wait until the cluster looks different: a route was learnt, a server came or went. */
export class Changes {
  readonly #waiting = new Passing<() => void, true>();
  readonly #listeners = new Passing<() => void, true>();

  /** Wakes everybody who waits. */
  announce(): void {
    for (const wake of this.#waiting.keys()) wake();
    for (const listener of this.#listeners.keys()) listener();
  }

  /** Calls `listener` at each announce(), until `remove`. */
  add(listener: () => void): void {
    this.#listeners.set(listener, true);
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Resolves at the next announce(), or when `signal` aborts. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.set(wake, true);
      signal.addEventListener('abort', wake);
    });
  }
}
