import { CARRIAGE_RETURN, LINE_FEED } from './characters.ts';
import { XmlError, type XmlErrorKind } from './error.ts';

/** A place in a document. Both from 1; the column in characters. */
export interface XmlPosition {
  readonly line: number;
  readonly column: number;
}

/** The UTF-8 bytes of a document, and how to complain about them. */
export class Source {
  readonly bytes: Buffer;
  /** Where the bytes end. */
  readonly end: number;
  /** Whether it is known that all of them are ASCII. */
  readonly isAscii: boolean;

  constructor(bytes: Buffer, isAscii = false) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.isAscii = isAscii;
  }

  /** The error to throw for what is wrong at `offset`. */
  error(kind: XmlErrorKind, message: string, offset: number): XmlError {
    return new XmlError(kind, message, { ...positionAt(this.bytes, offset), offset });
  }

  /** The error to throw for what XML forbids at `offset`. */
  malformed(message: string, offset: number): XmlError {
    return this.error('not-well-formed', message, offset);
  }

  /** The error to throw where one thing stands and another was due. */
  unexpected(offset: number, expected: string): XmlError {
    return this.malformed(`Expected ${expected}, found ${this.describe(offset)}`, offset);
  }

  /** The character at `offset`, for messages. */
  describe(offset: number): string {
    if (offset >= this.end) return 'the end of the document';
    const codePoint = this.bytes.toString('utf8', offset, offset + 4).codePointAt(0) ?? 0;
    const number = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
    return codePoint > 0x20 && codePoint < 0x7f ? `"${String.fromCodePoint(codePoint)}"` : number;
  }
}

/** Line and column of an offset in UTF-8 bytes. Reads everything before it. A byte order mark is not counted. */
export function positionAt(bytes: Uint8Array, offset: number): XmlPosition {
  let line = 1;
  let lineStart = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let i = lineStart; i < offset; i++) {
    const byte = bytes[i];
    if (byte === LINE_FEED || (byte === CARRIAGE_RETURN && bytes[i + 1] !== LINE_FEED)) {
      line++;
      lineStart = i + 1;
    }
  }
  let column = 1;
  for (let i = lineStart; i < offset && i < bytes.length; i++) {
    if (((bytes[i] ?? 0) & 0xc0) !== 0x80) column++;
  }
  return { line, column };
}
