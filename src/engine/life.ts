import type { CancelSignal } from '../kernel/cancellation.ts';
import { InfrastructureError, InvariantError, StoreBrokenError, type Processed } from '../kernel/errors.ts';
import { LinkedQueue } from '../kernel/linked-queue.ts';
import { assertCurrent, type Tenure } from '../kernel/tenure.ts';

type State = 'created' | 'starting' | 'running' | 'draining' | 'ended';

/** How far a request has come: once it is with the store, nobody can tell whether it took effect until the store says so. */
export interface Progress {
  isSubmitted: boolean;
}

/**
 * The life of an engine: from start over drain to its end, by whatever cause. When it ends, everybody who waits is told
 * at once, with an error that says what may have happened to his request.
 */
export class Life {
  readonly tenure: Tenure;
  readonly #onFailure: (error: Error) => void;
  readonly #end = new AbortController();
  readonly #waiting = new LinkedQueue<() => void>();
  readonly #quiet = new Set<() => void>();
  #state: State = 'created';
  #cause: 'lease-lost' | 'store-unavailable' | 'shutting-down' = 'lease-lost';
  #open = 0;

  constructor(tenure: Tenure, onFailure: (error: Error) => void) {
    this.tenure = tenure;
    this.#onFailure = onFailure;
  }

  /** Aborts when the engine ends. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** True while requests and claims are taken. */
  get isServing(): boolean {
    return this.#state === 'running' && this.tenure.isCurrent();
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  starting(): void {
    this.#state = 'starting';
    if (this.tenure.signal.aborted) this.end('lease-lost');
    else
      this.tenure.signal.addEventListener('abort', () => this.end('lease-lost'), { once: true, signal: this.signal });
    this.assertMayAct();
  }

  running(): void {
    this.assertMayAct();
    this.#state = 'running';
  }

  /** From now on nothing new is taken. */
  draining(): void {
    if (this.#state !== 'ended') this.#state = 'draining';
  }

  end(cause: 'lease-lost' | 'store-unavailable' | 'shutting-down'): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#cause = cause;
    this.#end.abort(this.#ended('no'));
    for (let tell = this.#waiting.shift(); tell !== undefined; tell = this.#waiting.shift()) tell();
  }

  /** The engine cannot go on: it ends, and its owner is told why. */
  fail(error: Error): void {
    if (this.#state === 'ended') return;
    const isLeaseLost = error instanceof InfrastructureError && error.code === 'lease-lost';
    this.end(isLeaseLost ? 'lease-lost' : 'store-unavailable');
    this.#onFailure(error);
  }

  /** Throws unless a new request may be taken. */
  assertServing(): void {
    if (this.#state === 'ended') throw this.#ended('no');
    if (this.#state !== 'running') {
      throw new InfrastructureError('engine-not-here', `The engine is ${this.#state}`, { processed: 'no' });
    }
    assertCurrent(this.tenure, 'no');
  }

  /** Throws unless the engine may still write. */
  assertMayAct(): void {
    if (this.#state === 'ended') throw this.#ended('no');
    assertCurrent(this.tenure, 'no');
  }

  /** Throws unless the engine may still answer a request that is on the disk. */
  assertMayAnswer(): void {
    if (this.#state === 'ended') throw this.#ended('unknown');
    assertCurrent(this.tenure, 'unknown');
  }

  /**
   * What the caller of the engine gets for `error` from the store. Errors that leave it open what is on the disk, or that
   * say that somebody else holds the lease, end the engine: its memory could no longer be trusted.
   */
  translate(error: unknown): Error {
    if (error instanceof InfrastructureError) {
      if (error.code === 'lease-lost') this.fail(error);
      return error;
    }
    if (error instanceof StoreBrokenError || error instanceof InvariantError) {
      this.fail(error);
      const options = { processed: 'unknown', cause: error } as const;
      return new InfrastructureError('store-unavailable', 'The engine has failed', options);
    }
    return asError(error);
  }

  /** Counts something as in flight until the function that it returns is called. */
  open(): () => void {
    this.#open += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#open -= 1;
      if (this.#open === 0) for (const tell of [...this.#quiet]) tell();
    };
  }

  /** Resolves when nothing is in flight, or when `deadline` aborts. */
  async quiet(deadline: AbortSignal): Promise<void> {
    if (this.#open === 0 || deadline.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#quiet.delete(done);
        deadline.removeEventListener('abort', done);
        resolve();
      };
      this.#quiet.add(done);
      deadline.addEventListener('abort', done);
    });
  }

  /**
   * What a request comes to: the reply of `work`, unless the engine may no longer give it; what went wrong, as its
   * caller gets it; or an error as soon as the engine ends or `signal` aborts. `work` is in flight until it has ended.
   */
  answer<R>(work: (progress: Progress) => Promise<R>, signal: CancelSignal | undefined): Promise<R> {
    return new Promise((resolve, reject) => {
      this.assertServing();
      if (signal?.aborted === true) throw callerGone('no');
      const progress: Progress = { isSubmitted: false };
      const close = this.open();
      const forget = this.#hear(progress, signal, reject);
      const onDone = (reply: R): void => {
        close();
        forget();
        try {
          this.assertMayAnswer();
          resolve(reply);
        } catch (error) {
          reject(asError(error));
        }
      };
      const onFailed = (error: unknown): void => {
        close();
        forget();
        reject(this.translate(error));
      };
      try {
        work(progress).then(onDone, onFailed);
      } catch (error) {
        onFailed(error);
      }
    });
  }

  /** The outcome of `work`, or an error as soon as the engine ends or `signal` aborts; `work` then goes on unheard. */
  outcome<R>(work: Promise<R>, progress: Progress, signal?: CancelSignal): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const forget = this.#hear(progress, signal, reject);
      work.then(
        (result) => {
          forget();
          resolve(result);
        },
        (error: unknown) => {
          forget();
          reject(asError(error));
        },
      );
    });
  }

  /** Rejects when the engine ends or `signal` aborts, until the function that it returns is called. */
  #hear(progress: Progress, signal: CancelSignal | undefined, reject: (error: Error) => void): () => void {
    const processed = (): Processed => (progress.isSubmitted ? 'unknown' : 'no');
    const onEnd = (): void => {
      forget();
      reject(this.#ended(processed()));
    };
    const onAbort = (): void => {
      forget();
      reject(callerGone(processed()));
    };
    const waiting = this.#waiting.push(onEnd);
    const forget = (): void => {
      this.#waiting.remove(waiting);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    if (this.#state === 'ended') onEnd();
    return forget;
  }

  #ended(processed: Processed): InfrastructureError {
    const reason = {
      'lease-lost': 'Its lease has ended',
      'store-unavailable': 'Its store has failed',
      'shutting-down': 'It was stopped',
    };
    return new InfrastructureError(this.#cause, `The engine is no longer active: ${reason[this.#cause]}`, {
      processed,
    });
  }
}

/** The caller does not wait any longer. */
export function callerGone(processed: Processed): InfrastructureError {
  return new InfrastructureError('timed-out', 'The caller has given up', { processed });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
