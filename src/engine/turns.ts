import { deferred, type Deferred } from '../kernel/deferred.ts';
import { Passing } from '../kernel/passing.ts';

/** Lets those who change the same thing do so one after the other, in the order of asking. */
export class Turns {
  readonly #last = new Passing<string, Promise<void>>();

  /** Resolves when it is the caller's turn; the function that it resolves with ends the turn. */
  async take(key: string): Promise<() => void> {
    const before = this.#last.get(key);
    const release = this.#enter(key);
    await before;
    return release;
  }

  /** Takes the turn if nobody has it. */
  tryTake(key: string): (() => void) | undefined {
    return this.#last.has(key) ? undefined : this.#enter(key);
  }

  /** Does `work` in turn. */
  async run<R>(key: string, work: () => Promise<R>): Promise<R> {
    const release = this.tryTake(key) ?? (await this.take(key));
    try {
      return await work();
    } finally {
      release();
    }
  }

  #enter(key: string): () => void {
    const { promise, resolve }: Deferred<void> = deferred();
    this.#last.set(key, promise);
    return () => {
      if (this.#last.get(key) === promise) this.#last.delete(key);
      resolve();
    };
  }
}
