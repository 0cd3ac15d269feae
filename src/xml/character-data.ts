import {
  AMPERSAND,
  FORBIDDEN,
  GREATER_THAN,
  HASH,
  isCharacter,
  LESS_THAN,
  LINE_FEED,
  RIGHT_BRACKET,
  SEMICOLON,
} from './characters.ts';
import type { Desk } from './desk.ts';
import { PREDEFINED } from './references.ts';
import type { Source } from './source.ts';

/** From here on the native search for each forbidden character is faster than looking at all bytes here. */
const MANY_BYTES = 4096;
const CDATA_END = Buffer.from(']]>');
const DOUBLE_HYPHEN = Buffer.from('--');
const FORBIDDEN_CONTROLS = Array.from({ length: 0x20 }, (_, byte) => byte).filter((byte) => !isCharacter(byte));
const FORBIDDEN_SEQUENCES = [Buffer.from('\ufffe'), Buffer.from('\uffff')];

/** Refuses a document with one of the two characters before `end` that UTF-8 can carry beyond ASCII and XML 1.0 nowhere (production 2). */
export function requireNoSequences(source: Source, end: number): void {
  if (source.isAscii) return;
  const bytes = source.bytes.subarray(0, end);
  for (const sequence of FORBIDDEN_SEQUENCES) {
    const found = bytes.indexOf(sequence);
    if (found >= 0) throw forbidden(source, found);
  }
}

function forbidden(source: Source, at: number): Error {
  return source.malformed(`Expected characters of XML 1.0, found ${source.describe(at)}`, at);
}

/**
 * Checks what stands between the tags, and finds where it ends. Goes forward only: each call begins where an earlier one ended
 * or later.
 */
export class CharacterData {
  readonly #source: Source;
  readonly #bytes: Buffer;
  readonly #fours: Int32Array;
  readonly #view: DataView;
  /** Whether there was no comment, CDATA section or character reference so far: what a prefix may hide behind. */
  isPlain = true;
  /** The next "&" and "]]>" from wherever they were last looked for. */
  #ampersand = -1;
  #sectionEnd = -1;

  constructor(source: Source, desk: Desk) {
    this.#source = source;
    this.#bytes = desk.bytes;
    this.#fours = desk.fours;
    this.#view = desk.view;
  }

  /** Checks character data. Returns the offset of the next "<", or the end of the document. */
  scanText(from: number): number {
    const bytes = this.#bytes;
    // Calling the native searches, for "<", "&" and what is forbidden, costs about as much as looking at this many bytes.
    const few = from + 256;
    // A new line with the next tag is what stands between most of them.
    let i = bytes[from] === LINE_FEED ? from + 1 : from;
    while (i < few) {
      i = this.#nextOf(RIGHT_BRACKET, i);
      const byte = bytes[i] ?? 0;
      if (byte === LESS_THAN) return i;
      if (byte === AMPERSAND) i = this.#scanReference(i);
      else if (byte === RIGHT_BRACKET) i = this.#scanBracket(i);
      else if (FORBIDDEN[byte] === 1) return this.#endAt(i);
      else i++;
    }
    return this.#scanLongText(i);
  }

  /** Checks an attribute value from behind its opening quote on. Returns the offset of the closing quote. */
  scanAttributeValue(from: number, quote: number): number {
    const bytes = this.#bytes;
    let i = from;
    for (;;) {
      i = this.#nextOf(quote, i);
      const byte = bytes[i] ?? 0;
      if (byte === quote) return i;
      if (byte === AMPERSAND) i = this.#scanReference(i);
      else if (byte === LESS_THAN || FORBIDDEN[byte] === 1) throw this.#brokenValue(i);
      else i++;
    }
  }

  /**
   * Where the next "<", "&" or control character is, or the next `other`. Four bytes at a time: of each number that is compared,
   * a byte becomes zero where it is the one that is looked for, and taking one from each byte gives zeros their highest bit.
   */
  #nextOf(other: number, from: number): number {
    const view = this.#view;
    // Here, and not above: what a bundle has outside of its functions is looked up again each time.
    const each = 0x01010101;
    const others = Math.imul(other, each);
    let i = from;
    for (;;) {
      const four = view.getInt32(i, true);
      const lessThan = four ^ 0x3c3c3c3c;
      const ampersand = four ^ 0x26262626;
      const wanted = four ^ others;
      const borrowed = (lessThan - each) | (ampersand - each) | (wanted - each) | (four - 0x20202020);
      const found = borrowed & ~four & 0x80808080;
      if (found !== 0) return i + ((31 - Math.clz32(found & -found)) >> 3);
      i += 4;
    }
  }

  /** Checks a comment whose "<!--" ends before `from`. Returns the offset behind its "-->". */
  scanComment(from: number): number {
    const source = this.#source;
    this.isPlain = false;
    const hyphens = source.bytes.indexOf(DOUBLE_HYPHEN, from);
    this.#requireCharacters(from, hyphens < 0 ? source.end : hyphens);
    if (hyphens < 0) throw source.unexpected(source.end, '"-->" at the end of a comment');
    if (source.bytes[hyphens + 2] === GREATER_THAN) return hyphens + 3;
    throw source.malformed('Expected a comment without "--" inside, found one', hyphens);
  }

  /** Checks a CDATA section whose "<![CDATA[" ends before `from`. Returns the offset behind its "]]>". */
  scanCdata(from: number): number {
    const source = this.#source;
    this.isPlain = false;
    const close = source.bytes.indexOf(CDATA_END, from);
    this.#requireCharacters(from, close < 0 ? source.end : close);
    if (close < 0) throw source.unexpected(source.end, '"]]>" at the end of a CDATA section');
    return close + CDATA_END.length;
  }

  #scanLongText(from: number): number {
    const found = this.#source.bytes.indexOf(LESS_THAN, from);
    const end = found < 0 ? this.#source.end : found;
    if (this.#ampersand < end) this.#checkReferences(from, end);
    if (this.#sectionEnd < end) this.#checkSectionEnd(from, end);
    this.#requireCharacters(from, end);
    return end;
  }

  #checkReferences(from: number, to: number): void {
    const { bytes, end } = this.#source;
    let i = this.#ampersand < from ? from : this.#ampersand;
    for (;;) {
      const found = bytes.indexOf(AMPERSAND, i);
      this.#ampersand = found < 0 ? end : found;
      if (this.#ampersand >= to) return;
      i = this.#scanReference(found);
    }
  }

  #checkSectionEnd(from: number, to: number): void {
    // One that begins in the bytes before `from`, which were looked at one by one, would have been found there.
    if (this.#sectionEnd < from) {
      const found = this.#source.bytes.indexOf(CDATA_END, from);
      this.#sectionEnd = found < 0 ? this.#source.end : found;
    }
    if (this.#sectionEnd < to) throw this.#strayEnd(this.#sectionEnd);
  }

  /** Looks at the "]" at `at`. Returns the offset behind it. */
  #scanBracket(at: number): number {
    if (this.#bytes[at + 1] === RIGHT_BRACKET && this.#bytes[at + 2] === GREATER_THAN) throw this.#strayEnd(at);
    return at + 1;
  }

  #strayEnd(at: number): Error {
    return this.#source.malformed('Expected character data, found "]]>" outside a CDATA section', at);
  }

  /** What stops character data at `at` is the end of the document or a forbidden character. */
  #endAt(at: number): number {
    if (at < this.#source.end) throw forbidden(this.#source, at);
    return at;
  }

  /** The error to throw for the byte at `at` in an attribute value. */
  #brokenValue(at: number): Error {
    const source = this.#source;
    if (at >= source.end) return source.unexpected(at, 'the closing quote of an attribute value');
    if (source.bytes[at] !== LESS_THAN) return forbidden(source, at);
    return source.malformed('Expected an attribute value without "<", found one', at);
  }

  /** Refuses the control characters that XML 1.0 can carry nowhere. */
  #requireCharacters(from: number, to: number): void {
    if (to - from > MANY_BYTES) {
      this.#searchControls(from, to);
      return;
    }
    const fours = this.#fours;
    const first = (from + 3) >> 2;
    const last = to >> 2;
    if (first >= last) {
      this.#requireEach(from, to);
      return;
    }
    this.#requireEach(from, first * 4);
    for (let i = first; i < last; i++) {
      // Not zero if one of the four bytes is below 20: a control, of which XML allows three.
      const four = fours[i] ?? 0;
      if (((four - 0x20202020) & ~four & 0x80808080) !== 0) this.#requireEach(i * 4, i * 4 + 4);
    }
    this.#requireEach(last * 4, to);
  }

  #requireEach(from: number, to: number): void {
    for (let i = from; i < to; i++) if (FORBIDDEN[this.#bytes[i] ?? 0] === 1) throw forbidden(this.#source, i);
  }

  #searchControls(from: number, to: number): void {
    const bytes = this.#source.bytes.subarray(from, to);
    for (const control of FORBIDDEN_CONTROLS) {
      const found = bytes.indexOf(control);
      if (found >= 0) throw forbidden(this.#source, from + found);
    }
  }

  /** Checks the reference whose "&" is at `at`. Returns the offset behind its ";". */
  #scanReference(at: number): number {
    const bytes = this.#bytes;
    const isNumber = bytes[at + 1] === HASH;
    if (isNumber) this.isPlain = false;
    const end = isNumber ? endOfCharacterReference(bytes, at + 2) : endOfEntityReference(bytes, at + 1);
    if (end !== INVALID) return end;
    const expected = 'a reference to amp, lt, gt, quot, apos or a character of XML 1.0';
    const found = this.#source.bytes.toString('utf8', at, at + SHOWN_BYTES);
    throw this.#source.malformed(`Expected ${expected}, found "${found}"`, at);
  }
}
const INVALID = -1;
const SHOWN_BYTES = 12;
const ENTITIES = Array.from(PREDEFINED.keys(), (name) => Buffer.from(`${name};`));

function endOfEntityReference(bytes: Buffer, at: number): number {
  for (const entity of ENTITIES) {
    let i = 0;
    while (i < entity.length && bytes[at + i] === entity[i]) i++;
    if (i === entity.length) return at + i;
  }
  return INVALID;
}

function endOfCharacterReference(bytes: Buffer, at: number): number {
  const base = bytes[at] === LETTER_X ? 16 : 10;
  const start = base === 16 ? at + 1 : at;
  let codePoint = 0;
  let i = start;
  for (; ; i++) {
    const digit = digitOf(bytes[i] ?? 0);
    if (digit < 0 || digit >= base) break;
    // Beyond the last character it does not matter how far.
    codePoint = Math.min(codePoint * base + digit, BEYOND_CHARACTERS);
  }
  return i > start && bytes[i] === SEMICOLON && isCharacter(codePoint) ? i + 1 : INVALID;
}

const LETTER_X = 0x78;
const BEYOND_CHARACTERS = 0x110000;

/** The value of a hexadecimal digit; -1 for anything else. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : INVALID;
}
