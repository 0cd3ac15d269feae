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
import type { XmlLimits } from './limits.ts';
import type { Namespaces } from './namespaces.ts';
import type { Recorder } from './recorder.ts';
import { decodeAttributeValue } from './references.ts';
import type { Source } from './source.ts';
import { isSpelledAt } from './spelling.ts';
import { ATTRIBUTE_NAME, ATTRIBUTE_NAMESPACE, ATTRIBUTE_WIDTH, ELEMENT_WIDTH, NONE, VALUE_START } from './tape.ts';
import { NO_NAMESPACE, type Name, type NamespaceName, type Word } from './words.ts';

// Up to here comparing every attribute with every other is cheaper than a set.
const FEW_ATTRIBUTES = 8;

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
  readonly #maxNameBytes: number;
  /** The element of the last tag. */
  element = NONE;
  #elementCount = 0;
  /** The last name that was read. */
  #last: Name;
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
    this.#maxNameBytes = limits.maxNameBytes;
    this.#last = lexicon.start;
  }

  /** Reads the tag whose "<" is at `at` into a new child of `parent`. Returns the offset behind its ">". */
  read(at: number, parent: number): number {
    const bytes = this.#bytes;
    const name = this.#readName(at);
    if (++this.#elementCount > this.#limits.maxElements) throw this.#tooMany(this.#limits.maxElements, 'elements', at);
    const element = this.#recorder.open(at, name.id, parent);
    this.element = element;
    let i = at + 1 + name.length;
    if (bytes[i] !== GREATER_THAN) i = this.#readAttributes(i, element);
    if (bytes[i] === SLASH && bytes[++i] !== GREATER_THAN) throw this.#source.unexpected(i, '">" behind "/"');
    const namespace = name.prefix.binding;
    if (namespace < NO_NAMESPACE) throw this.#undeclared(name.prefix, at + 1);
    this.#recorder.closeStartTag(element, i + 1, namespace, this.#namespaces.innermost);
    return i + 1;
  }

  /** Reads the name of the element whose "<" is at `at`. */
  #readName(at: number): Name {
    // What came behind the last name before is mostly what comes now: then its bytes are compared, and that is all.
    const last = this.#last;
    const { next, otherNext } = last;
    if (next !== undefined && this.#isStartAt(next, at)) return next;
    if (otherNext === undefined || !this.#isStartAt(otherNext, at)) {
      return this.#lookUpName(at + 1, true);
    }
    last.next = otherNext;
    last.otherNext = next;
    return otherNext;
  }

  /** Whether this is the name of the element whose "<" is at `at`; then it has been read. */
  #isStartAt(name: Name, at: number): boolean {
    const { asStart } = name;
    if (!isSpelledAt(asStart, this.#view, at)) return false;
    const behind = this.#bytes[at + asStart.length] ?? 0;
    if (behind !== GREATER_THAN && NAME[behind] === 1) return false;
    if (name.length > this.#maxNameBytes) return false;
    this.#last = name;
    return true;
  }

  /** Reads the name of an element or an attribute from `at` on, whichever it is. */
  #lookUpName(at: number, ofElement: boolean): Name {
    const bytes = this.#bytes;
    const lexicon = this.#lexicon;
    if (NAME_START[bytes[at] ?? 0] !== 1) {
      throw this.#source.unexpected(at, ofElement ? 'the name of an element' : 'an attribute, ">" or "/>"');
    }
    let i = at + 1;
    while (NAME[bytes[i] ?? 0] === 1) i++;
    const limit = this.#maxNameBytes;
    if (i - at > limit) {
      throw this.#source.error('limit', `Expected names of at most ${limit} bytes, found ${i - at}`, at);
    }
    const word = lexicon.intern(this.#desk, at, i - at);
    const isNew = word.name === undefined;
    const name = lexicon.takeApart(word, this.#desk, at);
    if (name === undefined) throw this.#notAName(word, at);
    if (!isNew) this.#expect(name, ofElement);
    this.#last = name;
    return name;
  }

  /** Notes that this name came behind the last one. */
  #expect(name: Name, asElement: boolean): void {
    const last = this.#last;
    this.#lexicon.spellOut(name, asElement);
    if (last.next === name) return;
    last.otherNext = last.next;
    last.next = name;
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
      let name = this.#last.next;
      let start: number;
      if (name !== undefined && this.#isAttributeAt(name, i)) start = i + name.asAttribute.length;
      else {
        const at = skipWhite(bytes, i);
        const byte = bytes[at];
        if (byte === GREATER_THAN || byte === SLASH) {
          if (this.#prefixedCount > 0) this.#resolvePrefixes(element);
          return at;
        }
        if (at === i) throw this.#source.unexpected(i, 'white space, ">" or "/>"');
        start = this.#lookUpAttribute(at);
        name = this.#last;
      }
      if (name.declares === undefined) i = this.#readAttribute(name, start);
      else i = this.#readDeclaration(name, name.declares, start);
    }
  }

  /** Whether ` name="` stands at `at`; then it has been read. */
  #isAttributeAt(name: Name, at: number): boolean {
    if (!isSpelledAt(name.asAttribute, this.#view, at) || name.length > this.#maxNameBytes) return false;
    this.#last = name;
    return true;
  }

  /** Reads what stands before the value of an attribute whose name is at `at`. Returns the offset of the value. */
  #lookUpAttribute(at: number): number {
    const last = this.#last;
    const { next, otherNext } = last;
    // Behind other white space the last of it may still be a space.
    if (next !== undefined && this.#isAttributeAt(next, at - 1)) return at - 1 + next.asAttribute.length;
    if (otherNext !== undefined && this.#isAttributeAt(otherNext, at - 1)) {
      last.next = otherNext;
      last.otherNext = next;
      return at - 1 + otherNext.asAttribute.length;
    }
    const name = this.#lookUpName(at, false);
    return this.#findQuote(at + name.length) + 1;
  }

  /** The offset of the quote in what stands between the name of an attribute and its value. */
  #findQuote(from: number): number {
    const bytes = this.#bytes;
    const equals = skipWhite(bytes, from);
    if (bytes[equals] !== EQUALS) throw this.#source.unexpected(equals, '"=" behind the name of an attribute');
    const quote = skipWhite(bytes, equals + 1);
    if (bytes[quote] === QUOTE || bytes[quote] === APOSTROPHE) return quote;
    throw this.#source.unexpected(quote, 'a quoted attribute value');
  }

  /** Reads the value of an attribute, which begins at `start`. Returns the offset behind its closing quote. */
  #readAttribute(name: Name, start: number): number {
    const end = this.#characterData.scanAttributeValue(start, this.#bytes[start - 1] ?? 0);
    const { stamp } = this.#lexicon;
    if (++this.#attributeCount > this.#maxAttributes) {
      throw this.#tooMany(this.#maxAttributes, 'attributes', this.#nameOffset(start));
    }
    if (name.seenIn === stamp) throw this.#repeated(name, this.#nameOffset(start));
    name.seenIn = stamp;
    if (name.prefix !== this.#lexicon.empty) this.#prefixedCount++;
    this.#recorder.addAttribute(name.id, NO_NAMESPACE, start, end);
    return end + 1;
  }

  /** Reads the value of a declaration, which begins at `start`. Returns the offset behind its closing quote. */
  #readDeclaration(name: Name, prefix: Word, start: number): number {
    const lexicon = this.#lexicon;
    const limit = this.#limits.maxNamespaceDeclarations;
    if (++this.#declarationCount > limit) {
      throw this.#tooMany(limit, 'namespace declarations', this.#nameOffset(start));
    }
    const quote = this.#bytes[start - 1] ?? 0;
    const guessed = quote === QUOTE ? name.value?.closed : undefined;
    const isGuessed = guessed !== undefined && isSpelledAt(guessed, this.#view, start);
    const behind = isGuessed ? start + guessed.length : this.#characterData.scanAttributeValue(start, quote) + 1;
    if (!isGuessed) name.value = this.#lookUpNamespace(start, behind - 1);
    const namespace = name.value?.namespace ?? NO_NAMESPACE;
    if (name.seenIn === lexicon.stamp) throw this.#repeated(name, start);
    name.seenIn = lexicon.stamp;
    this.#namespaces.declare(name, prefix, namespace, start);
    return behind;
  }

  /** The value of a declaration; undefined = it is empty. */
  #lookUpNamespace(start: number, end: number): NamespaceName | undefined {
    if (end === start) return undefined;
    const lexicon = this.#lexicon;
    return lexicon.namespaceOf(lexicon.intern(this.#desk, start, end - start), decodeAttributeValue);
  }

  /** Resolves the prefixes of the attributes of `element`, and looks for two with the same expanded name. */
  #resolvePrefixes(element: number): void {
    const recorder = this.#recorder;
    const first = element + ELEMENT_WIDTH;
    const end = recorder.top;
    for (let i = first; i < end; i += ATTRIBUTE_WIDTH) {
      // The default namespace is not for attributes (Namespaces in XML 1.0 §6.2).
      if (!this.#isPrefixed(i)) continue;
      const { prefix } = this.#nameOf(i);
      const namespace = prefix.binding;
      if (namespace < NO_NAMESPACE) throw this.#undeclared(prefix, this.#nameOffset(recorder.at(i, VALUE_START)));
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
      const { local } = this.#nameOf(i);
      for (let j = first; j < i; j += ATTRIBUTE_WIDTH) {
        const isSame = this.#nameOf(j).local === local && this.#recorder.at(j, ATTRIBUTE_NAMESPACE) === namespace;
        if (isSame && this.#isPrefixed(j)) throw this.#repeatedAt(i);
      }
    }
  }

  #refuseRepeatsBySet(first: number, end: number): void {
    const seen = new Set<string>();
    for (let i = first; i < end; i += ATTRIBUTE_WIDTH) {
      if (!this.#isPrefixed(i)) continue;
      const { size } = seen;
      seen.add(`${this.#recorder.at(i, ATTRIBUTE_NAMESPACE)} ${this.#nameOf(i).local.text}`);
      if (seen.size === size) throw this.#repeatedAt(i);
    }
  }

  /** Whether this is an attribute, and no declaration, whose name has a prefix. */
  #isPrefixed(attribute: number): boolean {
    const name = this.#nameOf(attribute);
    return name.declares === undefined && name.prefix !== this.#lexicon.empty;
  }

  #nameOf(attribute: number): Name {
    return this.#lexicon.name(this.#recorder.at(attribute, ATTRIBUTE_NAME));
  }

  #tooMany(limit: number, what: string, at: number): Error {
    return this.#source.error('limit', `Expected at most ${limit} ${what}, found more`, at);
  }

  #repeated(name: Name, offset: number): Error {
    return this.#source.malformed(`Expected every attribute once, found "${name.text.slice(0, 60)}" twice`, offset);
  }

  #repeatedAt(attribute: number): Error {
    return this.#repeated(this.#nameOf(attribute), this.#nameOffset(this.#recorder.at(attribute, VALUE_START)));
  }

  #undeclared(prefix: Word, offset: number): Error {
    const found = prefix.text.slice(0, 60);
    return this.#source.malformed(`Expected a prefix that is declared here, found "${found}"`, offset);
  }

  #notAName({ text }: Word, offset: number): Error {
    const found = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    return this.#source.malformed(`Expected a qualified name, found "${found}"`, offset);
  }

  /** Where the name of the attribute stands whose value begins at `start`; found again, because only errors ask. */
  #nameOffset(start: number): number {
    const bytes = this.#bytes;
    let i = start - 2;
    while (bytes[i] !== EQUALS) i--;
    i--;
    while (WHITE[bytes[i] ?? 0] === 1) i--;
    while (NAME[bytes[i] ?? LESS_THAN] === 1) i--;
    return i + 1;
  }
}
