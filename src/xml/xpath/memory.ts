const MEBIBYTE = 1024 * 1024;
const PAGE = 65_536;

/** The part of WebAssembly.Memory that is needed here; the types of Node.js leave it out. */
interface Growing {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What the WebAssembly of this thread has taken. */
export interface CappedMemory {
  mebibytes(): number;
  /** True once more was asked for than there may be. The program has been refused memory and may not have noticed. */
  isExceeded(): boolean;
}

/**
 * Limits the memory of all WebAssembly in this thread that grows from now on; the engine has no such limit of its own. A
 * growth beyond it fails, which a program sees as having no more memory.
 */
export function capMemory(maxMebibytes: number): CappedMemory {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: { prototype: Growing } } };
  const memory = WebAssembly.Memory.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the memory as `this` below
  const grow = memory.grow;
  let bytes = 0;
  let isExceeded = false;
  memory.grow = function (this: Growing, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE > maxMebibytes * MEBIBYTE) {
      isExceeded = true;
      throw new RangeError(`Expected at most ${maxMebibytes} MiB`);
    }
    const before = grow.call(this, pages);
    bytes = this.buffer.byteLength;
    return before;
  };
  return { mebibytes: () => Math.ceil(bytes / MEBIBYTE), isExceeded: () => isExceeded };
}
