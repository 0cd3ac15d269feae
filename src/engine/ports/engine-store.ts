import type { EngineName } from '../../kernel/names.ts';

/**
 * The kinds of records that a store keeps by key. There are very many `request` records, so that less is asked for them:
 * nobody removes one, a store may give one back as often as it was put, the latest last, and they are forgotten by their age, or
 * a little later.
 */
export type Space =
  | 'subscription'
  | 'pull-point'
  | 'registration'
  | 'request'
  | 'current'
  | 'interest'
  | 'high-water'
  /** Topics that grew by use. */
  | 'topic'
  /** Subscriptions that the engine holds at producers. */
  | 'remote'
  /** When the engine was last seen alive. */
  | 'alive'
  /** Messages that were given up for one subscription. */
  | 'dead-letter'
  /** What failed last at a subscription's consumer, and when it is tried again. */
  | 'retry'
  /** How much waits behind a full queue, and what was dropped of it. */
  | 'backlog';

/** Those whose records are there until they are removed. */
export type LastingSpace = Exclude<Space, 'request'>;

/** One record of the log. `seq` grows by at least one from record to record and is never used twice by an engine. */
export interface LogRecord {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** A record kept by key. */
export interface KeyedRecord {
  readonly space: Space;
  readonly key: string;
  readonly value: Uint8Array;
}

/** One effect on the store, committed whole or not at all. Applied in the order of the members below. */
export interface WriteBatch {
  readonly append?: readonly LogRecord[] | undefined;
  readonly put?: readonly KeyedRecord[] | undefined;
  readonly remove?: readonly { readonly space: LastingSpace; readonly key: string }[] | undefined;
  /** The position of each named cursor: all records up to `seq` are done with. */
  readonly cursors?: readonly { readonly id: string; readonly seq: number }[] | undefined;
  readonly removeCursors?: readonly string[] | undefined;
  /** Delete log records below this number. The newest record always stays, so that numbers are never reused. */
  readonly trimBelow?: number | undefined;
  /**
   * Delete `request` records put before this instant (milliseconds since 1970), unless they share a commit with one that was
   * not.
   */
  readonly forgetRequestsBefore?: number | undefined;
}

/** Everything an engine needs at activation, but the log. */
export interface StoredState {
  /** The number of the newest log record, 0 for an empty log. */
  readonly head: number;
  /** The position of each cursor. */
  readonly cursors: ReadonlyMap<string, number>;
  /**
   * All records, those of different keys in any order, some at a time: nobody has to hold all of them, and between two pages timers run. To be read
   * once, while nothing is committed. The values of a page may be views of one buffer.
   */
  readonly pages: AsyncIterable<readonly KeyedRecord[]>;
}

/**
 * The durable memory of one engine during one tenure. Every write checks the fence: once a higher epoch is
 * installed, commit() rejects with InfrastructureError `lease-lost` (processed: no) and changes nothing.
 *
 * Errors: InfrastructureError `store-full` (processed: no) when the disk is full, the store stays usable;
 * StoreBrokenError when an fsync or a read of the file failed, nothing may be acknowledged after it.
 */
export interface EngineStore {
  readonly engine: EngineName;
  readonly epoch: number;
  /** Reads all but the log. */
  load(): Promise<StoredState>;
  /**
   * Resolves when `batch` is on the disk, in the order of the calls. Calls that arrive while commits are under way
   * share a later one (one fsync for all of them). `at` stamps `request` records for forgetRequestsBefore.
   */
  commit(batch: WriteBatch, at: number): Promise<void>;
  /** Log records with `from` ≤ seq, ascending, until `maxCount` records or `maxBytes` bytes (at least one if there is one). */
  read(from: number, maxCount: number, maxBytes: number): Promise<readonly LogRecord[]>;
  /** The log records with these numbers, ascending; those that are gone are left out. */
  pick(seqs: readonly number[]): Promise<readonly LogRecord[]>;
  /** Waits for commits under way, then closes. Idempotent. */
  close(): Promise<void>;
}
