import {
  APOSTROPHE,
  EQUALS,
  GREATER_THAN,
  LESS_THAN,
  NAME,
  NAME_START,
  QUOTE,
  SLASH,
  SPACE,
  WHITE,
} from './characters.ts';
import type { CharacterData } from './character-data.ts';
import type { Desk } from './desk.ts';
import type { Lexicon } from './lexicon.ts';
import {
  BINDING,
  EMPTY_WORD,
  LENGTH,
  LOCAL,
  NEXT,
  NO_NAMESPACE,
  ORDINARY,
  OTHER_NEXT,
  PREFIX,
  ROLE,
  SEEN_IN,
  VALUE,
} from './words.ts';
import type { XmlLimits } from './limits.ts';
import type { Namespaces } from './namespaces.ts';
import type { Recorder } from './recorder.ts';
import { decodeAttributeValue } from './references.ts';
import type { Source } from './source.ts';
import { ATTRIBUTE_NAME, ATTRIBUTE_NAMESPACE, ATTRIBUTE_WIDTH, ELEMENT_WIDTH, NONE, VALUE_START } from './tape.ts';

// Up to here comparing every attribute with every other is cheaper than a set.
const FEW_ATTRIBUTES = 8;
const MAX_GUESSED_BYTES = 256;

/** What start tags are read with. */
export interface Workplace {
  readonly source: Source;
  readonly desk: Desk;
  readonly lexicon: Lexicon;
  readonly recorder: Recorder;
  readonly characterData: CharacterData;
  readonly namespaces: Namespaces;
  readonly limits: XmlLimits;
}

/** The offset of the first byte from `from` on that is no white space, of bytes that end with something else. */
export function skipWhite(bytes: Buffer, from: number): number {
  let i = from;
  for (;;) {
    const byte = bytes[i] ?? 0;
    if (byte > SPACE || (byte !== SPACE && WHITE[byte] === 0)) return i;
    i++;
  }
}

/** Reads start tags and empty-element tags onto the tape. */
export class StartTags {
  readonly #source: Source;
  readonly #desk: Desk;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #lexicon: Lexicon;
  readonly #recorder: Recorder;
  readonly #characterData: CharacterData;
  readonly #namespaces: Namespaces;
  readonly #limits: XmlLimits;
  readonly #maxAttributes: number;
  /** The element of the last tag. */
  element = NONE;
  #elementCount = 0;
  /** The last name that was read, and where it ended. */
  #name = EMPTY_WORD;
  #nameEnd = 0;
  /** What the tag that is being read has. */
  #declarationCount = 0;
  #attributeCount = 0;
  #prefixedCount = 0;

  constructor({ source, desk, lexicon, recorder, characterData, namespaces, limits }: Workplace) {
    this.#source = source;
    this.#desk = desk;
    this.#bytes = desk.bytes;
    this.#view = desk.view;
    this.#lexicon = lexicon;
    this.#recorder = recorder;
    this.#characterData = characterData;
    this.#namespaces = namespaces;
    this.#limits = limits;
    this.#maxAttributes = limits.maxAttributes;
  }

  /** Reads the tag whose "<" is at `at` into a new child of `parent`. Returns the offset behind its ">". */
  read(at: number, parent: number): number {
    const bytes = this.#bytes;
    const word = this.#readName(at + 1, 'the name of an element');
    if (++this.#elementCount > this.#limits.maxElements) throw this.#tooMany(this.#limits.maxElements, 'elements', at);
    const element = this.#recorder.open(at, word, parent);
    this.element = element;
    let i = this.#nameEnd;
    if (bytes[i] !== GREATER_THAN) i = this.#readAttributes(i, element);
    if (bytes[i] === SLASH && bytes[++i] !== GREATER_THAN) throw this.#source.unexpected(i, '">" behind "/"');
    const { cells } = this.#lexicon;
    const prefix = cells[word + PREFIX] ?? 0;
    const namespace = (cells[prefix + BINDING] ?? 0) - 1;
    if (namespace < NO_NAMESPACE) throw this.#undeclared(prefix, at + 1);
    this.#recorder.closeStartTag(element, i + 1, namespace, this.#namespaces.innermost);
    return i + 1;
  }

  /** Reads a name from `at` on; #nameEnd is where it ends. */
  #readName(at: number, expected: string): number {
    const { cells } = this.#lexicon;
    // What came behind the last name before is mostly what comes now: then its bytes are compared, and that is all.
    const last = this.#name;
    const guess = cells[last + NEXT] ?? EMPTY_WORD;
    if (this.#isNameAt(guess, at)) return guess;
    const other = cells[last + OTHER_NEXT] ?? EMPTY_WORD;
    if (!this.#isNameAt(other, at)) return this.#lookUpName(at, expected);
    cells[last + NEXT] = other;
    cells[last + OTHER_NEXT] = guess;
    return other;
  }

  /** Whether the name at `at` is this one; then it has been read. */
  #isNameAt(word: number, at: number): boolean {
    if (word === EMPTY_WORD || !this.#lexicon.isAt(word, this.#view, at)) return false;
    const length = this.#lexicon.cells[word + LENGTH] ?? 0;
    if (NAME[this.#bytes[at + length] ?? 0] === 1 || length > this.#limits.maxNameBytes) return false;
    this.#name = word;
    this.#nameEnd = at + length;
    return true;
  }

  #lookUpName(at: number, expected: string): number {
    const bytes = this.#bytes;
    const lexicon = this.#lexicon;
    if (NAME_START[bytes[at] ?? 0] !== 1) throw this.#source.unexpected(at, expected);
    let i = at + 1;
    while (NAME[bytes[i] ?? 0] === 1) i++;
    const limit = this.#limits.maxNameBytes;
    if (i - at > limit) {
      throw this.#source.error('limit', `Expected names of at most ${limit} bytes, found ${i - at}`, at);
    }
    const word = lexicon.intern(this.#desk, at, i - at);
    const isNew = lexicon.cells[word + ROLE] === 0;
    if (isNew && !lexicon.takeApart(word, this.#desk, at)) throw this.#notAName(word, at);
    const { cells } = lexicon;
    cells[this.#name + OTHER_NEXT] = cells[this.#name + NEXT] ?? EMPTY_WORD;
    cells[this.#name + NEXT] = word;
    this.#name = word;
    this.#nameEnd = i;
    return word;
  }

  /** Reads what stands between the name and the ">" or "/>". Returns the offset of the ">" or "/". */
  #readAttributes(from: number, element: number): number {
    const bytes = this.#bytes;
    this.#lexicon.stamp++;
    this.#declarationCount = 0;
    this.#attributeCount = 0;
    this.#prefixedCount = 0;
    let i = from;
    for (;;) {
      const isOneSpace = bytes[i] === SPACE && (bytes[i + 1] ?? 0) > SPACE;
      const next = isOneSpace ? i + 1 : skipWhite(bytes, i);
      const byte = bytes[next];
      if (byte === GREATER_THAN || byte === SLASH) {
        if (this.#prefixedCount > 0) this.#resolvePrefixes(element);
        return next;
      }
      if (next === i) throw this.#source.unexpected(i, 'white space, ">" or "/>"');
      const word = this.#readName(next, 'an attribute, ">" or "/>"');
      let quoteAt = this.#nameEnd + 1;
      if (bytes[quoteAt - 1] !== EQUALS || bytes[quoteAt] !== QUOTE) quoteAt = this.#findQuote(quoteAt - 1);
      if (this.#lexicon.cells[word + ROLE] === ORDINARY) i = this.#readAttribute(word, quoteAt, next);
      else i = this.#readDeclaration(word, quoteAt, next);
    }
  }

  /** The offset of the quote in what stands between the name of an attribute and its value, where it is not just `="`. */
  #findQuote(from: number): number {
    const bytes = this.#bytes;
    const equals = skipWhite(bytes, from);
    if (bytes[equals] !== EQUALS) throw this.#source.unexpected(equals, '"=" behind the name of an attribute');
    const quote = skipWhite(bytes, equals + 1);
    if (bytes[quote] === QUOTE || bytes[quote] === APOSTROPHE) return quote;
    throw this.#source.unexpected(quote, 'a quoted attribute value');
  }

  /** Reads the value of the attribute `word`, whose name is at `at`. Returns the offset behind its closing quote. */
  #readAttribute(word: number, quoteAt: number, at: number): number {
    const end = this.#characterData.scanAttributeValue(quoteAt + 1, this.#bytes[quoteAt] ?? 0);
    const { cells, stamp } = this.#lexicon;
    if (++this.#attributeCount > this.#maxAttributes) throw this.#tooMany(this.#maxAttributes, 'attributes', at);
    if (cells[word + SEEN_IN] === stamp) throw this.#repeated(word, at);
    cells[word + SEEN_IN] = stamp | 0;
    if (cells[word + PREFIX] !== EMPTY_WORD) this.#prefixedCount++;
    this.#recorder.addAttribute(word, NO_NAMESPACE, quoteAt + 1, end);
    return end + 1;
  }

  /** Reads the value of the declaration `word`, whose name is at `at`. Returns the offset behind its closing quote. */
  #readDeclaration(word: number, quoteAt: number, at: number): number {
    const lexicon = this.#lexicon;
    const limit = this.#limits.maxNamespaceDeclarations;
    if (++this.#declarationCount > limit) throw this.#tooMany(limit, 'namespace declarations', at);
    const start = quoteAt + 1;
    const value = this.#readNamespaceName(word, start, this.#bytes[quoteAt] ?? 0);
    const namespace = value === EMPTY_WORD ? NO_NAMESPACE : lexicon.namespaceOf(value, decodeAttributeValue);
    const { cells, stamp } = lexicon;
    if (cells[word + SEEN_IN] === stamp) throw this.#repeated(word, start);
    cells[word + SEEN_IN] = stamp | 0;
    this.#namespaces.declare(word, namespace, start);
    return start + (cells[value + LENGTH] ?? 0) + 1;
  }

  /** The value of a declaration, as a word. Guessed like a name: it is mostly the same as the last time. */
  #readNamespaceName(word: number, start: number, quote: number): number {
    const lexicon = this.#lexicon;
    const guess = lexicon.cells[word + VALUE] ?? EMPTY_WORD;
    if (guess !== EMPTY_WORD && lexicon.isAt(guess, this.#view, start)) {
      if (this.#bytes[start + (lexicon.cells[guess + LENGTH] ?? 0)] === quote) return guess;
    }
    const end = this.#characterData.scanAttributeValue(start, quote);
    if (end === start) return EMPTY_WORD;
    const value = lexicon.intern(this.#desk, start, end - start);
    // Whoever guesses does not look whether a quote of the other kind has become the closing one.
    const isGuessable = end - start <= MAX_GUESSED_BYTES && !/["']/.test(lexicon.text(value));
    lexicon.cells[word + VALUE] = isGuessable ? value : EMPTY_WORD;
    return value;
  }

  /** Resolves the prefixes of the attributes of `element`, and looks for two with the same expanded name. */
  #resolvePrefixes(element: number): void {
    const recorder = this.#recorder;
    const { cells } = this.#lexicon;
    const first = element + ELEMENT_WIDTH;
    const end = recorder.top;
    for (let i = first; i < end; i += ATTRIBUTE_WIDTH) {
      // The default namespace is not for attributes (Namespaces in XML 1.0 §6.2).
      if (!this.#isPrefixed(i)) continue;
      const prefix = cells[recorder.at(i, ATTRIBUTE_NAME) + PREFIX] ?? 0;
      const namespace = (cells[prefix + BINDING] ?? 0) - 1;
      if (namespace < NO_NAMESPACE) throw this.#undeclared(prefix, this.#nameOffset(i));
      recorder.setNamespace(i, namespace);
    }
    // Names that are the same as they are written were found before, so it takes two with prefixes.
    if (this.#prefixedCount > FEW_ATTRIBUTES) this.#refuseRepeatsBySet(first, end);
    else if (this.#prefixedCount > 1) this.#refuseRepeats(first, end);
  }

  #refuseRepeats(first: number, end: number): void {
    for (let i = first; i < end; i += ATTRIBUTE_WIDTH) {
      if (!this.#isPrefixed(i)) continue;
      const namespace = this.#recorder.at(i, ATTRIBUTE_NAMESPACE);
      const local = this.#localOf(i);
      for (let j = first; j < i; j += ATTRIBUTE_WIDTH) {
        const isSame = this.#localOf(j) === local && this.#recorder.at(j, ATTRIBUTE_NAMESPACE) === namespace;
        if (isSame && this.#isPrefixed(j))
          throw this.#repeated(this.#recorder.at(i, ATTRIBUTE_NAME), this.#nameOffset(i));
      }
    }
  }

  #refuseRepeatsBySet(first: number, end: number): void {
    const seen = new Set<number>();
    for (let i = first; i < end; i += ATTRIBUTE_WIDTH) {
      if (!this.#isPrefixed(i)) continue;
      const size = seen.size;
      seen.add(this.#recorder.at(i, ATTRIBUTE_NAMESPACE) * 2 ** 31 + this.#localOf(i));
      if (seen.size === size) throw this.#repeated(this.#recorder.at(i, ATTRIBUTE_NAME), this.#nameOffset(i));
    }
  }

  /** Whether this is an attribute, and no declaration, whose name has a prefix. */
  #isPrefixed(attribute: number): boolean {
    const { cells } = this.#lexicon;
    const name = this.#recorder.at(attribute, ATTRIBUTE_NAME);
    return cells[name + ROLE] === ORDINARY && cells[name + PREFIX] !== EMPTY_WORD;
  }

  #localOf(attribute: number): number {
    return this.#lexicon.cells[this.#recorder.at(attribute, ATTRIBUTE_NAME) + LOCAL] ?? 0;
  }

  #tooMany(limit: number, what: string, at: number): Error {
    return this.#source.error('limit', `Expected at most ${limit} ${what}, found more`, at);
  }

  #repeated(word: number, offset: number): Error {
    const name = this.#lexicon.text(word).slice(0, 60);
    return this.#source.malformed(`Expected every attribute once, found "${name}" twice`, offset);
  }

  #undeclared(prefix: number, offset: number): Error {
    const found = this.#lexicon.text(prefix).slice(0, 60);
    return this.#source.malformed(`Expected a prefix that is declared here, found "${found}"`, offset);
  }

  #notAName(word: number, offset: number): Error {
    const name = this.#lexicon.text(word);
    const found = name.length > 60 ? `${name.slice(0, 60)}…` : name;
    return this.#source.malformed(`Expected a qualified name, found "${found}"`, offset);
  }

  /** Where the name of an attribute stands; found again, because only errors ask. */
  #nameOffset(attribute: number): number {
    const bytes = this.#bytes;
    let i = this.#recorder.at(attribute, VALUE_START) - 2;
    while (bytes[i] !== EQUALS) i--;
    i--;
    while (WHITE[bytes[i] ?? 0] === 1) i--;
    while (NAME[bytes[i] ?? LESS_THAN] === 1) i--;
    return i + 1;
  }
}
