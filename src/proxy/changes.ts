import { Crowd, type Member } from '../kernel/crowd.ts';
import { Passing } from '../kernel/passing.ts';

/** Who looks at the cluster again at each change. */
export interface Onlooker extends Member {
  look(): void;
}

/** Lets any number of requests wait until the cluster looks different: a route was learnt, a server came or went. */
export class Changes {
  readonly #waiting = new Passing<() => void, true>();
  readonly #onlookers = new Crowd<Onlooker>();

  /** Wakes everybody who waits. */
  announce(): void {
    for (const wake of this.#waiting.keys()) wake();
    for (const onlooker of this.#onlookers.all()) onlooker.look();
  }

  /** Has `onlooker` look at each announce(), until `remove`. */
  add(onlooker: Onlooker): void {
    this.#onlookers.add(onlooker);
  }

  remove(onlooker: Onlooker): void {
    this.#onlookers.delete(onlooker);
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
