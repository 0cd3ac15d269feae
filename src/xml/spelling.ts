/**
 * Bytes that may stand in a document, in numbers of four, to be compared four at a time. Those at the end overlap where
 * it does not come out even.
 */
export interface Spelling {
  readonly length: number;
  /** Which bits of the first and the last number count: all but those behind the end, where there are less than four bytes. */
  readonly mask: number;
  readonly head: number;
  readonly middle: readonly number[];
  readonly tail: number;
  /** From where the head is to where the tail is. */
  readonly toTail: number;
}

const NO_MIDDLE: readonly number[] = [];

/** What stands nowhere. */
export const NEVER: Spelling = { length: 0, mask: 0, head: 1, middle: NO_MIDDLE, tail: 1, toTail: 0 };

/** The spelling of what a text is in UTF-8. */
export function spell(text: string): Spelling {
  const bytes = Buffer.from(`${text}\0\0\0\0`);
  const length = bytes.length - 4;
  const toTail = Math.max(0, length - 4);
  return {
    length,
    mask: length < 4 ? (1 << (length * 8)) - 1 : -1,
    head: bytes.readInt32LE(0),
    middle: length <= 8 ? NO_MIDDLE : middleOf(bytes, toTail),
    tail: bytes.readInt32LE(toTail),
    toTail,
  };
}

function middleOf(bytes: Buffer, toTail: number): readonly number[] {
  const middle = [];
  for (let i = 4; i < toTail; i += 4) middle.push(bytes.readInt32LE(i));
  return middle;
}

/** Whether the bytes stand at `at`. What follows them may be anything. */
export function isSpelledAt({ mask, head, middle, tail, toTail }: Spelling, view: DataView, at: number): boolean {
  if ((view.getInt32(at, true) & mask) !== head) return false;
  const last = at + toTail;
  // Zeros stand behind the document and in no spelling, so none goes on there.
  for (let i = at + 4, next = 0; i < last; i += 4) if (view.getInt32(i, true) !== middle[next++]) return false;
  return (view.getInt32(last, true) & mask) === tail;
}

/** Whether `length` bytes at `at` are this text; for where that is asked too seldom to spell it. */
export function isTextAt(text: string, length: number, bytes: Buffer, at: number): boolean {
  // In UTF-8 all but ASCII takes more bytes than characters here.
  if (text.length !== length) return bytes.toString('utf8', at, at + length) === text;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
