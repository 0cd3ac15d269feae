import { FRAME_HEAD_BYTES, FRAME_LENGTH_OVERHEAD, isFrameType, WireProtocolError } from './protocol.ts';
import type { FrameType } from './protocol.ts';

/** Takes one frame. The payload is a view of what was received. */
export type FrameTaker = (type: FrameType, id: number, payload: Buffer) => void;

/**
 * Cuts a stream of bytes into frames. A frame that lies whole in one chunk is handed on as a view; any other is copied
 * once. A length over the bound and an unknown type are refused as soon as their bytes are there.
 */
export class FrameDecoder {
  readonly #onFrame: FrameTaker;
  /** Largest payload of the next frame, in bytes. May be changed while a frame is being taken. */
  maxPayloadBytes: number;
  readonly #head = Buffer.alloc(FRAME_HEAD_BYTES);
  #headFilled = 0;
  #body: Buffer | undefined;
  #bodyFilled = 0;
  #taken = 0;
  #isStopped = false;

  constructor(maxPayloadBytes: number, onFrame: FrameTaker) {
    this.maxPayloadBytes = maxPayloadBytes;
    this.#onFrame = onFrame;
  }

  /**
   * Takes the next bytes, until they end or `most` frames were taken. Returns how many bytes it took: the next push() goes on there.
   * Throws WireProtocolError; nothing may be pushed after that.
   */
  push(chunk: Buffer, most = Infinity): number {
    let at = 0;
    const end = this.#taken + most;
    while (at < chunk.length && !this.#isStopped && this.#taken < end) {
      if (this.#body !== undefined) at = this.#fillBody(this.#body, chunk, at);
      else if (this.#headFilled === 0 && chunk.length - at >= FRAME_HEAD_BYTES) at = this.#takeWhole(chunk, at);
      else at = this.#fillHead(chunk, at);
    }
    return at;
  }

  /** Takes nothing more, not even what is left of the chunk being pushed. */
  stop(): void {
    this.#isStopped = true;
    this.#body = undefined;
  }

  #takeWhole(chunk: Buffer, at: number): number {
    const length = chunk.readUInt32BE(at);
    this.#checkLength(length);
    const end = at + 4 + length;
    if (end > chunk.length) return this.#fillHead(chunk, at);
    const type = this.#checkType(chunk.readUInt8(at + 4));
    this.#taken += 1;
    this.#onFrame(type, chunk.readUInt32BE(at + 5), chunk.subarray(at + FRAME_HEAD_BYTES, end));
    return end;
  }

  #fillHead(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + FRAME_HEAD_BYTES - this.#headFilled);
    chunk.copy(this.#head, this.#headFilled, at, end);
    this.#headFilled += end - at;
    if (this.#headFilled >= 4) this.#checkLength(this.#head.readUInt32BE(0));
    if (this.#headFilled >= 5) this.#checkType(this.#head.readUInt8(4));
    if (this.#headFilled === FRAME_HEAD_BYTES) {
      this.#body = Buffer.allocUnsafe(this.#head.readUInt32BE(0) - FRAME_LENGTH_OVERHEAD);
      this.#bodyFilled = 0;
      if (this.#body.length === 0) this.#emit(this.#body);
    }
    return end;
  }

  #fillBody(body: Buffer, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + body.length - this.#bodyFilled);
    chunk.copy(body, this.#bodyFilled, at, end);
    this.#bodyFilled += end - at;
    if (this.#bodyFilled === body.length) this.#emit(body);
    return end;
  }

  #emit(body: Buffer): void {
    const type = this.#checkType(this.#head.readUInt8(4));
    this.#body = undefined;
    this.#headFilled = 0;
    this.#taken += 1;
    this.#onFrame(type, this.#head.readUInt32BE(5), body);
  }

  #checkLength(length: number): void {
    if (length < FRAME_LENGTH_OVERHEAD || length - FRAME_LENGTH_OVERHEAD > this.maxPayloadBytes) {
      throw new WireProtocolError(
        `Frame of length ${length}: expected ${FRAME_LENGTH_OVERHEAD} to ${this.maxPayloadBytes + FRAME_LENGTH_OVERHEAD}`,
      );
    }
  }

  #checkType(type: number): FrameType {
    if (!isFrameType(type)) throw new WireProtocolError(`Frame of unknown type ${type}`);
    return type;
  }
}
