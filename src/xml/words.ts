import { COLON, isQualifiedName, NAME_START } from './characters.ts';
import { Rows } from './rows.ts';
import type { Source } from './source.ts';

/** Words that every document has: no prefix, and the two that Namespaces in XML 1.0 §3 reserves. */
export const EMPTY_WORD = 0;
export const XML_WORD = 1;
export const XMLNS_WORD = 2;

/** What a name is as an attribute. */
export const ORDINARY = 1;
/** `xmlns` */
export const DEFAULT_DECLARATION = 2;
/** `xmlns:p` */
export const PREFIX_DECLARATION = 3;

const START = 0;
const LENGTH = 1;
const HASH = 2;
const PREFIX = 3;
const LOCAL = 4;
const ROLE = 5;
const BINDING = 6;
const DECLARED_BY = 7;
const NAMESPACE = 8;
const WIDTH = 9;

const FIRST_WORDS = ['', 'xml', 'xmlns'];
const MAX_PROBES = 16;
const LETTER_X = 0x78;

/** Where the hash of a word begins; each byte is added with nextHash. Different in every process, so that nobody can prepare collisions. */
export const HASH_SEED = (Math.random() * 0x7fffffff) | 0;

/** The hash of a word that goes on with this byte. */
export function nextHash(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** What words are written on. */
export interface WordRows {
  readonly rows: Rows;
  /** A hash table: a power of two. */
  readonly slots: Int32Array;
}

export function newWordRows(): WordRows {
  return { rows: new Rows(WIDTH), slots: new Int32Array(128) };
}

const NO_SLOTS = new Int32Array(1);

/**
 * Every distinct name, prefix and namespace name of one document, as numbers. A word is where it stood first; strings are
 * made when somebody asks.
 */
export class Words {
  readonly #source: Source;
  #rows: Rows;
  #columns: number[];
  #slots: Int32Array;
  readonly #strings: (string | undefined)[] = [...FIRST_WORDS];
  /** Words whose place in the slots was too far away: whoever collides on purpose ends up in here, and costs no more. */
  #crowded: Map<string, number> | undefined;

  /** Writes over what is on the rows. */
  constructor(source: Source, { rows, slots }: WordRows) {
    this.#source = source;
    rows.count = 0;
    FIRST_WORDS.forEach(() => rows.add());
    rows.cells.fill(0, 0, rows.count * WIDTH);
    this.#rows = rows;
    this.#columns = rows.cells;
    this.#slots = slots.fill(0);
  }

  /** Lets go of the rows that it was given. Nothing new may be interned any more. */
  settle(): void {
    this.#rows = this.#rows.copy();
    this.#columns = this.#rows.cells;
    this.#slots = NO_SLOTS;
  }

  /** The number of the word at [start, end) with that hash. */
  intern(start: number, end: number, hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const word = this.#slots[slot] ?? 0;
      if (word === 0) return this.#add(start, end, hash, slot);
      if (this.#isSame(word, start, end - start, hash)) return word;
      slot = (slot + 1) & mask;
    }
    return this.#internCrowded(start, end, hash);
  }

  /** The number of the word at [start, end). */
  internRange(start: number, end: number): number {
    const { bytes } = this.#source;
    let hash = HASH_SEED;
    for (let i = start; i < end; i++) hash = nextHash(hash, bytes[i] ?? 0);
    return this.intern(start, end, hash);
  }

  /** The word as text. */
  text(word: number): string {
    const known = this.#strings[word];
    if (known !== undefined) return known;
    const start = this.#columns[word * WIDTH + START] ?? 0;
    const end = start + (this.#columns[word * WIDTH + LENGTH] ?? 0);
    const text = this.#source.bytes.toString('utf8', start, end);
    this.#strings[word] = text;
    return text;
  }

  /** Bytes of the word. */
  lengthOf(word: number): number {
    return this.#columns[word * WIDTH + LENGTH] ?? 0;
  }

  /** What the word is as the name of an attribute. Throws XmlError if it is no qualified name. */
  roleOf(word: number): number {
    const role = this.#columns[word * WIDTH + ROLE] ?? 0;
    return role === 0 ? this.#split(word) : role;
  }

  /** The prefix of a name whose role is known. */
  prefixOf(word: number): number {
    return this.#columns[word * WIDTH + PREFIX] ?? 0;
  }

  /** The local part of a name whose role is known. */
  localOf(word: number): number {
    return this.#columns[word * WIDTH + LOCAL] ?? 0;
  }

  /** The namespace + 1 that the word as a prefix is bound to; 0 = none. */
  bindingOf(word: number): number {
    return this.#columns[word * WIDTH + BINDING] ?? 0;
  }

  bind(word: number, binding: number): void {
    this.#columns[word * WIDTH + BINDING] = binding;
  }

  /** Notes that `element` declares the word as a prefix. False if it has done so before. */
  declareOnce(word: number, element: number): boolean {
    const cell = word * WIDTH + DECLARED_BY;
    if (this.#columns[cell] === element + 1) return false;
    this.#columns[cell] = element + 1;
    return true;
  }

  /** The namespace + 1 that the word as an attribute value names; 0 = not known yet. */
  namespaceOf(word: number): number {
    return this.#columns[word * WIDTH + NAMESPACE] ?? 0;
  }

  setNamespace(word: number, value: number): void {
    this.#columns[word * WIDTH + NAMESPACE] = value;
  }

  #isSame(word: number, start: number, length: number, hash: number): boolean {
    const columns = this.#columns;
    const row = word * WIDTH;
    if (columns[row + HASH] !== hash || columns[row + LENGTH] !== length) return false;
    const { bytes } = this.#source;
    const other = columns[row + START] ?? 0;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== bytes[other + i]) return false;
    return true;
  }

  #add(start: number, end: number, hash: number, slot: number): number {
    const word = this.#append(start, end, hash);
    this.#slots[slot] = word;
    if (this.#rows.count * 2 > this.#slots.length) this.#spread();
    return word;
  }

  #append(start: number, end: number, hash: number): number {
    const row = this.#rows.add();
    const columns = this.#columns;
    columns[row + START] = start;
    columns[row + LENGTH] = end - start;
    columns[row + HASH] = hash;
    for (let column = PREFIX; column < WIDTH; column++) columns[row + column] = 0;
    return this.#rows.count - 1;
  }

  #internCrowded(start: number, end: number, hash: number): number {
    this.#crowded ??= new Map();
    // latin1 tells any two byte sequences apart, and is the cheapest to make.
    const text = this.#source.bytes.toString('latin1', start, end);
    const known = this.#crowded.get(text);
    if (known !== undefined) return known;
    const word = this.#append(start, end, hash);
    this.#crowded.set(text, word);
    return word;
  }

  #spread(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    for (let word = FIRST_WORDS.length; word < this.#rows.count; word++) this.#place(word);
  }

  #place(word: number): void {
    const mask = this.#slots.length - 1;
    const hash = this.#columns[word * WIDTH + HASH] ?? 0;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      if (this.#slots[slot] === 0) {
        this.#slots[slot] = word;
        return;
      }
      slot = (slot + 1) & mask;
    }
    const start = this.#columns[word * WIDTH + START] ?? 0;
    const end = start + (this.#columns[word * WIDTH + LENGTH] ?? 0);
    this.#crowded ??= new Map();
    this.#crowded.set(this.#source.bytes.toString('latin1', start, end), word);
  }

  /** Checks a name when it is seen first, and takes it apart. */
  #split(word: number): number {
    const start = this.#columns[word * WIDTH + START] ?? 0;
    const end = start + (this.#columns[word * WIDTH + LENGTH] ?? 0);
    const colon = this.#checkName(word, start, end);
    const prefix = colon < 0 ? EMPTY_WORD : this.#prefixWord(start, colon);
    const local = colon < 0 ? word : this.internRange(colon + 1, end);
    let role = prefix === XMLNS_WORD ? PREFIX_DECLARATION : ORDINARY;
    if (colon < 0 && end - start === 5 && this.text(word) === 'xmlns') role = DEFAULT_DECLARATION;
    const row = word * WIDTH;
    this.#columns[row + PREFIX] = prefix;
    this.#columns[row + LOCAL] = local;
    this.#columns[row + ROLE] = role;
    return role;
  }

  /** Where the name has its colon, or -1. The bytes are known to be of the classes NAME_START and NAME. */
  #checkName(word: number, start: number, end: number): number {
    const { bytes } = this.#source;
    let colon = -1;
    let isSimple = true;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === COLON) {
        isSimple &&= colon < 0 && i > start && NAME_START[bytes[i + 1] ?? 0] === 1;
        colon = i;
      } else if (byte >= 0x80) isSimple = false;
    }
    if (isSimple && colon < end - 1) return colon;
    if (!isQualifiedName(this.text(word))) throw this.#notAName(word, start);
    return colon;
  }

  /** The number of a prefix; the reserved ones are always the same. */
  #prefixWord(start: number, end: number): number {
    return this.#reservedWord(start, end - start) ?? this.internRange(start, end);
  }

  /** The prefix that a declaration `xmlns:p` is about. */
  declaredPrefixOf(word: number): number {
    const local = this.localOf(word);
    const row = local * WIDTH;
    return this.#reservedWord(this.#columns[row + START] ?? 0, this.#columns[row + LENGTH] ?? 0) ?? local;
  }

  /** The number of `xml` or `xmlns`, if that is what stands there. */
  #reservedWord(start: number, length: number): number | undefined {
    if ((length !== 3 && length !== 5) || this.#source.bytes[start] !== LETTER_X) return undefined;
    const word = FIRST_WORDS.indexOf(this.#source.bytes.toString('latin1', start, start + length));
    return word > 0 ? word : undefined;
  }

  #notAName(word: number, offset: number): Error {
    const name = this.text(word);
    const found = name.length > 60 ? `${name.slice(0, 60)}…` : name;
    return this.#source.malformed(`Expected a qualified name, found "${found}"`, offset);
  }
}
