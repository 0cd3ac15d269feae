import type { PackedBytes } from './bytes.ts';

/**
 * Why the thread could not do something.
 * lease-lost: a higher epoch is installed. full: no space, nothing was changed. busy: somebody else has the database
 * locked, nothing was changed. refused: this file must not be used, nothing was changed. bug: the request itself is
 * impossible, nothing was changed. broken: the file or the handle can no longer be trusted; the outcome is unknown.
 */
export type FailureKind = 'lease-lost' | 'full' | 'busy' | 'refused' | 'bug' | 'broken';

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** What became of one batch of a group: null when it is on the disk. */
export type Outcome = Failure | null;

/** What the thread can be asked, and its answers. Byte strings travel packed and transferred, never cloned. */
export interface Calls {
  open: {
    request: {
      readonly directory: string;
      readonly engine: string;
      readonly incarnation: string;
      /** An epoch that is known to have been installed: a database that knows less has lost something. */
      readonly knownEpoch: number;
      /** Which boot of the machine this is, where the machine says. */
      readonly bootId: string | undefined;
      readonly tuning: StoreTuning;
    };
    /** `accepted`: what the database has lost, if the operator accepts that. */
    reply: { readonly epoch: number; readonly accepted?: string };
  };
  commit: { request: { readonly epoch: number; readonly group: PackedBytes }; reply: readonly Outcome[] };
  /** The positions of all cursors. */
  load: { request: { readonly epoch: number }; reply: PackedBytes };
  /** Some records, from `place` on: 0 for the first, and then what the page before says. */
  page: { request: { readonly epoch: number; readonly place: number }; reply: PackedBytes };
  read: {
    request: { readonly epoch: number; readonly from: number; readonly maxCount: number; readonly maxBytes: number };
    reply: PackedBytes;
  };
  pick: { request: { readonly epoch: number; readonly seqs: Float64Array<ArrayBuffer> }; reply: PackedBytes };
  /** Closes the database if it is open for this epoch. */
  close: { request: { readonly epoch: number }; reply: null };
}

export type CallName = keyof Calls;

/** One call as it is posted. */
export type CallMessage = { [N in CallName]: { id: number; name: N; request: Calls[N]['request'] } }[CallName];

/** What to do with a database that is behind its high-water mark. */
export type OnRegression = 'refuse' | 'accept';

/** What the operator, or a test, wants otherwise. */
export interface StoreTuning {
  readonly onRegression: OnRegression;
  /** Space that is kept for a full disk, in bytes; 0: none. */
  readonly ballastBytes: number;
  /** Every so many ticks of the upkeep the ballast is made if it is missing; not at once, for a takeover must not wait. */
  readonly ballastEveryTicks: number;
  /** A write-ahead log of more bytes is worth a word. */
  readonly walAlarmBytes: number;
}

/** Something to be logged that nobody asked for. */
export interface News {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** What the thread says by itself. `broken`: the store is broken, although no call has met that yet. */
export type NewsMessage = { readonly news: News } | { readonly broken: Failure };

/** One answer as it is posted. */
export type AnswerMessage =
  | { readonly id: number; readonly reply: Calls[CallName]['reply'] }
  | { readonly id: number; readonly failure: Failure };
