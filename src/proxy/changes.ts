/** Lets any number of requests wait until the cluster looks different: a route was learnt, a server came or went. */
export class Changes {
  #waiting = new Set<() => void>();
  readonly #listeners = new Set<() => void>();

  /** Wakes everybody who waits. */
  announce(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` at each announce(), until `remove`. */
  add(listener: () => void): void {
    this.#listeners.add(listener);
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
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
