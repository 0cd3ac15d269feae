import { COLON, isQualifiedName, NAME_START } from './characters.ts';
import type { Desk } from './desk.ts';
import {
  BINDING,
  DEFAULT_DECLARATION,
  EMPTY_WORD,
  HASH,
  LENGTH,
  LETTERS,
  LOCAL,
  NAMED,
  NO_NAMESPACE,
  ORDINARY,
  PREFIX,
  PREFIX_DECLARATION,
  ROLE,
  WORD_WIDTH,
  XMLNS_NAMESPACE,
  XMLNS_WORD,
  XML_NAMESPACE,
  XML_NAMESPACE_ID,
  XML_WORD,
} from './words.ts';

const MAX_PROBES = 16;
/** Together far more than the messages of a broker have; who sends more only makes everybody's names new again. */
const MAX_WORDS = 4096;
const MAX_LETTERS = 32 * 1024;
const MAX_STAMP = 2 ** 29;

/** Different in every process, so that nobody can prepare collisions. */
const HASH_SEED = (Math.random() * 0x7fffffff) | 0;
/** By how many bytes are left of a word: which bits of four bytes are its own. */
const MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff);

/**
 * Every name, prefix and namespace name that documents have had lately, as numbers. Kept from one document to the next,
 * because the next one has the same: its names are checked, taken apart and made into strings already.
 */
export class Lexicon {
  /** The rows of all words. Whatever adds a word may put a longer one in its place. */
  cells = new Int32Array(WORD_WIDTH * 256);
  /** The bytes of the words, four to a number: that is how they are compared. */
  #letters = new Int32Array(1024);
  #letterCount = 0;
  /** The stamp of the last start tag with attributes, of any document. */
  stamp = 0;
  readonly #texts: string[] = [];
  /** A hash table: a power of two. */
  #slots = new Int32Array(256);
  /** Words whose place in the slots was too far away: whoever collides on purpose ends up in here, and costs no more. */
  #crowded: Map<string, number> | undefined;
  readonly #namespaces = ['', XML_NAMESPACE, XMLNS_NAMESPACE];
  readonly #namespaceIds = new Map(this.#namespaces.map((name, id) => [name, id]));

  constructor(desk: Desk) {
    this.#append('', 0);
    desk.lay(Buffer.from('xmlxmlns'));
    this.intern(desk, 0, 3);
    this.intern(desk, 3, 5);
    this.cells[EMPTY_WORD + BINDING] = NO_NAMESPACE + 1;
    this.cells[XML_WORD + BINDING] = XML_NAMESPACE_ID + 1;
  }

  /** Whether it is time for a new one. */
  get isFull(): boolean {
    return this.#texts.length > MAX_WORDS || this.#letterCount > MAX_LETTERS || this.stamp > MAX_STAMP;
  }

  /** The word as text. */
  text(word: number): string {
    return this.#texts[(word / WORD_WIDTH) | 0] ?? '';
  }

  /** The same as text. */
  declaredText(name: number): string {
    return this.text(this.declaredPrefix(name));
  }

  /** Whether an attribute of this name is no namespace declaration. */
  isOrdinary(name: number): boolean {
    return this.cells[name + ROLE] === ORDINARY;
  }

  /** One side of a qualified name as text. */
  part(word: number, column: typeof PREFIX | typeof LOCAL): string {
    return this.text(this.cells[word + column] ?? EMPTY_WORD);
  }

  /** The prefix that a declaration of this name is about. */
  declaredPrefix(name: number): number {
    return this.cells[name + ROLE] === DEFAULT_DECLARATION ? EMPTY_WORD : (this.cells[name + LOCAL] ?? EMPTY_WORD);
  }

  /** The namespace's name; '' for NO_NAMESPACE. */
  namespaceName(namespace: number): string {
    return this.#namespaces[namespace] ?? '';
  }

  /** Whether the bytes of the word stand at `at`. What follows them may go on with the name. */
  isAt(word: number, view: DataView, at: number): boolean {
    const { cells } = this;
    const letters = this.#letters;
    const end = at + (cells[word + LENGTH] ?? 0);
    let letter = cells[word + LETTERS] ?? 0;
    let i = at;
    // No word has a zero in it: behind the document, where zeros stand, none goes on.
    for (; i + 4 <= end; i += 4) if (view.getInt32(i, true) !== letters[letter++]) return false;
    return i === end || (view.getInt32(i, true) & (MASKS[end - i] ?? 0)) === letters[letter];
  }

  /** The word of `length` bytes at `at`. */
  intern(desk: Desk, at: number, length: number, hash = hashAt(desk.view, at, length)): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const word = this.#slots[slot] ?? 0;
      if (word === 0) return this.#add(desk, at, length, hash, slot);
      const isKnown =
        this.cells[word + HASH] === hash && this.cells[word + LENGTH] === length && this.isAt(word, desk.view, at);
      if (isKnown) return word;
      slot = (slot + 1) & mask;
    }
    return this.#internCrowded(desk, at, length, hash);
  }

  /** Checks the name at `at` when it is seen first, and takes it apart. False if it is no qualified name. */
  takeApart(word: number, desk: Desk, at: number): boolean {
    const { bytes } = desk;
    const end = at + (this.cells[word + LENGTH] ?? 0);
    const colon = bytes.subarray(at, end).lastIndexOf(COLON);
    if (!isNameAt(bytes, at, end, this.text(word))) return false;
    const prefix = colon < 0 ? EMPTY_WORD : this.intern(desk, at, colon);
    const local = colon < 0 ? word : this.intern(desk, at + colon + 1, end - at - colon - 1);
    const named = prefix === XMLNS_WORD ? PREFIX_DECLARATION : ORDINARY;
    const role = word === XMLNS_WORD ? DEFAULT_DECLARATION : named;
    this.cells[word + PREFIX] = prefix;
    this.cells[word + LOCAL] = local;
    this.cells[word + ROLE] = role;
    return true;
  }

  /** The namespace that the word names as the value of a declaration; `decode` resolves its references. */
  namespaceOf(word: number, decode: (raw: string) => string): number {
    const known = this.cells[word + NAMED] ?? 0;
    if (known !== 0) return known - 1;
    // Names that are equal only after references and white space are resolved must get the same number.
    const name = decode(this.text(word));
    const namespace = this.#namespaceIds.get(name) ?? this.#namespaces.push(name) - 1;
    this.#namespaceIds.set(name, namespace);
    this.cells[word + NAMED] = namespace + 1;
    return namespace;
  }

  #add(desk: Desk, at: number, length: number, hash: number, slot: number): number {
    const word = this.#append(desk.bytes.toString('utf8', at, at + length), length, hash);
    this.#keepLetters(desk.view, at, length);
    this.#slots[slot] = word;
    if (this.#texts.length * 2 > this.#slots.length) this.#spread();
    return word;
  }

  #append(text: string, length: number, hash = 0): number {
    const word = this.#texts.length * WORD_WIDTH;
    if (word + WORD_WIDTH > this.cells.length) this.cells = longer(this.cells);
    this.cells[word + LETTERS] = this.#letterCount;
    this.cells[word + LENGTH] = length;
    this.cells[word + HASH] = hash;
    this.#texts.push(text);
    return word;
  }

  #keepLetters(view: DataView, at: number, length: number): void {
    const count = this.#letterCount + Math.ceil(length / 4);
    while (count > this.#letters.length) this.#letters = longer(this.#letters);
    const whole = length & ~3;
    for (let i = 0; i < whole; i += 4) this.#letters[this.#letterCount++] = view.getInt32(at + i, true);
    if (whole === length) return;
    this.#letters[this.#letterCount++] = view.getInt32(at + whole, true) & (MASKS[length - whole] ?? 0);
  }

  #internCrowded(desk: Desk, at: number, length: number, hash: number): number {
    this.#crowded ??= new Map();
    // latin1 tells any two byte sequences apart, and is the cheapest to make.
    const key = desk.bytes.toString('latin1', at, at + length);
    const known = this.#crowded.get(key);
    if (known !== undefined) return known;
    const word = this.#append(desk.bytes.toString('utf8', at, at + length), length, hash);
    this.#keepLetters(desk.view, at, length);
    this.#crowded.set(key, word);
    return word;
  }

  #spread(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    const words = this.#texts.length;
    for (let index = 1; index < words; index++) this.#place(index * WORD_WIDTH);
  }

  #place(word: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.cells[word + HASH] ?? 0) & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      if (this.#slots[slot] === 0) {
        this.#slots[slot] = word;
        return;
      }
      slot = (slot + 1) & mask;
    }
    this.#crowded ??= new Map();
    this.#crowded.set(Buffer.from(this.text(word)).toString('latin1'), word);
  }
}

function longer(cells: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(cells.length * 2);
  longer.set(cells);
  return longer;
}

/** Whether the bytes, which are known to be of the classes NAME_START and NAME, are a qualified name. */
function isNameAt(bytes: Buffer, at: number, end: number, text: string): boolean {
  let colon = -1;
  for (let i = at; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x80) return isQualifiedName(text);
    if (byte !== COLON) continue;
    if (colon >= 0 || i === at || i + 1 === end || NAME_START[bytes[i + 1] ?? 0] !== 1) return false;
    colon = i;
  }
  return true;
}

function hashAt(view: DataView, at: number, length: number): number {
  let hash = HASH_SEED ^ length;
  const end = at + length;
  let i = at;
  for (; i + 4 <= end; i += 4) hash = mixed(hash, view.getInt32(i, true));
  if (i < end) hash = mixed(hash, view.getInt32(i, true) & (MASKS[end - i] ?? 0));
  return hash ^ (hash >>> 16);
}

function mixed(hash: number, letters: number): number {
  const product = Math.imul(hash ^ letters, 0x2c1b3c6d);
  return product ^ (product >>> 13);
}
