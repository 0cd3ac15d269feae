import { COLON, isQualifiedName, NAME_START } from './characters.ts';
import type { Desk } from './desk.ts';
import { isTextAt, NEVER, spell, type Spelling } from './spelling.ts';
import {
  NO_NAMESPACE,
  UNDECLARED,
  XML_NAMESPACE,
  XML_NAMESPACE_ID,
  XMLNS_NAMESPACE,
  type Name,
  type NamespaceName,
  type Word,
} from './words.ts';

const MAX_PROBES = 16;
/** Together far more than the messages of a broker have; who sends more only makes everybody's names new again. */
const MAX_WORDS = 4096;
const MAX_BYTES = 128 * 1024;
/** Longer names of namespaces are not guessed. */
const MAX_GUESSED = 256;
const MAX_STAMP = 2 ** 29;

/** Different in every process, so that nobody can prepare collisions. */
const HASH_SEED = (Math.random() * 0x7fffffff) | 0;

/**
 * Every name, prefix and namespace name that documents have had lately. Kept from one document to the next, because the next
 * one has the same: its names are checked, taken apart and made into strings already.
 */
export class Lexicon {
  /** By their ids. */
  readonly names: Name[] = [];
  /** No prefix, and the two that Namespaces in XML 1.0 §3 reserves. */
  readonly empty: Word;
  readonly xml: Word;
  readonly xmlns: Word;
  /** What stands before the first name of a document. */
  readonly start: Name;
  /** The stamp of the last start tag with attributes, of any document. */
  stamp = 0;
  readonly #words: Word[] = [];
  #byteCount = 0;
  /** A hash table: indices of words + 1, in a power of two. */
  #slots = new Int32Array(256);
  /** Words whose place in the slots was too far away: whoever collides on purpose ends up in here, and costs no more. */
  #crowded: Map<string, Word> | undefined;
  readonly #namespaces = ['', XML_NAMESPACE, XMLNS_NAMESPACE];
  readonly #namespaceIds = new Map(this.#namespaces.map((name, id) => [name, id]));

  constructor(desk: Desk) {
    desk.lay(Buffer.from('xmlxmlns'));
    this.empty = this.intern(desk, 0, 0);
    this.xml = this.intern(desk, 0, 3);
    this.xmlns = this.intern(desk, 3, 5);
    this.empty.binding = NO_NAMESPACE;
    this.xml.binding = XML_NAMESPACE_ID;
    this.start = this.#makeName(this.empty, this.empty, this.empty);
  }

  /** Whether it is time for a new one. */
  get isFull(): boolean {
    return this.#words.length > MAX_WORDS || this.#byteCount > MAX_BYTES || this.stamp > MAX_STAMP;
  }

  /** The name with this id. */
  name(id: number): Name {
    return this.names[id] ?? this.start;
  }

  /** The namespace's name; '' for NO_NAMESPACE. */
  namespaceName(namespace: number): string {
    return this.#namespaces[namespace] ?? '';
  }

  /** The word of `length` bytes at `at`. */
  intern(desk: Desk, at: number, length: number, hash = hashAt(desk.view, at, length)): Word {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const word = this.#words[(this.#slots[slot] ?? 0) - 1];
      if (word === undefined) return this.#add(desk, at, length, hash, slot);
      const mayBe = word.hash === hash && word.length === length;
      if (mayBe && isTextAt(word.text, length, desk.bytes, at)) return word;
      slot = (slot + 1) & mask;
    }
    return this.#internCrowded(desk, at, length, hash);
  }

  /** The word at `at` as a name: checked and taken apart when it is seen first. Undefined if it is no qualified name. */
  takeApart(word: Word, desk: Desk, at: number): Name | undefined {
    if (word.name !== undefined) return word.name;
    const { bytes } = desk;
    const end = at + word.length;
    if (!isNameAt(bytes, at, end, word.text)) return undefined;
    const colon = bytes.subarray(at, end).lastIndexOf(COLON);
    const prefix = colon < 0 ? this.empty : this.intern(desk, at, colon);
    const local = colon < 0 ? word : this.intern(desk, at + colon + 1, end - at - colon - 1);
    word.name = this.#makeName(word, prefix, local);
    return word.name;
  }

  /**
   * Makes the name one that is compared quickly as the name of an element, or as that of an attribute. Not when it is met
   * first: where all names are new, most of them never come again. Nor when there are too many already.
   */
  spellOut(name: Name, asElement: boolean): void {
    const { text } = name;
    if (this.isFull || (asElement ? name.asStart : name.asAttribute) !== NEVER) return;
    this.#byteCount += name.length;
    if (asElement) {
      name.asStart = spell(`<${text}`);
      name.asEnd = spell(`</${text}>`);
    } else name.asAttribute = spell(` ${text}="`);
  }

  /** What the word means as the value of a declaration; `decode` resolves its references. */
  namespaceOf(word: Word, decode: (raw: string) => string): NamespaceName {
    if (word.asValue !== undefined) {
      word.asValue.closed ??= spellClosed(word.text);
      return word.asValue;
    }
    // Names that are equal only after references and white space are resolved must get the same number.
    const name = decode(word.text);
    const namespace = this.#namespaceIds.get(name) ?? this.#namespaces.push(name) - 1;
    this.#namespaceIds.set(name, namespace);
    word.asValue = { namespace, closed: undefined };
    return word.asValue;
  }

  #makeName(word: Word, prefix: Word, local: Word): Name {
    const { text, length } = word;
    const declared = prefix === this.xmlns ? local : undefined;
    const name: Name = {
      id: this.names.length,
      ...{ text, length, prefix, local },
      declares: word === this.xmlns ? this.empty : declared,
      asStart: NEVER,
      asEnd: NEVER,
      asAttribute: NEVER,
      next: undefined,
      otherNext: undefined,
      seenIn: 0,
      value: undefined,
    };
    this.names.push(name);
    return name;
  }

  #makeWord(desk: Desk, at: number, length: number, hash: number): Word {
    const text = desk.bytes.toString('utf8', at, at + length);
    const word: Word = { text, length, hash, name: undefined, binding: UNDECLARED, asValue: undefined };
    this.#words.push(word);
    this.#byteCount += length;
    return word;
  }

  #add(desk: Desk, at: number, length: number, hash: number, slot: number): Word {
    const word = this.#makeWord(desk, at, length, hash);
    this.#slots[slot] = this.#words.length;
    if (this.#words.length * 2 > this.#slots.length) this.#spread();
    return word;
  }

  #internCrowded(desk: Desk, at: number, length: number, hash: number): Word {
    this.#crowded ??= new Map();
    // latin1 tells any two byte sequences apart, and is the cheapest to make.
    const key = desk.bytes.toString('latin1', at, at + length);
    const known = this.#crowded.get(key);
    if (known !== undefined) return known;
    const word = this.#makeWord(desk, at, length, hash);
    this.#crowded.set(key, word);
    return word;
  }

  #spread(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    for (const [index, word] of this.#words.entries()) this.#place(word, index);
  }

  #place(word: Word, index: number): void {
    const mask = this.#slots.length - 1;
    let slot = word.hash & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      if (this.#slots[slot] === 0) {
        this.#slots[slot] = index + 1;
        return;
      }
      slot = (slot + 1) & mask;
    }
    this.#crowded ??= new Map();
    this.#crowded.set(Buffer.from(word.text).toString('latin1'), word);
  }
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

/** The value of a declaration with its closing quote, where it may be guessed: whoever does, does not look for a quote before. */
function spellClosed(value: string): Spelling | undefined {
  return value.length <= MAX_GUESSED && !value.includes('"') ? spell(`${value}"`) : undefined;
}

/** By how many bytes are left of a word: which bits of four bytes are its own. */
const MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff);

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
