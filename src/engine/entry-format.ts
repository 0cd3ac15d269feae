import type { EngineName } from '../kernel/names.ts';
import { unpack } from '../kernel/packed.ts';
import type { TopicPath } from '../wsn/messages.ts';

/** What a log record says besides the notification. */
export interface Publication {
  readonly at: number;
  /** The engine that it was published at; undefined: this one. */
  readonly origin?: EngineName | undefined;
  /** See EntryHeader.recipient. */
  readonly recipient?: string | undefined;
  readonly again?: Again | undefined;
}

/** A message that was a dead letter: the number under which it was logged first, and how often it was tried. */
export interface Again {
  readonly seq: number;
  readonly attempts: number;
}

/** All that a log record says. Its message may be a view of the record. */
export interface RecordContent extends Publication {
  readonly topic?: TopicPath | undefined;
  readonly producer?: string | undefined;
  readonly message: Uint8Array;
}

/**
 * A log record on the disk, little-endian: u32 MARK with the bits of the parts that it has, f64 time, then these parts in
 * this order, each text with its length in bytes before it (u32): topic, producer, origin, recipient, again (f64 number,
 * u32 attempts); the rest is the message. There is one for each publication and nothing is written more often, which
 * is why it is not packed like the other records. Those of earlier versions were: a record without the mark begins
 * with the length of its JSON.
 */
const MARK = 0x8000_0000;
const HEAD_BYTES = 12;
const AGAIN_BYTES = 12;

const TOPIC = 1;
const PRODUCER = 2;
const ORIGIN = 4;
const RECIPIENT = 8;
const AGAIN = 16;
const KNOWN_PARTS = 31;

/** Writes a record, into memory of its own and of just its size. */
export function encodeRecord({ at, topic, producer, origin, recipient, again, message }: RecordContent): Buffer {
  const length =
    lengthOf(topic) +
    lengthOf(producer) +
    lengthOf(origin) +
    lengthOf(recipient) +
    (again === undefined ? 0 : AGAIN_BYTES);
  const bytes = Buffer.allocUnsafeSlow(HEAD_BYTES + length + message.byteLength);
  let parts = 0;
  let offset = bytes.writeDoubleLE(at, 4);
  if (topic !== undefined) {
    parts |= TOPIC;
    offset = writeText(bytes, topic, offset);
  }
  if (producer !== undefined) {
    parts |= PRODUCER;
    offset = writeText(bytes, producer, offset);
  }
  if (origin !== undefined) {
    parts |= ORIGIN;
    offset = writeText(bytes, origin, offset);
  }
  if (recipient !== undefined) {
    parts |= RECIPIENT;
    offset = writeText(bytes, recipient, offset);
  }
  if (again !== undefined) {
    parts |= AGAIN;
    offset = bytes.writeUInt32LE(again.attempts, bytes.writeDoubleLE(again.seq, offset));
  }
  bytes.writeUInt32LE(MARK + parts, 0);
  bytes.set(message, offset);
  return bytes;
}

/** Reads a record; the message is a view of it. Throws an Error that says what is wrong with it. */
export function decodeRecord(record: Uint8Array): RecordContent {
  const bytes = Buffer.isBuffer(record) ? record : Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const mark = bytes.readUInt32LE(0);
  if (mark < MARK) return decodePacked(bytes);
  const parts = mark - MARK;
  if (parts > KNOWN_PARTS) throw new Error(`found the parts 0x${parts.toString(16)}, expected those of this version`);
  const at = bytes.readDoubleLE(4);
  const reader = new PartReader(bytes, HEAD_BYTES);
  const topic = parts & TOPIC ? reader.text() : undefined;
  const producer = parts & PRODUCER ? reader.text() : undefined;
  const origin = parts & ORIGIN ? reader.text() : undefined;
  const recipient = parts & RECIPIENT ? reader.text() : undefined;
  const again = parts & AGAIN ? reader.again() : undefined;
  return { at, origin, recipient, again, topic, producer, message: bytes.subarray(reader.at) };
}

class PartReader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  text(): string {
    const begin = this.at + 4;
    const end = begin + this.#bytes.readUInt32LE(this.at);
    if (end > this.#bytes.byteLength) {
      throw new Error(`found ${this.#bytes.byteLength} bytes, expected at least the ${end} of its texts`);
    }
    this.at = end;
    return this.#bytes.toString('utf8', begin, end);
  }

  again(): Again {
    const seq = this.#bytes.readDoubleLE(this.at);
    const attempts = this.#bytes.readUInt32LE(this.at + 8);
    this.at += AGAIN_BYTES;
    return { seq, attempts };
  }
}

function lengthOf(text: string | undefined): number {
  return text === undefined ? 0 : 4 + Buffer.byteLength(text);
}

function writeText(bytes: Buffer, text: string, offset: number): number {
  const begin = offset + 4;
  const written = bytes.write(text, begin);
  bytes.writeUInt32LE(written, offset);
  return begin + written;
}

/** `pullPoint` is what the recipient was called first. */
function decodePacked(bytes: Buffer): RecordContent {
  const stored = unpack(bytes) as RecordContent & { readonly pullPoint?: string };
  return { ...stored, recipient: stored.recipient ?? stored.pullPoint };
}
