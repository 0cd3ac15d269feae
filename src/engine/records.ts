import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import { unpack } from '../kernel/packed.ts';
import type {
  Consumer,
  Filter,
  PublisherRegistration,
  SubscriptionPolicy,
  TopicExpression,
  TopicPath,
} from '../wsn/messages.ts';
import type { RemoteSubscription } from './ports/remote-producers.ts';

/** A stretch of the log that a subscription does not get, because it was paused and does not keep everything. */
export interface Skip {
  /** It begins behind this number. */
  readonly after: number;
  /** The last number of it; undefined: it is still paused. */
  readonly through?: number;
  /** The one number of it that is not left out: the last one that matched. */
  readonly kept?: number;
  /** While it is still paused: whether the last one is to be kept. */
  readonly keepsLast?: boolean;
}

/** How long a resource lives, as it is stored. Milliseconds since 1970; null for no end. */
interface StoredLifetime {
  readonly terminationTime: number | null;
  /** Absent in records of version 0.1. */
  readonly creationTime?: number;
}

/** A subscription as it is stored. */
export interface StoredSubscription extends StoredLifetime {
  readonly consumer: Consumer;
  readonly filter: Filter;
  /** What the subscriber asked for; what the topology says is not stored. */
  readonly policy?: SubscriptionPolicy | undefined;
  readonly isPaused: boolean;
  /** The newest number of the log when it was made: it gets what comes after. */
  readonly since: number;
  readonly skips?: readonly Skip[] | undefined;
  /** It has ended at this time; only the notice of that is still to be delivered. */
  readonly endedAt?: number | undefined;
}

/** A pull point as it is stored. */
export interface StoredPullPoint extends Partial<StoredLifetime> {
  readonly since: number;
  /** It lives so many milliseconds longer from each time that somebody pulls; undefined: as its termination time says. */
  readonly idleMs?: number | undefined;
}

/** A publisher registration as it is stored. */
export interface StoredRegistration extends StoredLifetime {
  readonly registration: PublisherRegistration;
  /** It has ended; only the subscriptions at its publisher are still to be given up. */
  readonly isEnded?: boolean;
}

/** What is stored of the subscriptions that the engine holds at one producer. */
export interface StoredRemote {
  readonly remote: readonly RemoteSubscription[];
}

/** A topic that grew by use, as it is stored. */
export interface StoredTopic {
  readonly topic: TopicPath;
}

/** When the engine was last seen alive, as it is stored. */
export interface StoredAlive {
  readonly at: number;
}

/** A remembered reply as it is stored; no reply: it had no content. */
export interface StoredRequest {
  readonly at: number;
  readonly reply?: unknown;
}

/** The current message of a topic as it is stored. */
export interface StoredCurrent {
  readonly topic: TopicPath;
  readonly at: number;
  readonly message: Uint8Array;
}

/** What is stored of a peer's interest besides its expressions. */
export interface StoredInterest {
  readonly revision: number;
  /** The peer wants everything after this number of the log; undefined: only what its expressions select. */
  readonly everythingSince?: number | undefined;
}

/** One expression of a peer's interest: it wants what matches after this number of the log. */
export interface StoredExpression {
  readonly expression: TopicExpression;
  readonly since: number;
}

/** What was taken over from a peer: everything up to this number of its log. */
export interface StoredHighWater {
  readonly seq: number;
}

/** A message that was given up for one subscription, as it is stored. */
export interface StoredDeadLetter {
  readonly subscription: string;
  /** The address that it was sent to. */
  readonly consumer: string;
  /** The number under which it was logged first. */
  readonly seq: number;
  readonly reason: string;
  /** The HTTP status of the last try. */
  readonly status?: number;
  readonly attempts: number;
  /** When it was given up, milliseconds since 1970. */
  readonly at: number;
  readonly topic?: TopicPath;
  readonly producer?: string;
  readonly message: Uint8Array;
}

/** Unpacks what is stored under `name`. Throws InfrastructureError `store-unavailable` naming it if it is not in order. */
export function unpackRecord(name: string, bytes: Uint8Array): unknown {
  try {
    return unpack(bytes);
  } catch (cause) {
    const message = `Cannot read ${name}: ${messageOf(cause)}`;
    throw new InfrastructureError('store-unavailable', message, { processed: 'no', cause });
  }
}
