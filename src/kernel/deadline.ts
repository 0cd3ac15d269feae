import type { CancelSignal } from './cancellation.ts';

/**
 * A signal that aborts with `outer`, or `ms` milliseconds from now. Unlike AbortSignal.any() over AbortSignal.timeout(),
 * which Node 20 may collect before it fires, it is held by its timer. Disposing it stops the timer.
 */
export class Deadline implements Disposable {
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #outer: CancelSignal | undefined;

  constructor(ms: number, outer?: CancelSignal) {
    this.#timer = setTimeout(() => this.#abort(new DeadlinePassedError(ms)), ms);
    this.#outer = outer;
    if (outer?.aborted === true) this.#onOuter();
    else outer?.addEventListener('abort', this.#onOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onOuter);
  }

  readonly #onOuter = (): void => this.#abort(this.#outer?.reason);

  #abort(reason: unknown): void {
    this[Symbol.dispose]();
    this.#over.abort(reason);
  }
}

/** The time that was given is over. */
class DeadlinePassedError extends Error {
  override readonly name = 'DeadlinePassedError';

  constructor(ms: number) {
    super(`Not done within ${ms} ms`);
  }
}
