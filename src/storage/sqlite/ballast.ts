import { closeSync, fsyncSync, openSync, rmSync, statSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK_BYTES = 1024 * 1024;
/** Free space that must be there beside the ballast before it is made: otherwise it would itself fill the disk. */
const BESIDE = 0.5;

/**
 * Space kept for a full disk: a file that is given up so that what frees space and what ends deliveries can still be
 * written. Several engines on one disk have one each.
 */
export class Ballast {
  readonly #path: string;
  readonly #bytes: number;
  #isReleased = false;

  /** `bytes` 0: none is kept. */
  constructor(directory: string, bytes: number) {
    this.#path = join(directory, 'engine.ballast');
    this.#bytes = bytes;
  }

  /** True from release() until the ballast could be made again: nothing that grows should be written. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Gives the space up. False: there was none to give. */
  release(): boolean {
    if ((statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) === 0) return false;
    rmSync(this.#path, { force: true });
    this.#isReleased = true;
    return true;
  }

  /** Makes the ballast if it is not there and the disk has room for it. Throws what the disk says. */
  make(): void {
    if (this.#bytes === 0 || statSync(this.#path, { throwIfNoEntry: false })?.size === this.#bytes) return;
    if (!this.#hasRoom()) return;
    const block = Buffer.alloc(BLOCK_BYTES, 'Space that is kept for a full disk. ');
    const file = openSync(this.#path, 'w');
    try {
      for (let at = 0; at < this.#bytes; at += BLOCK_BYTES) {
        writeSync(file, block, 0, Math.min(BLOCK_BYTES, this.#bytes - at), at);
      }
      fsyncSync(file);
      this.#isReleased = false;
    } catch (error) {
      rmSync(this.#path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
  }

  #hasRoom(): boolean {
    const { bavail, bsize } = statfsSync(join(this.#path, '..'));
    return bavail * bsize >= this.#bytes * (1 + BESIDE);
  }
}
