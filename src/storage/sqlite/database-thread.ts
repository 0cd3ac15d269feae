import type { Worker } from 'node:worker_threads';
import { InfrastructureError, messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import { Passing } from '../../kernel/passing.ts';
import { errorOf } from './failures.ts';
import type { AnswerMessage, CallName, Calls, Failure, NewsMessage } from './protocol.ts';
import { startWorker } from './thread-entry.ts';

interface Waiting {
  readonly resolve: (reply: Calls[CallName]['reply']) => void;
  readonly reject: (error: Error) => void;
}

/**
 * This side of an engine's database thread. The thread outlives tenures, so that a takeover does not wait for it to
 * start. Once it has reported a broken store, or died, every call rejects with StoreBrokenError: only a new process
 * may look at the file again.
 */
export class DatabaseThread {
  readonly #engine: string;
  readonly #logger: Logger;
  readonly #waiting = new Passing<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #broken: Failure | undefined;
  #isDisposed = false;

  constructor(engine: string, logger: Logger) {
    this.#engine = engine;
    this.#logger = logger;
  }

  /** Starts the thread if it does not run yet. It does not keep the process alive unless a call is under way. */
  start(): void {
    if (this.#worker !== undefined || this.#isDisposed) return;
    const worker = startWorker();
    worker.unref();
    worker.on('message', (message: AnswerMessage | NewsMessage) => {
      if ('id' in message) this.#settle(message);
      else if ('broken' in message) this.breakWith(message.broken);
      else this.#logger[message.news.level](message.news.message, { engine: this.#engine, ...message.news.fields });
    });
    worker.on('error', (error) => {
      this.breakWith({ kind: 'broken', message: `its thread died: ${messageOf(error)}` });
    });
    worker.on('exit', (code) => {
      this.breakWith({ kind: 'broken', message: `its thread ended with code ${code}` });
    });
    this.#worker = worker;
  }

  /** Calls are answered in their order. Rejects with what the failure means to the engine (see errorOf). */
  async call<N extends CallName>(
    name: N,
    request: Calls[N]['request'],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Calls[N]['reply']> {
    if (this.#broken !== undefined) throw errorOf(this.#engine, this.#broken);
    this.start();
    const worker = this.#worker;
    if (this.#isDisposed || worker === undefined) throw this.#ended('no');
    const id = (this.#lastId += 1);
    const reply = new Promise<Calls[CallName]['reply']>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    worker.ref();
    worker.postMessage({ id, name, request }, [...transfer]);
    // The thread answers each call with that call's reply.
    return await reply;
  }

  /** Lets nobody use the store again in this process. */
  breakWith(failure: Failure): void {
    if (this.#isDisposed) return;
    this.#broken ??= failure;
    this.#rejectAll(errorOf(this.#engine, this.#broken));
  }

  /** Ends the thread, without waiting for calls under way: they reject. What it has committed stays. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#rejectAll(this.#ended('unknown'));
    await this.#worker?.terminate();
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#worker?.unref();
  }

  #ended(processed: 'no' | 'unknown'): InfrastructureError {
    return new InfrastructureError('shutting-down', `Store of engine "${this.#engine}": its thread was ended`, {
      processed,
    });
  }

  #settle(answer: AnswerMessage): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    // Once it is being ended the process has to wait for that, although an answer still came.
    if (this.#waiting.size === 0 && !this.#isDisposed) this.#worker?.unref();
    if (waiting === undefined) return;
    if ('reply' in answer) {
      waiting.resolve(answer.reply);
      return;
    }
    waiting.reject(errorOf(this.#engine, answer.failure));
    if (answer.failure.kind === 'broken') this.breakWith(answer.failure);
  }
}
