import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { codeOf } from '../../kernel/errors.ts';

/** How far an engine's database had surely come. Kept outside of it, to notice when the database has lost something. */
export interface HighWaterMark {
  /** The id that the database got when it was created. */
  readonly database: string;
  readonly epoch: number;
  /** How many groups have ever been committed. */
  readonly commits: number;
  /** The newest number of the log. */
  readonly head: number;
  /** True: the database was closed in order, and nothing was written since. */
  readonly isClean: boolean;
  /** The boot of the machine that wrote it; undefined where the machine does not say. */
  readonly bootId?: string;
}

/** What engine.hwm says. `damaged`: there is a file, and nothing in it can be read. */
export type FoundMark = HighWaterMark | 'none' | 'damaged';

/** A slot has a page of its own: a torn write of one leaves the others whole. */
const SLOT_BYTES = 4096;
const SLOTS = { first: 0, second: 1, quick: 2 } as const;

/** Reads the newest mark of the file. */
export function readMark(path: string): FoundMark {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'none';
    throw error;
  }
  const marks = Object.values(SLOTS).flatMap((slot) => parseSlot(bytes, slot) ?? []);
  return marks.reduce<HighWaterMark | undefined>(newer, undefined) ?? 'damaged';
}

/** Puts a new file with `mark` in the place of whatever is there; it is on the disk when this returns, its name when the directory is. */
export function createMarkFile(path: string, mark: HighWaterMark): void {
  const next = `${path}.next`;
  writeFileSync(next, Buffer.concat(Object.values(SLOTS).map(() => slotOf(mark))));
  const file = openSync(next, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}

/**
 * The mark of an open database. Every version is written over an old one in a file of fixed size, so that a full disk
 * cannot stop it: note() leaves it to the kernel when the bytes reach the disk, which outlives the process; sync() waits
 * for the disk, which outlives a power failure. Of the two slots that sync() writes in turns one is always whole.
 */
export class MarkFile {
  readonly #file: number;
  #mark: HighWaterMark;
  #synced: HighWaterMark;
  #slot: number = SLOTS.first;

  /** Creates the file with `mark`. */
  constructor(path: string, mark: HighWaterMark) {
    createMarkFile(path, mark);
    this.#file = openSync(path, 'r+');
    this.#mark = mark;
    this.#synced = mark;
  }

  /** Call it after the commit and before anybody hears of it: the mark is never ahead of the database. Microseconds. */
  note(commits: number, head: number): void {
    this.#mark = { ...this.#mark, commits, head };
    writeSync(this.#file, slotOf(this.#mark), 0, SLOT_BYTES, SLOTS.quick * SLOT_BYTES);
  }

  /** Brings the newest mark to the disk, if it is not there yet. */
  sync(): void {
    if (this.#mark === this.#synced) return;
    this.#slot = this.#slot === SLOTS.first ? SLOTS.second : SLOTS.first;
    writeSync(this.#file, slotOf(this.#mark), 0, SLOT_BYTES, this.#slot * SLOT_BYTES);
    fsyncSync(this.#file);
    this.#synced = this.#mark;
  }

  /** Closes the file. `isClean`: the database was closed in order. */
  close(isClean: boolean): void {
    try {
      if (!isClean) return;
      this.#mark = { ...this.#mark, isClean };
      this.sync();
    } finally {
      closeSync(this.#file);
    }
  }
}

function slotOf(mark: HighWaterMark): Buffer {
  const text = JSON.stringify(mark);
  return Buffer.from(`${crc32(text).toString(16).padStart(8, '0')} ${text}\n`.padEnd(SLOT_BYTES));
}

function parseSlot(bytes: Buffer, slot: number): HighWaterMark | undefined {
  const line = bytes.toString('utf8', slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES).split('\n', 1)[0] ?? '';
  const text = line.slice(9);
  if (line.slice(0, 8) !== crc32(text).toString(16).padStart(8, '0')) return undefined;
  // Whatever has the right sum was written by slotOf().
  return text === '' ? undefined : (JSON.parse(text) as HighWaterMark);
}

function newer(best: HighWaterMark | undefined, mark: HighWaterMark): HighWaterMark {
  if (best === undefined) return mark;
  const ahead = mark.epoch - best.epoch || mark.commits - best.commits || Number(mark.isClean) - Number(best.isClean);
  return ahead > 0 ? mark : best;
}
