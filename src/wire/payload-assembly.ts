import { MIN_PART_BYTES, WireProtocolError } from './protocol.ts';

/** A call or reply that arrives in parts: u32 total length and the first bytes, then the rest. */
export class PayloadAssembly {
  readonly #total: number;
  readonly #chunks: Buffer[];
  #received: number;

  /** Reads the total at `at` of the first frame. Throws WireProtocolError if it is over `maxBytes` or does not add up. */
  constructor(frame: Buffer, at: number, maxBytes: number) {
    if (frame.length < at + 4) throw new WireProtocolError('Frame that ends before its total length');
    this.#total = frame.readUInt32BE(at);
    if (this.#total > maxBytes)
      throw new WireProtocolError(`Payload of ${this.#total} bytes: expected at most ${maxBytes}`);
    const first = frame.subarray(at + 4);
    this.#chunks = [first];
    this.#received = first.length;
    this.#check(first);
  }

  get total(): number {
    return this.#total;
  }

  get isWhole(): boolean {
    return this.#received === this.#total;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    this.#check(chunk);
  }

  /** The whole payload; a view if it came in one piece. */
  take(): Buffer {
    const [first, second] = this.#chunks;
    return first !== undefined && second === undefined ? first : Buffer.concat(this.#chunks, this.#total);
  }

  /** Tiny parts would cost far more memory than the bytes that they carry. */
  #check(chunk: Buffer): void {
    if (this.#received > this.#total) {
      throw new WireProtocolError(`Parts of ${this.#received} bytes: expected ${this.#total} in all`);
    }
    if (chunk.length < MIN_PART_BYTES && !this.isWhole) {
      throw new WireProtocolError(`Part of ${chunk.length} bytes: expected ${MIN_PART_BYTES}, or the last one`);
    }
  }
}
