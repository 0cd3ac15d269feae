import type { ScannedXml } from './scanner.ts';
import { positionAt, type XmlPosition } from './source.ts';
import { XML_NAMESPACE, XMLNS_NAMESPACE } from './words.ts';
import { WHITE } from './characters.ts';
import { decodeAttributeValue, decodeText } from './references.ts';
import {
  ATTRIBUTE_NAME,
  ATTRIBUTE_NAMESPACE,
  ATTRIBUTE_WIDTH,
  BEHIND,
  CHILDREN,
  CONTENT_END,
  ELEMENT_WIDTH,
  END,
  NAME,
  NAMESPACE,
  NONE,
  OUTER,
  SCOPE,
  START,
  TAG_END,
  VALUE_END,
  VALUE_START,
} from './tape.ts';

/** An attribute that is not a namespace declaration. */
export interface XmlAttribute {
  /** '' = none. */
  readonly namespace: string;
  readonly localName: string;
  /** '' = none. */
  readonly prefix: string;
  /** Normalised: references resolved, white space as spaces. */
  readonly value: string;
}

/** A document that was read: well-formed, with namespaces resolved. Made by readXml. */
export class XmlDocument {
  /** UTF-8, transcoded if it came otherwise. All offsets are offsets in here. */
  readonly bytes: Buffer;
  /** False if `stopAt` ended the reading: the last element has no content then, and what follows is missing. */
  readonly isComplete: boolean;
  readonly root: XmlElement;
  /** What the reader has recorded; for this room only. */
  readonly scanned: ScannedXml;
  #scopes: Map<number, ReadonlyMap<string, string>> | undefined;

  constructor(scanned: ScannedXml) {
    this.scanned = scanned;
    this.bytes = scanned.source.bytes;
    this.isComplete = scanned.isComplete;
    this.root = new XmlElement(this, scanned.tape.root, undefined);
  }

  /** Whether it has no comment, CDATA section or character reference: whether everything stands there as it is meant. */
  get isPlain(): boolean {
    return this.scanned.isPlain;
  }

  /** Prefix → namespace where `declaration` is the innermost; for this room only. Made once: siblings share it. */
  scopeOf(declaration: number): ReadonlyMap<string, string> {
    const known = this.#scopes?.get(declaration);
    if (known !== undefined) return known;
    const { tape, lexicon } = this.scanned;
    const found = new Map<string, string>();
    for (let scope = declaration; scope !== NONE; scope = tape.at(scope, OUTER)) {
      const prefix = lexicon.name(tape.at(scope, ATTRIBUTE_NAME)).declares?.text ?? '';
      if (!found.has(prefix)) found.set(prefix, lexicon.namespaceName(tape.at(scope, ATTRIBUTE_NAMESPACE)));
    }
    if (found.get('') === '') found.delete('');
    (this.#scopes ??= new Map()).set(declaration, found);
    return found;
  }

  /** All elements, in document order. */
  elements(): readonly XmlElement[] {
    const elements: XmlElement[] = [];
    const ahead = [this.root];
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      elements.push(next);
      for (const child of next.children().toReversed()) ahead.push(child);
    }
    return elements;
  }
}

/** A light view of one element: strings and lists are made when asked for. There is one of each element, so they may be compared. */
export class XmlElement {
  readonly document: XmlDocument;
  readonly parent: XmlElement | undefined;
  /** On the tape of the document. */
  readonly #index: number;
  readonly #scanned: ScannedXml;
  #children: readonly XmlElement[] | undefined;

  constructor(document: XmlDocument, index: number, parent: XmlElement | undefined) {
    this.document = document;
    this.parent = parent;
    this.#index = index;
    this.#scanned = document.scanned;
  }

  /** '' = none. */
  get namespace(): string {
    const { lexicon, tape } = this.#scanned;
    return lexicon.namespaceName(tape.at(this.#index, NAMESPACE));
  }

  get localName(): string {
    const { lexicon, tape } = this.#scanned;
    return lexicon.name(tape.at(this.#index, NAME)).local.text;
  }

  /** '' = none. */
  get prefix(): string {
    const { lexicon, tape } = this.#scanned;
    return lexicon.name(tape.at(this.#index, NAME)).prefix.text;
  }

  /** Whether the element has this expanded name. */
  is(namespace: string, localName: string): boolean {
    return this.localName === localName && this.namespace === namespace;
  }

  /** The elements directly inside, in document order. */
  children(): readonly XmlElement[] {
    if (this.#children !== undefined) return this.#children;
    const { tape } = this.#scanned;
    const end = tape.at(this.#index, BEHIND);
    const first = tape.at(this.#index, CHILDREN);
    if (first >= end) return (this.#children = []);
    // With the first in it from the beginning, no room is made for sixteen more where it stays alone.
    const children = [new XmlElement(this.document, first, this)];
    for (let child = tape.at(first, BEHIND); child < end; child = tape.at(child, BEHIND)) {
      children.push(new XmlElement(this.document, child, this));
    }
    this.#children = children;
    return children;
  }

  /** The first child with this expanded name. */
  child(namespace: string, localName: string): XmlElement | undefined {
    for (const child of this.children()) if (child.is(namespace, localName)) return child;
    return undefined;
  }

  /** The normalised value of the attribute with this expanded name. Namespace declarations are no attributes. */
  attribute(namespace: string, localName: string): string | undefined {
    const { tape, lexicon } = this.#scanned;
    const end = tape.at(this.#index, CHILDREN);
    for (let i = this.#index + ELEMENT_WIDTH; i < end; i += ATTRIBUTE_WIDTH) {
      const name = lexicon.name(tape.at(i, ATTRIBUTE_NAME));
      if (name.local.text !== localName || name.declares !== undefined) continue;
      if (lexicon.namespaceName(tape.at(i, ATTRIBUTE_NAMESPACE)) === namespace) return this.#valueOf(i);
    }
    return undefined;
  }

  /** All attributes but the namespace declarations, in document order. */
  attributes(): readonly XmlAttribute[] {
    const { tape, lexicon } = this.#scanned;
    const attributes: XmlAttribute[] = [];
    const end = tape.at(this.#index, CHILDREN);
    for (let i = this.#index + ELEMENT_WIDTH; i < end; i += ATTRIBUTE_WIDTH) {
      const name = lexicon.name(tape.at(i, ATTRIBUTE_NAME));
      if (name.declares !== undefined) continue;
      attributes.push({
        namespace: lexicon.namespaceName(tape.at(i, ATTRIBUTE_NAMESPACE)),
        localName: name.local.text,
        prefix: name.prefix.text,
        value: this.#valueOf(i),
      });
    }
    return attributes;
  }

  /** Character data and CDATA sections directly inside: references resolved, line ends as "\n", comments skipped. */
  text(): string {
    const { tape } = this.#scanned;
    const end = tape.at(this.#index, BEHIND);
    let at = tape.at(this.#index, TAG_END);
    let text = '';
    // Each stretch is whole by itself: no comment, section or reference reaches over a child.
    for (let child = tape.at(this.#index, CHILDREN); child < end; child = tape.at(child, BEHIND)) {
      text += this.#textIn(at, tape.at(child, START));
      at = tape.at(child, END);
    }
    return text + this.#textIn(at, tape.at(this.#index, CONTENT_END));
  }

  /** Whether `text()` has nothing but white space. */
  isBlank(): boolean {
    const { tape, source } = this.#scanned;
    const { bytes } = source;
    const end = tape.at(this.#index, BEHIND);
    let at = tape.at(this.#index, TAG_END);
    for (let child = tape.at(this.#index, CHILDREN); ; child = tape.at(child, BEHIND)) {
      const to = child < end ? tape.at(child, START) : tape.at(this.#index, CONTENT_END);
      while (at < to && WHITE[bytes[at] ?? 0] === 1) at++;
      if (at < to) return !/[^\t\n\r ]/.test(this.text());
      if (child >= end) return true;
      at = tape.at(child, END);
    }
  }

  /** The namespace that the prefix means here; undefined = not declared. For '' the default namespace, '' = none. */
  resolvePrefix(prefix: string): string | undefined {
    if (prefix === 'xml') return XML_NAMESPACE;
    if (prefix === 'xmlns') return XMLNS_NAMESPACE;
    const { tape, lexicon } = this.#scanned;
    for (let scope = tape.at(this.#index, SCOPE); scope !== NONE; scope = tape.at(scope, OUTER)) {
      if ((lexicon.name(tape.at(scope, ATTRIBUTE_NAME)).declares?.text ?? '') !== prefix) continue;
      return lexicon.namespaceName(tape.at(scope, ATTRIBUTE_NAMESPACE));
    }
    return prefix === '' ? '' : undefined;
  }

  /** Prefix → namespace for everything that is in scope here but `xml`; '' is the default namespace, if there is one. */
  inScope(): ReadonlyMap<string, string> {
    return this.document.scopeOf(this.#scanned.tape.at(this.#index, SCOPE));
  }

  /** Like inScope, but only what comes from the elements around, and so gets lost when the element is cut out. */
  inherited(): ReadonlyMap<string, string> {
    if (this.parent === undefined) return new Map();
    const { tape, lexicon } = this.#scanned;
    const outer = tape.at(this.parent.#index, SCOPE);
    const around = this.document.scopeOf(outer);
    let inherited: Map<string, string> | undefined;
    for (let scope = tape.at(this.#index, SCOPE); scope !== outer; scope = tape.at(scope, OUTER)) {
      const prefix = lexicon.name(tape.at(scope, ATTRIBUTE_NAME)).declares?.text ?? '';
      if (around.has(prefix)) (inherited ??= new Map(around)).delete(prefix);
    }
    return inherited ?? around;
  }

  /** The exact bytes of the element, from "<" to ">". A view, not a copy. */
  slice(): Buffer {
    const { tape, source } = this.#scanned;
    return source.bytes.subarray(tape.at(this.#index, START), tape.at(this.#index, END));
  }

  /** Where its "<" is. Reads everything before it, so it is for messages. */
  position(): XmlPosition {
    return positionAt(this.document.bytes, this.#scanned.tape.at(this.#index, START));
  }

  #textIn(from: number, to: number): string {
    return from >= to ? '' : decodeText(this.#scanned.source.bytes.toString('utf8', from, to));
  }

  #valueOf(attribute: number): string {
    const { tape, source } = this.#scanned;
    return decodeAttributeValue(
      source.bytes.toString('utf8', tape.at(attribute, VALUE_START), tape.at(attribute, VALUE_END)),
    );
  }
}
