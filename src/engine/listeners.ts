import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';

/** Those who want to hear of something. A listener that throws is logged; it stops neither the others nor the engine. */
export class Listeners<A extends readonly unknown[]> {
  readonly #listeners = new Set<(...news: A) => void>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Adds `listener` until `signal` aborts. */
  add(listener: (...news: A) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // A wrapper, so that the same function added twice is heard twice and ends with its own signal.
    const own = (...news: A): void => listener(...news);
    this.#listeners.add(own);
    signal.addEventListener('abort', () => this.#listeners.delete(own), { once: true });
  }

  call(...news: A): void {
    for (const listener of this.#listeners) {
      try {
        listener(...news);
      } catch (error) {
        this.#logger.error('A listener of the engine failed', { error: messageOf(error) });
      }
    }
  }
}
