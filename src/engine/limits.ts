/** Bounds of everything that a messaging engine keeps. Counts, bytes and milliseconds. */
export interface EngineLimits {
  /** Live subscriptions; further ones are refused with `overloaded`. */
  readonly maxSubscriptions: number;
  /** Pull points; further ones are refused with `overloaded`. */
  readonly maxPullPoints: number;
  /** Publisher registrations; further ones are refused with `overloaded`. */
  readonly maxRegistrations: number;
  /** Topics that may grow by use; beyond them messages go through, but their topics are not shown. */
  readonly maxTopics: number;
  /** Messages in one notify; more are refused with `overloaded`. */
  readonly maxMessagesPerNotify: number;
  /** Records in one acceptLink; more are refused with `overloaded`. */
  readonly maxRecordsPerLink: number;
  /** Expressions in the interest of one peer; more are refused with `overloaded`. */
  readonly maxPeerExpressions: number;
  /** Sequence numbers that a cursor keeps in memory; what matches beyond them is read from the log again. */
  readonly queueLength: number;
  /** Log records kept in memory, by the bytes that they take there. */
  readonly maxCacheBytes: number;
  /** A reply of getMessages ends before it outgrows this; it always has at least one message. */
  readonly maxReplyBytes: number;
  /** How long the reply to a request is remembered. */
  readonly requestMemoryMs: number;
  /** Replies remembered; the oldest are forgotten first. */
  readonly maxRequests: number;
  /** Bytes of the replies remembered; the oldest are forgotten first. */
  readonly maxRequestBytes: number;
  /** Topics with a current message; the one that has not changed for longest is forgotten first. */
  readonly maxCurrentTopics: number;
  /** Bytes of the current messages. */
  readonly maxCurrentBytes: number;
  /** Dead letters; the oldest are dropped first. They are held in memory, too. */
  readonly maxDeadLetters: number;
  /** Bytes of the dead letters. */
  readonly maxDeadLetterBytes: number;
  /** Changes of the own interest that a peer can catch up with without the whole. */
  readonly maxInterestChanges: number;
  /** start() waits for the cursors that are at most this many numbers behind; the others catch up while the engine serves. */
  readonly nearRecords: number;
}

const MIB = 1024 * 1024;

export const defaultEngineLimits: EngineLimits = {
  maxSubscriptions: 200_000,
  maxPullPoints: 100_000,
  maxRegistrations: 10_000,
  maxTopics: 10_000,
  maxMessagesPerNotify: 1_000,
  maxRecordsPerLink: 10_000,
  maxPeerExpressions: 200_000,
  queueLength: 1_024,
  maxCacheBytes: 8 * MIB,
  maxReplyBytes: 8 * MIB,
  requestMemoryMs: 10 * 60_000,
  maxRequests: 100_000,
  maxRequestBytes: 64 * MIB,
  maxCurrentTopics: 100_000,
  maxCurrentBytes: 64 * MIB,
  maxDeadLetters: 1_000,
  maxDeadLetterBytes: 16 * MIB,
  maxInterestChanges: 1_024,
  nearRecords: 20_000,
};
