import type { Clock } from './clock.ts';

/** Lets one loop sleep until there is something to do. A wake() while nobody waits is remembered, once. */
export class Wakeup {
  #isPending = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#isPending = true;
    this.#resolve?.();
  }

  /**
   * Resolves at the next wake() (at once if there was one since the last wait), or after `ms` if given. Rejects with
   * the signal's reason when `signal` aborts. One waiter at a time.
   */
  async wait(signal: AbortSignal, clock?: Clock, ms?: number): Promise<void> {
    signal.throwIfAborted();
    if (!this.#isPending) await this.#next(signal, clock, ms);
    this.#isPending = false;
  }

  async #next(signal: AbortSignal, clock: Clock | undefined, ms: number | undefined): Promise<void> {
    const over = new AbortController();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#resolve = resolve;
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: over.signal });
        if (clock !== undefined && ms !== undefined) {
          clock.sleep(ms, over.signal).then(resolve, () => undefined);
        }
      });
    } finally {
      this.#resolve = undefined;
      over.abort();
    }
  }
}
