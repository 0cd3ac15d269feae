import { CharacterData, requireCharacters } from './character-data.ts';
import { EXCLAMATION, GREATER_THAN, LESS_THAN, QUESTION, SLASH, WHITE } from './characters.ts';
import type { XmlLimits } from './limits.ts';
import { Namespaces } from './namespaces.ts';
import { giveBack, takeScratch, type Scratch } from './scratch.ts';
import type { Source } from './source.ts';
import { skipWhite, StartTags } from './start-tag.ts';
import { NONE, Tape } from './tape.ts';
import { Words } from './words.ts';

/** What is expected before and behind the root element, where only comments and white space may stand. */
const PROLOG = 'the root element';
const EPILOG = 'nothing behind the root element';
const COMMENT_START = '<!--';
const CDATA_START = '<![CDATA[';

/** Whether to end behind a start tag. The root's depth is 1. */
export type StopAt = (namespace: string, localName: string, depth: number) => boolean;

/** What one pass over a document has recorded. */
export interface ScannedXml {
  readonly source: Source;
  readonly words: Words;
  readonly tape: Tape;
  readonly namespaces: Namespaces;
  /** False if `stopAt` ended it. */
  readonly isComplete: boolean;
}

/** Reads the document from behind its XML declaration on: prolog, root element, what follows. Throws XmlError. */
export function scanDocument(source: Source, start: number, limits: XmlLimits, stopAt: StopAt | undefined): ScannedXml {
  // What lies behind the end of the reading is for whoever reads it.
  if (stopAt === undefined) requireCharacters(source);
  const scratch = takeScratch();
  try {
    const scanner = new Scanner(source, scratch, limits, stopAt);
    const behind = scanner.readDocument(start);
    if (stopAt !== undefined) requireCharacters(source, behind);
    const { words, tape, namespaces, isComplete } = scanner;
    words.settle();
    tape.settle();
    return { source, words, tape, namespaces, isComplete };
  } finally {
    giveBack(scratch);
  }
}

/** Skips white space and comments outside the root element. Returns the offset of the next tag, or the end. */
function skipMisc(source: Source, characterData: CharacterData, from: number, expected: string): number {
  const { bytes } = source;
  let i = from;
  for (;;) {
    i = skipWhite(source, i);
    if (i >= source.end) return i;
    if (bytes[i] !== LESS_THAN) throw source.unexpected(i, expected);
    if (bytes[i + 1] === QUESTION) throw instruction(source, i);
    if (bytes[i + 1] !== EXCLAMATION) return i;
    if (hasAt(source, i, COMMENT_START)) i = characterData.scanComment(i + COMMENT_START.length);
    else if (expected === PROLOG && hasAt(source, i, '<!DOCTYPE')) {
      throw source.error('forbidden', 'Expected no document type declaration, found one', i);
    } else throw source.malformed(`Expected ${expected}, found "<!"`, i);
  }
}

function hasAt(source: Source, at: number, text: string): boolean {
  return source.bytes.toString('latin1', at, at + text.length) === text;
}

/** The error to throw for the "<?" at `at`: forbidden, or not even well-formed. */
function instruction(source: Source, at: number): Error {
  const { bytes } = source;
  const isDeclaration = hasAt(source, at, '<?xml') && (WHITE[bytes[at + 5] ?? 0] === 1 || bytes[at + 5] === QUESTION);
  if (isDeclaration) return source.malformed('Expected an XML declaration only at the very start, found one', at);
  return source.error('forbidden', 'Expected no processing instruction, found one', at);
}

class Scanner {
  readonly words: Words;
  readonly tape: Tape;
  readonly namespaces: Namespaces;
  isComplete = true;
  readonly #source: Source;
  readonly #characterData: CharacterData;
  readonly #limits: XmlLimits;
  readonly #stopAt: StopAt | undefined;
  readonly #startTags: StartTags;
  /** The element whose content is being read. */
  #current = NONE;
  #depth = 0;

  constructor(source: Source, scratch: Scratch, limits: XmlLimits, stopAt: StopAt | undefined) {
    this.#source = source;
    this.#characterData = new CharacterData(source);
    this.#limits = limits;
    this.#stopAt = stopAt;
    this.words = new Words(source, scratch.words);
    this.tape = new Tape(scratch.tape);
    this.namespaces = new Namespaces(source, this.words, this.tape);
    this.#startTags = new StartTags(source, this.#characterData, this.words, this.tape, this.namespaces, limits);
  }

  /** Returns the offset where the reading ended. */
  readDocument(start: number): number {
    const source = this.#source;
    const root = skipMisc(source, this.#characterData, start, PROLOG);
    if (root >= source.end) throw source.unexpected(source.end, PROLOG);
    const behind = this.#readElement(root);
    if (!this.isComplete) return behind;
    const rest = skipMisc(source, this.#characterData, behind, EPILOG);
    if (rest < source.end) throw source.unexpected(rest, EPILOG);
    return rest;
  }

  /** Reads the element whose "<" is at `at`, with everything inside. Returns the offset behind it. */
  #readElement(at: number): number {
    const source = this.#source;
    const { bytes } = source;
    let i = this.#readStartTag(at);
    while (this.#depth > 0 && this.isComplete) {
      i = this.#characterData.scanText(i);
      const byte = bytes[i + 1];
      if (byte === SLASH) i = this.#readEndTag(i);
      else if (byte === EXCLAMATION) i = this.#readMarkup(i);
      else if (byte === QUESTION) throw instruction(source, i);
      else if (i < source.end) i = this.#readStartTag(i);
      else throw source.unexpected(i, `the end tag </${this.#currentName()}>`);
    }
    if (!this.isComplete) this.#closeAll(i);
    return i;
  }

  #readStartTag(at: number): number {
    if (this.#depth >= this.#limits.maxDepth) {
      throw this.#source.error('limit', `Expected at most ${this.#limits.maxDepth} nested elements, found more`, at);
    }
    const element = this.tape.elementCount;
    const end = this.#startTags.read(at, this.#current);
    if (this.#stopAt !== undefined && this.#shallStop(element, this.#stopAt)) {
      this.isComplete = false;
      this.#current = element;
      return end;
    }
    if (this.#startTags.wasEmpty) {
      this.#close(element, end, end);
    } else {
      this.#current = element;
      this.#depth++;
    }
    return end;
  }

  #shallStop(element: number, stopAt: StopAt): boolean {
    const { tape, words } = this;
    const namespace = this.namespaces.nameOf(tape.namespaceOf(element));
    return stopAt(namespace, words.text(words.localOf(tape.wordOf(element))), this.#depth + 1);
  }

  #readEndTag(at: number): number {
    const source = this.#source;
    const { bytes } = source;
    const element = this.#current;
    // The name is right when it has the bytes of the one in the start tag and ends where that one does.
    const name = this.tape.startOf(element) + 1;
    const length = this.words.lengthOf(this.tape.wordOf(element));
    let i = at + 2;
    for (let k = 0; k < length; k++, i++) {
      if (bytes[i] !== bytes[name + k])
        throw source.malformed(`Expected the end tag </${this.#currentName()}>, found another`, at);
    }
    if (bytes[i] !== GREATER_THAN) i = skipWhite(source, i);
    if (bytes[i] !== GREATER_THAN) throw source.unexpected(i, `">" at the end of </${this.#currentName()}>`);
    this.#close(element, at, i + 1);
    this.#current = this.tape.parentOf(element);
    this.#depth--;
    return i + 1;
  }

  #close(element: number, contentEnd: number, end: number): void {
    this.tape.close(element, contentEnd, end);
    this.namespaces.leave(element);
  }

  /** What was open when reading stopped ends there. */
  #closeAll(at: number): void {
    for (let element = this.#current; element !== NONE; element = this.tape.parentOf(element)) {
      this.tape.close(element, at, at);
    }
  }

  #readMarkup(at: number): number {
    const source = this.#source;
    if (hasAt(source, at, COMMENT_START)) return this.#characterData.scanComment(at + COMMENT_START.length);
    if (hasAt(source, at, CDATA_START)) return this.#characterData.scanCdata(at + CDATA_START.length);
    throw source.malformed('Expected a comment or a CDATA section, found another "<!"', at);
  }

  #currentName(): string {
    return this.words.text(this.tape.wordOf(this.#current)).slice(0, 60);
  }
}
