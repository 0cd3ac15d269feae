import {
  AMPERSAND,
  GREATER_THAN,
  HASH,
  isCharacter,
  LESS_THAN,
  PLAIN_VALUE,
  QUOTE,
  APOSTROPHE,
  SEMICOLON,
} from './characters.ts';
import { PREDEFINED } from './references.ts';
import type { Source } from './source.ts';

// Calling the native search costs as much as looking at this many bytes.
const FEW_BYTES = 24;
const CDATA_END = Buffer.from(']]>');
const DOUBLE_HYPHEN = Buffer.from('--');
const FORBIDDEN_CONTROLS = Array.from({ length: 0x20 }, (_, byte) => byte).filter((byte) => !isCharacter(byte));
const FORBIDDEN_SEQUENCES = [Buffer.from('\ufffe'), Buffer.from('\uffff')];

/**
 * Refuses a document with a character before `end` that XML 1.0 can carry nowhere (production 2). The native search looks for one
 * byte in 11 KB in 0.2 µs, so that looking for all of them costs less than one loop over the bytes here.
 */
export function requireCharacters(source: Source, end: number = source.end): void {
  const bytes = source.bytes.subarray(0, end);
  for (const control of FORBIDDEN_CONTROLS) refuseAt(source, bytes.indexOf(control));
  // The only ones beyond ASCII that UTF-8 can carry.
  for (const sequence of FORBIDDEN_SEQUENCES) refuseAt(source, bytes.indexOf(sequence));
}

function refuseAt(source: Source, at: number): void {
  if (at < 0) return;
  throw source.malformed(`Expected characters of XML 1.0, found ${source.describe(at)}`, at);
}

/**
 * Checks what stands between the tags of a document of which requireCharacters has approved. Goes forward only: each call begins
 * where an earlier one ended or later.
 */
export class CharacterData {
  readonly #source: Source;
  /** The next "&" and "]]>" from wherever they were last looked for. */
  #ampersand = -1;
  #sectionEnd = -1;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Checks character data. Returns the offset of the next "<", or the end of the document. */
  scanText(from: number): number {
    const { bytes, end } = this.#source;
    const few = Math.min(from + FEW_BYTES, end);
    let i = from;
    while (i < few && bytes[i] !== LESS_THAN) i++;
    if (i === few) i = this.#nextLessThan(i);
    if (this.#ampersand < i) this.#checkReferences(from, i);
    if (this.#sectionEnd < i) this.#checkSectionEnd(from, i);
    return i;
  }

  /** Checks an attribute value from behind its opening quote on. Returns the offset of the closing quote. */
  scanAttributeValue(from: number, quote: number): number {
    const source = this.#source;
    const { bytes, end } = source;
    let i = from;
    for (;;) {
      while (i < end && PLAIN_VALUE[bytes[i] ?? 0] === 1) i++;
      if (i >= end) throw source.unexpected(end, 'the closing quote of an attribute value');
      const byte = bytes[i];
      if (byte === quote) return i;
      if (byte === QUOTE || byte === APOSTROPHE) i++;
      else if (byte === AMPERSAND) i = this.#scanReference(i);
      else throw source.malformed('Expected an attribute value without "<", found one', i);
    }
  }

  /** Checks a comment whose "<!--" ends before `from`. Returns the offset behind its "-->". */
  scanComment(from: number): number {
    const source = this.#source;
    const hyphens = source.bytes.indexOf(DOUBLE_HYPHEN, from);
    if (hyphens < 0) throw source.unexpected(source.end, '"-->" at the end of a comment');
    if (source.bytes[hyphens + 2] === GREATER_THAN) return hyphens + 3;
    throw source.malformed('Expected a comment without "--" inside, found one', hyphens);
  }

  /** Finds the end of a CDATA section whose "<![CDATA[" ends before `from`. Returns the offset behind its "]]>". */
  scanCdata(from: number): number {
    const close = this.#source.bytes.indexOf(CDATA_END, from);
    if (close < 0) throw this.#source.unexpected(this.#source.end, '"]]>" at the end of a CDATA section');
    return close + CDATA_END.length;
  }

  #nextLessThan(from: number): number {
    const found = this.#source.bytes.indexOf(LESS_THAN, from);
    return found < 0 ? this.#source.end : found;
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
    if (this.#sectionEnd < from) {
      const found = this.#source.bytes.indexOf(CDATA_END, from);
      this.#sectionEnd = found < 0 ? this.#source.end : found;
    }
    if (this.#sectionEnd >= to) return;
    throw this.#source.malformed('Expected character data, found "]]>" outside a CDATA section', this.#sectionEnd);
  }

  /** Checks the reference whose "&" is at `at`. Returns the offset behind its ";". */
  #scanReference(at: number): number {
    const { bytes } = this.#source;
    const end = bytes[at + 1] === HASH ? endOfCharacterReference(bytes, at + 2) : endOfEntityReference(bytes, at + 1);
    if (end !== INVALID) return end;
    const expected = 'a reference to amp, lt, gt, quot, apos or a character of XML 1.0';
    const found = bytes.toString('utf8', at, at + SHOWN_BYTES);
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
