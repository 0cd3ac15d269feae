import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort, Worker } from 'node:worker_threads';
import { deferred } from '../../kernel/deferred.ts';
import { messageOf } from '../../kernel/errors.ts';
import { startThread } from '../../kernel/worker-thread.ts';
import { cpuTimeOf } from './cpu-time.ts';
import { CELL, OUTCOME, SHARED_BYTES, STARTING, viewsOf } from './protocol.ts';
import type { Answer, Call, ThreadSetup } from './protocol.ts';

/** MiB of JavaScript objects in the thread; libxml2's memory is not among them. */
const MAX_HEAP_MIB = 256;

/**
 * This side of a thread that evaluates expressions. One call at a time; the caller's thread stands still until it is
 * answered or the time is over. It does not keep the process alive.
 */
export class EvaluatorThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #cells: Int32Array;
  readonly #outcomes: Uint8Array;
  #number = 0;
  readonly #settled = deferred<undefined>();
  #death: string | undefined;
  #isEnding = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    const setup: ThreadSetup = { port: port2, shared: new SharedArrayBuffer(SHARED_BYTES) };
    const { cells, outcomes } = viewsOf(setup.shared);
    Atomics.store(cells, CELL.answered, STARTING);
    this.#port = port1;
    this.#cells = cells;
    this.#outcomes = outcomes;
    this.#worker = startThread('./xpath-worker', import.meta.url, {
      workerData: setup,
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
    });
    this.#worker.unref();
    port1.unref();
    this.#worker.once('message', () => {
      this.#settled.resolve(undefined);
    });
    this.#worker.on('error', (error) => {
      this.#die(messageOf(error));
    });
    this.#worker.on('exit', (code) => {
      this.#die(`it ended with code ${code}`);
    });
  }

  /** Why it can answer no more; undefined while it can, as far as is known. */
  get death(): string | undefined {
    if (Atomics.load(this.#cells, CELL.broken) === 1) return 'libxml2 is in an unknown state';
    return this.#death;
  }

  /** The index of the expression that is being evaluated, or was at last; NO_EXPRESSION: the document is being read. */
  get current(): number {
    return Atomics.load(this.#cells, CELL.current);
  }

  /** MiB of memory that libxml2 has. */
  get mebibytes(): number {
    return Atomics.load(this.#cells, CELL.memory);
  }

  /** How long it has been on a processor so far, in milliseconds; undefined where nobody can tell. */
  get cpuMs(): number | undefined {
    return cpuTimeOf(Atomics.load(this.#cells, CELL.thread));
  }

  /** Waits until the thread can take a call; false: not within that time. */
  awaitStart(ms: number): boolean {
    return Atomics.wait(this.#cells, CELL.answered, STARTING, ms) !== 'timed-out';
  }

  /** As `awaitStart`, without standing still. Resolves also when the thread dies before. */
  async started(): Promise<void> {
    this.#worker.ref();
    await this.#settled.promise;
    // Otherwise the process would not wait for its end.
    if (!this.#isEnding) this.#worker.unref();
  }

  /** Posts a call. The document in it is gone afterwards. */
  post(call: Omit<Call, 'number'>): void {
    this.#number += 1;
    this.#outcomes.fill(OUTCOME.open);
    const { task } = call;
    const transfer = task.kind === 'check' ? [] : [task.document.buffer as ArrayBuffer];
    this.#port.postMessage({ ...call, number: this.#number } satisfies Call, transfer);
  }

  /** Waits until the last call is answered; false: not within that time. */
  awaitAnswer(ms: number): boolean {
    return Atomics.wait(this.#cells, CELL.answered, this.#number - 1, ms) !== 'timed-out';
  }

  /** The answer that came last. */
  takeAnswer(): Answer | undefined {
    return (receiveMessageOnPort(this.#port) as { message: Answer } | undefined)?.message;
  }

  /** The outcome of an expression of the last call, also while it goes on. */
  outcome(index: number): number {
    return Atomics.load(this.#outcomes, index);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.#port.close();
    await this.#worker.terminate();
  }

  #die(reason: string): void {
    this.#death ??= reason;
    this.#settled.resolve(undefined);
  }
}
