import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { Notification, TopicPath } from '../wsn/messages.ts';
import { type Again, decodeRecord, encodeRecord, type Publication, type RecordContent } from './entry-format.ts';

/** Where a record stands in the log and what it takes there. One object, shared by all queues that it is in. */
export interface Place {
  readonly seq: number;
  /** When it was published, milliseconds since 1970. */
  readonly at: number;
  /** Bytes of the record. */
  readonly size: number;
}

/** What a reader needs to know of a log record to tell whether it is for him. */
export interface EntryHeader {
  readonly seq: number;
  readonly place: Place;
  readonly topic: TopicPath | undefined;
  /** True: it was published at this engine, not taken over from a peer. */
  readonly isOwn: boolean;
  /** The pull point or subscription that it is for, and for nobody else; undefined: for all that it passes. */
  readonly recipient: string | undefined;
  /** The complete wsnt:Message, for filters over its content. */
  readonly message: Uint8Array;
}

/** One record of the log. */
export interface LogEntry extends EntryHeader {
  /** When it was published, milliseconds since 1970. */
  readonly at: number;
  readonly notification: Notification;
  /** See Publication.again. */
  readonly again: Again | undefined;
  /** The record as it is stored. */
  readonly bytes: Uint8Array;
}

/** Makes the log record of a notification. Its message is a view of the record: nothing of the request stays in memory. */
export function createEntry(seq: number, publication: Publication, notification: Notification): LogEntry {
  const { at, origin, recipient, again } = publication;
  const { topic, producer, message } = notification;
  const bytes = encodeRecord({ at, origin, recipient, again, topic, producer, message });
  // The message stands behind all else.
  const kept = bytes.subarray(bytes.byteLength - message.byteLength);
  return entryOf(seq, bytes, { at, origin, recipient, again, topic, producer, message: kept });
}

/** Reads a log record. Throws InfrastructureError `store-unavailable` if it is not one. */
export function decodeEntry(seq: number, bytes: Uint8Array): LogEntry {
  let content: RecordContent;
  try {
    content = decodeRecord(bytes);
  } catch (cause) {
    const message = `Cannot read log record ${seq}: ${messageOf(cause)}`;
    throw new InfrastructureError('store-unavailable', message, { processed: 'no', cause });
  }
  return entryOf(seq, bytes, content);
}

/** Everything is named one by one: of objects put together by spreading others, V8 may give each a hidden class of its own. */
function entryOf(seq: number, bytes: Uint8Array, content: RecordContent): LogEntry {
  const { at, origin, topic, producer, recipient, again, message } = content;
  return {
    seq,
    place: { seq, at, size: bytes.byteLength },
    topic,
    isOwn: origin === undefined,
    recipient,
    message,
    at,
    again,
    bytes,
    notification: notificationOf({ message, topic, producer }),
  };
}

function notificationOf({
  message,
  topic,
  producer,
}: Pick<RecordContent, 'message' | 'topic' | 'producer'>): Notification {
  if (topic === undefined) return producer === undefined ? { message } : { message, producer };
  return producer === undefined ? { message, topic } : { message, topic, producer };
}
