import { APOSTROPHE, EQUALS, GREATER_THAN, LESS_THAN, NAME, NAME_START, QUOTE, SLASH, WHITE } from './characters.ts';
import type { CharacterData } from './character-data.ts';
import type { XmlLimits } from './limits.ts';
import { type Namespaces, UNDECLARED } from './namespaces.ts';
import type { Source } from './source.ts';
import type { Tape } from './tape.ts';
import { DEFAULT_DECLARATION, EMPTY_WORD, HASH_SEED, nextHash, ORDINARY, type Words } from './words.ts';

// Up to here comparing every attribute with every other is cheaper than a set.
const FEW_ATTRIBUTES = 8;

/** The offset of the first byte from `from` on that is no white space. */
export function skipWhite(source: Source, from: number): number {
  const { bytes, end } = source;
  let i = from;
  while (i < end && WHITE[bytes[i] ?? 0] === 1) i++;
  return i;
}

/** Reads start tags and empty-element tags onto the tape. */
export class StartTags {
  readonly #source: Source;
  readonly #characterData: CharacterData;
  readonly #words: Words;
  readonly #tape: Tape;
  readonly #namespaces: Namespaces;
  readonly #limits: XmlLimits;
  /** Whether the last tag was an empty-element tag. */
  wasEmpty = false;
  #wordEnd = 0;
  #declarationCount = 0;

  constructor(
    source: Source,
    characterData: CharacterData,
    words: Words,
    tape: Tape,
    namespaces: Namespaces,
    limits: XmlLimits,
  ) {
    this.#source = source;
    this.#characterData = characterData;
    this.#words = words;
    this.#tape = tape;
    this.#namespaces = namespaces;
    this.#limits = limits;
  }

  /** Reads the tag whose "<" is at `at` into a new child of `parent`. Returns the offset behind its ">". */
  read(at: number, parent: number): number {
    const { bytes } = this.#source;
    const word = this.#readName(at + 1, 'the name of an element');
    this.#words.roleOf(word);
    if (this.#tape.elementCount >= this.#limits.maxElements) {
      throw this.#source.error('limit', `Expected at most ${this.#limits.maxElements} elements, found more`, at);
    }
    const element = this.#tape.open(at, word, parent);
    let i = this.#wordEnd;
    if (bytes[i] !== GREATER_THAN) i = this.#readAttributes(i, element);
    this.wasEmpty = bytes[i] === SLASH;
    if (this.wasEmpty && bytes[++i] !== GREATER_THAN) throw this.#source.unexpected(i, '">" behind "/"');
    const prefix = this.#words.prefixOf(word);
    const namespace = this.#namespaces.resolve(prefix);
    if (namespace === UNDECLARED) throw this.#namespaces.undeclared(prefix, at + 1);
    this.#tape.closeStartTag(element, i + 1, namespace);
    return i + 1;
  }

  /** Reads a name from `at` on; #wordEnd is where it ends. */
  #readName(at: number, expected: string): number {
    const { bytes, end } = this.#source;
    const first = bytes[at] ?? 0;
    if (NAME_START[first] !== 1) throw this.#source.unexpected(at, expected);
    let hash = nextHash(HASH_SEED, first);
    let i = at + 1;
    for (; i < end; i++) {
      const byte = bytes[i] ?? 0;
      if (NAME[byte] !== 1) break;
      hash = nextHash(hash, byte);
    }
    if (i - at > this.#limits.maxNameBytes) {
      throw this.#source.error(
        'limit',
        `Expected names of at most ${this.#limits.maxNameBytes} bytes, found ${i - at}`,
        at,
      );
    }
    this.#wordEnd = i;
    return this.#words.intern(at, i, hash);
  }

  /** Reads what stands between the name and the ">" or "/>". Returns the offset of the ">" or "/". */
  #readAttributes(from: number, element: number): number {
    const { bytes } = this.#source;
    const first = this.#tape.attributeCount;
    this.#declarationCount = 0;
    let i = from;
    for (;;) {
      const next = skipWhite(this.#source, i);
      const byte = bytes[next];
      if (byte === GREATER_THAN || byte === SLASH) {
        if (this.#tape.attributeCount > first) this.#finishAttributes(first);
        return next;
      }
      if (next === i) throw this.#source.unexpected(i, 'white space, ">" or "/>"');
      i = this.#readAttribute(next, element, first);
    }
  }

  /** Reads one attribute or namespace declaration. Returns the offset behind its closing quote. */
  #readAttribute(at: number, element: number, first: number): number {
    const source = this.#source;
    const { bytes } = source;
    const word = this.#readName(at, 'an attribute, ">" or "/>"');
    const role = this.#words.roleOf(word);
    let i = this.#wordEnd;
    if (bytes[i] !== EQUALS) i = skipWhite(source, i);
    if (bytes[i] !== EQUALS) throw source.unexpected(i, '"=" behind the name of an attribute');
    i++;
    if (WHITE[bytes[i] ?? 0] === 1) i = skipWhite(source, i);
    const quote = bytes[i] ?? 0;
    if (quote !== QUOTE && quote !== APOSTROPHE) throw source.unexpected(i, 'a quoted attribute value');
    const start = i + 1;
    const end = this.#characterData.scanAttributeValue(start, quote);
    if (role === ORDINARY) this.#addAttribute(word, start, end, first, at);
    else this.#addDeclaration(word, role, start, end, element, at);
    return end + 1;
  }

  #addAttribute(word: number, start: number, end: number, first: number, at: number): void {
    const limit = this.#limits.maxAttributes;
    if (this.#tape.attributeCount - first >= limit) {
      throw this.#source.error('limit', `Expected at most ${limit} attributes, found more`, at);
    }
    this.#tape.addAttribute(word, start, end);
  }

  #addDeclaration(word: number, role: number, start: number, end: number, element: number, at: number): void {
    const limit = this.#limits.maxNamespaceDeclarations;
    if (++this.#declarationCount > limit) {
      throw this.#source.error('limit', `Expected at most ${limit} namespace declarations, found more`, at);
    }
    const prefix = role === DEFAULT_DECLARATION ? EMPTY_WORD : this.#words.declaredPrefixOf(word);
    this.#namespaces.declare(element, prefix, start, end);
  }

  /** Resolves the prefixes of the attributes from `first` on, and looks for one that is there twice. */
  #finishAttributes(first: number): void {
    const tape = this.#tape;
    const count = tape.attributeCount;
    for (let i = first; i < count; i++) {
      const prefix = this.#words.prefixOf(tape.attributeWord(i));
      // The default namespace is not for attributes (Namespaces in XML 1.0 §6.2).
      if (prefix === EMPTY_WORD) continue;
      const namespace = this.#namespaces.resolve(prefix);
      if (namespace === UNDECLARED) throw this.#namespaces.undeclared(prefix, this.#nameOffset(i));
      tape.setAttributeNamespace(i, namespace);
    }
    if (count - first > FEW_ATTRIBUTES) this.#refuseRepeatsBySet(first, count);
    else if (count - first > 1) this.#refuseRepeats(first, count);
  }

  #refuseRepeats(first: number, count: number): void {
    const tape = this.#tape;
    for (let i = first + 1; i < count; i++) {
      const local = this.#words.localOf(tape.attributeWord(i));
      const namespace = tape.attributeNamespace(i);
      for (let j = first; j < i; j++) {
        const isRepeat =
          this.#words.localOf(tape.attributeWord(j)) === local && tape.attributeNamespace(j) === namespace;
        if (isRepeat) throw this.#repeated(i);
      }
    }
  }

  #refuseRepeatsBySet(first: number, count: number): void {
    const seen = new Set<number>();
    for (let i = first; i < count; i++) {
      const local = this.#words.localOf(this.#tape.attributeWord(i));
      seen.add(this.#tape.attributeNamespace(i) * 2 ** 31 + local);
      if (seen.size !== i - first + 1) throw this.#repeated(i);
    }
  }

  #repeated(attribute: number): Error {
    const name = this.#words.text(this.#tape.attributeWord(attribute)).slice(0, 60);
    return this.#source.malformed(`Expected every attribute once, found "${name}" twice`, this.#nameOffset(attribute));
  }

  /** Where the name of an attribute stands; found again, because only errors ask. */
  #nameOffset(attribute: number): number {
    const { bytes } = this.#source;
    let i = this.#tape.valueStartOf(attribute) - 2;
    while (bytes[i] !== EQUALS) i--;
    i--;
    while (WHITE[bytes[i] ?? 0] === 1) i--;
    while (NAME[bytes[i] ?? LESS_THAN] === 1) i--;
    return i + 1;
  }
}
