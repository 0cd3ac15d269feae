/** Writes numbers, texts and byte strings one after the other into memory of its own, ready to be transferred. */
export class ByteWriter {
  #bytes: Buffer<ArrayBuffer>;
  #length = 0;

  /** `expectedBytes` only saves growing. */
  constructor(expectedBytes: number) {
    // Slow: never a piece of the pool that other requests' bytes live in.
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(expectedBytes, 64));
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#length = this.#room(1).writeUInt8(value, this.#length);
  }

  u32(value: number): void {
    this.#length = this.#room(4).writeUInt32LE(value, this.#length);
  }

  /** Any number: sequence numbers and instants are exact up to 2^53. */
  f64(value: number): void {
    this.#length = this.#room(8).writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const bytes = this.#room(4 + value.length * 3);
    const written = bytes.write(value, this.#length + 4, 'utf8');
    bytes.writeUInt32LE(written, this.#length);
    this.#length += 4 + written;
  }

  blob(value: Uint8Array): void {
    const bytes = this.#room(4 + value.byteLength);
    bytes.writeUInt32LE(value.byteLength, this.#length);
    bytes.set(value, this.#length + 4);
    this.#length += 4 + value.byteLength;
  }

  /** Overwrites a u32 written earlier, for counts that are known only at the end. */
  setU32(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  /** As setU32(), for an f64. */
  setF64(at: number, value: number): void {
    this.#bytes.writeDoubleLE(value, at);
  }

  /** What was written. The buffer may be longer than `length`. */
  finish(): PackedBytes {
    return { buffer: this.#bytes.buffer, length: this.#length };
  }

  #room(bytes: number): Buffer<ArrayBuffer> {
    const needed = this.#length + bytes;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** A buffer to transfer, of which the first `length` bytes count. */
export interface PackedBytes {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

/** The bytes that were packed. */
export function unpacked({ buffer, length }: PackedBytes): Buffer {
  return Buffer.from(buffer, 0, length);
}

/** Reads what a ByteWriter wrote, in the same order. Byte strings are views of the bytes. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  text(): string {
    const length = this.u32();
    const at = this.#advance(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  blob(): Buffer {
    const length = this.u32();
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Reads `count` things with `read`. */
  list<T>(read: () => T): T[] {
    const things: T[] = [];
    // Most lists of a batch are empty: Array.from() would take longer with them than all else does with the batch.
    for (let left = this.u32(); left > 0; left -= 1) things.push(read());
    return things;
  }

  #advance(bytes: number): number {
    const at = this.#at;
    this.#at = at + bytes;
    return at;
  }
}
