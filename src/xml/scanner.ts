import { CharacterData, requireNoSequences } from './character-data.ts';
import { EXCLAMATION, GREATER_THAN, LESS_THAN, QUESTION, SLASH, WHITE } from './characters.ts';
import { giveBack, type Kept, takeKept } from './kept.ts';
import type { Lexicon } from './lexicon.ts';
import type { XmlLimits } from './limits.ts';
import { Namespaces } from './namespaces.ts';
import { Recorder } from './recorder.ts';
import type { Source } from './source.ts';
import { isSpelledAt, isTextAt } from './spelling.ts';
import { skipWhite, StartTags } from './start-tag.ts';
import { NAME, NAMESPACE, NONE, PARENT, type Tape } from './tape.ts';

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
  readonly lexicon: Lexicon;
  readonly tape: Tape;
  /** False if `stopAt` ended it. */
  readonly isComplete: boolean;
  /** Whether it has no comment, CDATA section or character reference. */
  readonly isPlain: boolean;
}

/** Reads the document from behind its XML declaration on: prolog, root element, what follows. Throws XmlError. */
export function scanDocument(source: Source, start: number, limits: XmlLimits, stopAt: StopAt | undefined): ScannedXml {
  const kept = takeKept();
  try {
    kept.desk.lay(source.bytes);
    const scanner = new Scanner(source, kept, limits, stopAt);
    try {
      const behind = scanner.readDocument(start);
      requireNoSequences(source, behind);
      const { isComplete, isPlain } = scanner;
      return { source, lexicon: kept.lexicon, tape: scanner.recorder.finish(), isComplete, isPlain };
    } finally {
      scanner.namespaces.leave(NONE);
    }
  } finally {
    giveBack(kept);
  }
}

class Scanner {
  readonly recorder: Recorder;
  readonly namespaces: Namespaces;
  isComplete = true;
  readonly #source: Source;
  readonly #view: DataView;
  readonly #bytes: Buffer;
  readonly #lexicon: Lexicon;
  readonly #characterData: CharacterData;
  readonly #limits: XmlLimits;
  readonly #stopAt: StopAt | undefined;
  readonly #startTags: StartTags;
  /** The element whose content is being read. */
  #current = NONE;
  #depth = 0;

  constructor(source: Source, { desk, lexicon }: Kept, limits: XmlLimits, stopAt: StopAt | undefined) {
    const recorder = new Recorder(desk);
    const characterData = new CharacterData(source, desk);
    const namespaces = new Namespaces(source, lexicon, recorder);
    this.recorder = recorder;
    this.namespaces = namespaces;
    this.#source = source;
    this.#view = desk.view;
    this.#bytes = desk.bytes;
    this.#lexicon = lexicon;
    this.#characterData = characterData;
    this.#limits = limits;
    this.#stopAt = stopAt;
    this.#startTags = new StartTags({ source, desk, lexicon, recorder, characterData, namespaces, limits });
  }

  /** Whether there was no comment, CDATA section or character reference so far. */
  get isPlain(): boolean {
    return this.#characterData.isPlain;
  }

  /** Returns the offset where the reading ended. */
  readDocument(start: number): number {
    const source = this.#source;
    const root = this.#skipMisc(start, PROLOG);
    if (root >= source.end) throw source.unexpected(source.end, PROLOG);
    const behind = this.#readElement(root);
    if (!this.isComplete) return behind;
    const rest = this.#skipMisc(behind, EPILOG);
    if (rest < source.end) throw source.unexpected(rest, EPILOG);
    return rest;
  }

  /** Skips white space and comments outside the root element. Returns the offset of the next tag, or the end. */
  #skipMisc(from: number, expected: string): number {
    const source = this.#source;
    const bytes = this.#bytes;
    let i = from;
    for (;;) {
      i = skipWhite(bytes, i);
      if (i >= source.end) return i;
      if (bytes[i] !== LESS_THAN) throw source.unexpected(i, expected);
      if (bytes[i + 1] === QUESTION) throw instruction(source, i);
      if (bytes[i + 1] !== EXCLAMATION) return i;
      if (hasAt(source, i, COMMENT_START)) i = this.#characterData.scanComment(i + COMMENT_START.length);
      else if (expected === PROLOG && hasAt(source, i, '<!DOCTYPE')) {
        throw source.error('forbidden', 'Expected no document type declaration, found one', i);
      } else throw source.malformed(`Expected ${expected}, found "<!"`, i);
    }
  }

  /** Reads the element whose "<" is at `at`, with everything inside. Returns the offset behind it. */
  #readElement(at: number): number {
    const source = this.#source;
    const bytes = this.#bytes;
    let i = this.#readStartTag(at);
    while (this.#depth > 0) {
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
    const startTags = this.#startTags;
    const end = startTags.read(at, this.#current);
    const { element } = startTags;
    if (this.#stopAt !== undefined && this.#shallStop(element, this.#stopAt)) {
      this.isComplete = false;
      this.#current = element;
      this.#depth = 0;
      return end;
    }
    // Nothing else in a start tag can end with "/>".
    if (this.#bytes[end - 2] === SLASH) {
      this.recorder.close(element, end, end);
      this.namespaces.leave(element);
    } else {
      this.#current = element;
      this.#depth++;
    }
    return end;
  }

  #shallStop(element: number, stopAt: StopAt): boolean {
    const namespace = this.#lexicon.namespaceName(this.recorder.at(element, NAMESPACE));
    const { local } = this.#lexicon.name(this.recorder.at(element, NAME));
    return stopAt(namespace, local.text, this.#depth + 1);
  }

  #readEndTag(at: number): number {
    const element = this.#current;
    const { asEnd } = this.#lexicon.name(this.recorder.at(element, NAME));
    const end = isSpelledAt(asEnd, this.#view, at) ? at + asEnd.length : this.#readWideEndTag(at);
    this.recorder.close(element, at, end);
    this.namespaces.leave(element);
    this.#current = this.recorder.at(element, PARENT);
    this.#depth--;
    return end;
  }

  /** Reads an end tag that has white space in it or a name that is new. Returns the offset behind it. */
  #readWideEndTag(at: number): number {
    const name = this.#lexicon.name(this.recorder.at(this.#current, NAME));
    const nameEnd = at + 2 + name.length;
    if (!isTextAt(name.text, name.length, this.#bytes, at + 2))
      throw this.#source.malformed(`Expected the end tag </${this.#currentName()}>, found another`, at);
    const i = skipWhite(this.#bytes, nameEnd);
    if (this.#bytes[i] === GREATER_THAN) return i + 1;
    throw this.#source.unexpected(i, `">" at the end of </${this.#currentName()}>`);
  }

  /** What was open when reading stopped ends there. */
  #closeAll(at: number): void {
    for (let element = this.#current; element !== NONE; element = this.recorder.at(element, PARENT)) {
      this.recorder.close(element, at, at);
    }
  }

  #readMarkup(at: number): number {
    const source = this.#source;
    if (hasAt(source, at, COMMENT_START)) return this.#characterData.scanComment(at + COMMENT_START.length);
    if (hasAt(source, at, CDATA_START)) return this.#characterData.scanCdata(at + CDATA_START.length);
    throw source.malformed('Expected a comment or a CDATA section, found another "<!"', at);
  }

  #currentName(): string {
    return this.#lexicon.name(this.recorder.at(this.#current, NAME)).text.slice(0, 60);
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
