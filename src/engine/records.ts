import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';
import type { Consumer, Filter, Notification, TopicExpression, TopicPath } from '../wsn/messages.ts';

/** What a reader needs to know of a log record to tell whether it is for him. */
export interface EntryHeader {
  readonly seq: number;
  readonly topic: TopicPath | undefined;
  /** True: it was published at this engine, not taken over from a peer. */
  readonly isOwn: boolean;
  /** The pull point that it was sent to; it is for that one alone. */
  readonly pullPoint: string | undefined;
}

/** One record of the log. */
export interface LogEntry extends EntryHeader {
  /** When it was published, milliseconds since 1970. */
  readonly at: number;
  readonly notification: Notification;
  /** The record as it is stored. */
  readonly bytes: Uint8Array;
}

/** What a log record says besides the notification. */
export interface Publication {
  readonly at: number;
  /** The engine that it was published at; undefined: this one. */
  readonly origin?: EngineName | undefined;
  /** Its number in the log of `origin`. */
  readonly originSeq?: number | undefined;
  readonly pullPoint?: string | undefined;
}

interface StoredEntry {
  readonly at: number;
  readonly origin?: EngineName;
  readonly topic?: TopicPath;
  readonly producer?: string;
  readonly pullPoint?: string;
  readonly message: Uint8Array;
}

/** Makes the log record of a notification. Its message is a view of the record: nothing of the request stays in memory. */
export function createEntry(seq: number, publication: Publication, notification: Notification): LogEntry {
  const { topic, producer, message } = notification;
  const bytes = pack({ ...publication, topic, producer, message });
  // pack() puts byte strings behind all else, and there is but one.
  const kept = bytes.subarray(bytes.byteLength - message.byteLength);
  return {
    ...headerOf(seq, { ...publication, topic }),
    at: publication.at,
    bytes,
    notification: { ...notification, message: kept },
  };
}

/** Reads a log record. Throws InfrastructureError `store-unavailable` if it is not one. */
export function decodeEntry(seq: number, bytes: Uint8Array): LogEntry {
  const stored = unpackRecord(`log record ${seq}`, bytes) as StoredEntry;
  const { topic, producer, message } = stored;
  const notification = {
    message,
    ...(topic === undefined ? {} : { topic }),
    ...(producer === undefined ? {} : { producer }),
  };
  return { ...headerOf(seq, stored), at: stored.at, bytes, notification };
}

function headerOf(
  seq: number,
  {
    origin,
    topic,
    pullPoint,
  }: { origin?: EngineName | undefined; topic?: TopicPath | undefined; pullPoint?: string | undefined },
): EntryHeader {
  return { seq, topic, isOwn: origin === undefined, pullPoint };
}

/** A subscription as it is stored. */
export interface StoredSubscription {
  readonly consumer: Consumer;
  readonly filter: Filter;
  readonly terminationTime: number | null;
  readonly isPaused: boolean;
  /** The newest number of the log when it was made: it gets what comes after. */
  readonly since: number;
}

/** A pull point as it is stored. */
export interface StoredPullPoint {
  readonly since: number;
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

/** Unpacks what is stored under `name`. Throws InfrastructureError `store-unavailable` naming it if it is not in order. */
export function unpackRecord(name: string, bytes: Uint8Array): unknown {
  try {
    return unpack(bytes);
  } catch (cause) {
    const message = `Cannot read ${name}: ${messageOf(cause)}`;
    throw new InfrastructureError('store-unavailable', message, { processed: 'no', cause });
  }
}
