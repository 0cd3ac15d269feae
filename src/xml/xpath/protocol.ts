import type { MessagePort } from 'node:worker_threads';
import type { XPathError, XPathExpression, XPathResult } from './xpath.ts';

/** Where the two threads tell each other how far they are: an Int32Array over the first bytes of the shared memory. */
export const CELL = {
  /** The number of the last call that was answered; 0: ready for the first one. */
  answered: 0,
  /** The index of the expression that is being evaluated; NO_EXPRESSION while the document is read. */
  current: 1,
  /** MiB of memory that libxml2 has. It never gives any back. */
  memory: 2,
  /** 1: something went wrong that leaves the memory in an unknown state; the thread must not be used any more. */
  broken: 3,
  /** The id by which the kernel knows the thread; 0: unknown. */
  thread: 4,
} as const;

export const CELL_COUNT = 5;
export const STARTING = -1;
export const NO_EXPRESSION = -1;

/** How many expressions one `test` may have; the results are one byte each, behind the cells. */
export const MAX_TESTS = 4096;
export const SHARED_BYTES = CELL_COUNT * Int32Array.BYTES_PER_ELEMENT + MAX_TESTS;

/** Nodes of one result. */
export const MAX_NODES = 10_000;
/** Characters of one result, all nodes together. */
export const MAX_RESULT_LENGTH = 1024 * 1024;
/** What libxml2 may take at most; a call that needs more breaks the thread. */
export const MAX_MEMORY_MIB = 256;

/** One byte of the results of `test`. */
export const OUTCOME = { open: 0, isFalse: 1, isTrue: 2 } as const;

/** What the thread is started with. */
export interface ThreadSetup {
  readonly port: MessagePort;
  readonly shared: SharedArrayBuffer;
}

/** An expression and the number that later calls name it by. */
export interface NumberedExpression extends XPathExpression {
  readonly id: number;
}

/** One call, as it is posted. Expressions are posted once and named by their ids from then on. */
export interface Call {
  readonly number: number;
  readonly learn: readonly NumberedExpression[];
  readonly forget: readonly number[];
  readonly task:
    | { readonly kind: 'check'; readonly id: number }
    | { readonly kind: 'test'; readonly document: Uint8Array; readonly ids: readonly number[] }
    | {
        readonly kind: 'evaluate';
        readonly document: Uint8Array;
        readonly id: number;
        readonly context: 'document' | 'root-element';
      };
}

/** The answer to `check` (without a result) and `evaluate`; `test` writes into the shared memory only. */
export type Answer =
  { readonly result: XPathResult | undefined } | { readonly reason: XPathError['reason']; readonly message: string };

/** The views of the shared memory. */
export function viewsOf(shared: SharedArrayBuffer): { readonly cells: Int32Array; readonly outcomes: Uint8Array } {
  return {
    cells: new Int32Array(shared, 0, CELL_COUNT),
    outcomes: new Uint8Array(shared, CELL_COUNT * Int32Array.BYTES_PER_ELEMENT, MAX_TESTS),
  };
}
