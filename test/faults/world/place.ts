import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 1024 * 1024;

/** Whether a program of this machine can be run. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

/** The library that shifts the wall clock of a process; undefined where it is not installed. */
export function fakeTimeLibrary(): string | undefined {
  for (const root of ['/usr/lib', '/usr/lib64', '/usr/local/lib']) {
    const folders = existsSync(root) ? ['.', ...readdirSync(root)] : [];
    const found = folders
      .map((name) => join(root, name, 'faketime', 'libfaketime.so.1'))
      .find((path) => existsSync(path));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where a world keeps its files; where it can be mounted, on a disk so small that it can be filled. */
export class Place implements Disposable {
  /** For the topology file and the store. */
  readonly directory: string;
  readonly #root: string;
  readonly #isMounted: boolean;

  private constructor(root: string, isMounted: boolean) {
    this.#root = root;
    this.#isMounted = isMounted;
    this.directory = join(root, 'world');
    mkdirSync(this.directory);
  }

  /** `sizeMib`: of the disk; undefined: an ordinary folder. */
  static make(sizeMib?: number): Place {
    const root = mkdtempSync(join(tmpdir(), 'pointsman-faults-'));
    if (sizeMib === undefined) return new Place(root, false);
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${String(sizeMib)}m`, 'tmpfs', root]);
    return new Place(root, status === 0);
  }

  /** Whether this process may mount at all. */
  static canMount(): boolean {
    using place = Place.make(1);
    return place.canFill;
  }

  get canFill(): boolean {
    return this.#isMounted;
  }

  get #filler(): string {
    return join(this.#root, 'filler');
  }

  /** Takes all space that is left. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    const piece = Buffer.alloc(MIB, 'x');
    try {
      for (let size = piece.length; size >= 1024;) {
        try {
          const written = writeSync(file, piece, 0, size);
          if (written < size) size = Math.floor(size / 2);
        } catch {
          size = Math.floor(size / 2);
        }
      }
    } finally {
      closeSync(file);
    }
  }

  /** Gives the space back. */
  empty(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Sets the clock of everybody who looks at this file by so many seconds. */
  shiftClock(seconds: number): void {
    writeFileSync(this.clockFile, `${seconds < 0 ? '' : '+'}${String(seconds)}\n`);
  }

  get clockFile(): string {
    return join(this.#root, 'clock');
  }

  [Symbol.dispose](): void {
    if (this.#isMounted) spawnSync('umount', ['-l', this.#root]);
    rmSync(this.#root, { recursive: true, force: true });
  }
}
