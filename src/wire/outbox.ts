import type { Socket } from 'node:net';
import { LinkedQueue } from '../kernel/linked-queue.ts';
import { FRAME_HEAD_BYTES, FRAME_LENGTH_OVERHEAD, PART_BYTES } from './protocol.ts';
import type { FrameType } from './protocol.ts';

/** A call or a reply on its way out, in one frame or in several. */
export interface Transfer {
  readonly firstType: FrameType;
  readonly restType: FrameType;
  readonly id: number;
  /** Comes before the total length in the first frame. */
  readonly prefix: Buffer;
  payload: Uint8Array;
  /** Bytes of the payload that were handed to the socket. */
  sent: number;
  /** True once any byte of it may have been written. */
  hasStarted: boolean;
  /** Nothing more of it is sent. */
  isCancelled: boolean;
  /** Called when all of it was handed to the socket, or when it was dropped. */
  readonly onDone: (() => void) | undefined;
}

export interface OutboxOptions {
  readonly socket: Socket;
  /** The next call that may go out: asked for when there is room. */
  readonly nextCall: () => Transfer | undefined;
  /** Called once for each turn in which something goes out, before it does. */
  readonly beforeFlush: () => void;
  /** The other end leaves more than `maxUnsentBytes` unread. */
  readonly onOverflow: () => void;
  readonly maxUnsentBytes: number;
}

const BATCH_BYTES = 64 * 1024;
/** Longer byte strings are written by reference instead of being copied into the batch. */
const INLINE_BYTES = 16 * 1024;
/** So many calls and replies go out at once: the other end begins with them while this one goes on. */
const FLUSH_AT = 16;
/** Calls and replies wait while the socket holds more than this, so that pings never stand behind much. */
const HIGH_WATER_BYTES = 1024 * 1024;

/**
 * All that leaves through one connection. What one event leads to is written together, as long as it is not too much. Small
 * control frames go at once; calls and replies take turns, part by part, as fast as the other end reads.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #socket: Socket;
  readonly #ready = new LinkedQueue<Transfer>();
  readonly #freeBatches: Buffer[] = [];
  #batch: Buffer | undefined;
  #batchUsed = 0;
  #readyBytes = 0;
  /** How many things wait for the next flush, which is due then. */
  #scheduled = 0;
  #isFlushing = false;
  #isCorked = false;
  #isClosed = false;
  #callsNext = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#socket.on('drain', () => {
      this.schedule();
    });
  }

  /** Bytes of replies, and of parts of calls, that are still to be handed to the socket. */
  get backlogBytes(): number {
    return this.#readyBytes;
  }

  /** Sends a control frame or news in this turn. `pieces` must not be changed afterwards. */
  frame(type: FrameType, id: number, ...pieces: readonly Uint8Array[]): void {
    if (this.#isClosed) return;
    let length = 0;
    for (const piece of pieces) length += piece.byteLength;
    this.#head(type, id, length, 0);
    for (const piece of pieces) this.#append(piece);
    this.schedule();
  }

  /** Queues a reply. */
  enqueue(transfer: Transfer): void {
    if (this.#isClosed) return;
    this.#readyBytes += transfer.payload.byteLength;
    this.#ready.push(transfer);
    this.schedule();
  }

  /** Has what is waiting written when nothing more comes of the present event, or now if it is much. */
  schedule(): void {
    if (this.#isClosed) return;
    this.#scheduled += 1;
    if (this.#isFlushing) return;
    if (this.#scheduled === 1) process.nextTick(this.#flushIfDue);
    else if (this.#scheduled >= FLUSH_AT) this.flush();
  }

  /** Writes now what is waiting, as far as the other end reads. */
  flush(): void {
    if (this.#isClosed || this.#isFlushing) return;
    this.#isFlushing = true;
    this.#options.beforeFlush();
    this.#scheduled = 0;
    this.#pump();
    this.#seal();
    this.#isFlushing = false;
    if (this.#scheduled > 0) process.nextTick(this.#flushIfDue);
    if (this.#isCorked) {
      this.#isCorked = false;
      this.#socket.uncork();
    }
    if (this.#socket.writableLength > this.#options.maxUnsentBytes) this.#options.onOverflow();
  }

  close(): void {
    this.#isClosed = true;
    this.#batch = undefined;
    while (this.#ready.shift() !== undefined);
  }

  readonly #flushIfDue = (): void => {
    if (this.#scheduled > 0) this.flush();
  };

  #pump(): void {
    while (this.#socket.writableLength + this.#batchUsed < HIGH_WATER_BYTES) {
      const transfer = this.#next();
      if (transfer === undefined) return;
      this.#sendPart(transfer);
    }
  }

  /** Replies (and what has begun) and new calls take turns. */
  #next(): Transfer | undefined {
    this.#callsNext = !this.#callsNext;
    const call = this.#callsNext ? this.#options.nextCall() : undefined;
    if (call !== undefined) {
      this.#readyBytes += call.payload.byteLength;
      return call;
    }
    const ready = this.#ready.shift();
    if (ready !== undefined || this.#callsNext) return ready;
    const other = this.#options.nextCall();
    if (other !== undefined) this.#readyBytes += other.payload.byteLength;
    return other;
  }

  #sendPart(transfer: Transfer): void {
    const total = transfer.payload.byteLength;
    if (transfer.isCancelled) {
      this.#readyBytes -= total - transfer.sent;
      transfer.onDone?.();
      return;
    }
    const end = Math.min(total, transfer.sent + PART_BYTES);
    const chunk = end - transfer.sent === total ? transfer.payload : transfer.payload.subarray(transfer.sent, end);
    if (transfer.hasStarted) {
      this.#head(transfer.restType, transfer.id, chunk.byteLength, 0);
    } else {
      const { prefix } = transfer;
      const batch = this.#head(
        transfer.firstType,
        transfer.id,
        prefix.length + 4 + chunk.byteLength,
        prefix.length + 4,
      );
      batch.set(prefix, this.#batchUsed);
      this.#batchUsed = batch.writeUInt32BE(total, this.#batchUsed + prefix.length);
    }
    transfer.hasStarted = true;
    this.#append(chunk);
    this.#readyBytes -= chunk.byteLength;
    transfer.sent = end;
    if (end < total) this.#ready.push(transfer);
    else transfer.onDone?.();
  }

  /** Writes the head of a frame and makes sure that `room` more bytes fit behind it. */
  #head(type: FrameType, id: number, length: number, room: number): Buffer {
    const batch = this.#reserve(FRAME_HEAD_BYTES + room);
    const at = this.#batchUsed;
    batch.writeUInt32BE(FRAME_LENGTH_OVERHEAD + length, at);
    batch[at + 4] = type;
    this.#batchUsed = batch.writeUInt32BE(id, at + 5);
    return batch;
  }

  #append(bytes: Uint8Array): void {
    if (bytes.byteLength > INLINE_BYTES) {
      this.#seal();
      this.#cork();
      this.#socket.write(bytes);
      return;
    }
    this.#reserve(bytes.byteLength).set(bytes, this.#batchUsed);
    this.#batchUsed += bytes.byteLength;
  }

  #reserve(length: number): Buffer {
    if (this.#batch !== undefined && this.#batch.length - this.#batchUsed < length) this.#seal();
    this.#batch ??= this.#freeBatches.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
    return this.#batch;
  }

  #seal(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    const used = this.#batchUsed;
    this.#batch = undefined;
    this.#batchUsed = 0;
    this.#cork();
    this.#socket.write(batch.subarray(0, used), () => {
      if (this.#freeBatches.length < 2) this.#freeBatches.push(batch);
    });
  }

  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
  }
}
