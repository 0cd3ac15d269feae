import { randomBytes } from 'node:crypto';

/** The version that a hello states. Members of different versions do not talk. */
export const PROTOCOL_VERSION = 1;

/**
 * What a frame is. On the wire: u32 length of what follows, u8 type, u32 call id, payload; numbers are big-endian.
 * Call ids are chosen by the caller, so that `part` belongs to a call of its sender and `replyPart` to one of its receiver.
 */
export const FRAME = {
  hello: 1,
  proof: 2,
  call: 3,
  part: 4,
  reply: 5,
  replyPart: 6,
  failure: 7,
  cancel: 8,
  news: 9,
  credit: 10,
  ping: 11,
  pong: 12,
  /** The sender is stopping: it refuses new calls, and makes none. */
  goodbye: 13,
  /** Said after a goodbye, by both ends: the sender waits for no reply any more, and makes no calls. */
  finished: 14,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

const LAST_TYPE = FRAME.finished;

/** Bytes before the payload. */
export const FRAME_HEAD_BYTES = 9;
/** Bytes that the length counts besides the payload. */
export const FRAME_LENGTH_OVERHEAD = 5;
/** Largest payload of one frame. */
export const MAX_FRAME_PAYLOAD = 16 * 1024 * 1024 - FRAME_LENGTH_OVERHEAD;
/** Largest payload of a frame whose sender has not proven itself: a hello and a proof together stay under 1 KiB. */
export const MAX_GREETING_PAYLOAD = 400;
/** Calls and replies longer than this travel in parts, so that others get their turn between them. */
export const PART_BYTES = 256 * 1024;
/** A part that is not the last one may not be shorter. */
export const MIN_PART_BYTES = 4 * 1024;
/** What each call costs in credit besides its payload: bounds the number of calls in flight too. */
export const CALL_CHARGE_BYTES = 256;
export const MAX_CHANNEL_BYTES = 64;
export const NONCE_BYTES = 32;

/** Bounds of one connection. */
export interface WireLimits {
  /** Credit in bytes for calls that the other end may have in flight towards this one. */
  readonly windowBytes: number;
  /** Largest call or reply, all parts together. */
  readonly maxPayloadBytes: number;
  /** Calls that may wait for credit; more are refused as `overloaded`. */
  readonly maxQueuedCalls: number;
  readonly maxQueuedBytes: number;
  /** Replies that may wait for the other end to read; while there are more, calls from it are refused as `overloaded`. */
  readonly maxReplyBacklogBytes: number;
  /** A connection whose other end leaves more than this unread is cut. */
  readonly maxUnsentBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: WireLimits = {
  windowBytes: 4 * MIB,
  maxPayloadBytes: 64 * MIB,
  maxQueuedCalls: 10_000,
  maxQueuedBytes: 64 * MIB,
  maxReplyBacklogBytes: 64 * MIB,
  maxUnsentBytes: 32 * MIB,
};

/** The other end broke the protocol; the connection is cut. */
export class WireProtocolError extends Error {
  override readonly name = 'WireProtocolError';
}

/** True for a type that this version knows. */
export function isFrameType(type: number): type is FrameType {
  return type >= FRAME.hello && type <= LAST_TYPE;
}

/** A nonce for one greeting. */
export function freshNonce(): Buffer {
  return randomBytes(NONCE_BYTES);
}
