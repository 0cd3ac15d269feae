import type { CancelSignal } from '../kernel/cancellation.ts';
import type { Clock } from '../kernel/clock.ts';
import { Passing } from '../kernel/passing.ts';

/** Those who wait for something to arrive at a resource. */
export class Waiting {
  readonly #clock: Clock;
  readonly #end: AbortSignal;
  readonly #byId = new Passing<string, Set<() => void>>();

  /** `end`: nobody waits beyond it. */
  constructor(clock: Clock, end: AbortSignal) {
    this.#clock = clock;
    this.#end = end;
    end.addEventListener('abort', () => this.release(), { once: true });
  }

  /** Resolves at the next wake() of that id or release(), after `ms`, or when `signal` aborts. */
  async wait(id: string, ms: number, signal?: CancelSignal): Promise<void> {
    if (this.#end.aborted || signal?.aborted === true) return;
    const over = new AbortController();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        const waiters = this.#byId.get(id);
        waiters?.delete(done);
        if (waiters?.size === 0) this.#byId.delete(id);
        over.abort();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#byId.set(id, (this.#byId.get(id) ?? new Set()).add(done));
      signal?.addEventListener('abort', done);
      this.#clock.sleep(ms, over.signal).then(done, () => undefined);
    });
  }

  wake(id: string): void {
    for (const done of [...(this.#byId.get(id) ?? [])]) done();
  }

  /** Wakes all. */
  release(): void {
    for (const id of this.#byId.keys()) this.wake(id);
  }
}
