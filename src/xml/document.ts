import type { ScannedXml } from './scanner.ts';
import { positionAt, type XmlPosition } from './source.ts';
import { NONE } from './tape.ts';
import { decodeAttributeValue, decodeText } from './references.ts';
import { XML_NAMESPACE, XMLNS_NAMESPACE } from './namespaces.ts';

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
  readonly #views: XmlElement[] = [];

  constructor(scanned: ScannedXml) {
    this.scanned = scanned;
    this.bytes = scanned.source.bytes;
    this.isComplete = scanned.isComplete;
    this.root = this.view(0);
  }

  /** The view of the element with that index on the tape: the same one every time. */
  view(index: number): XmlElement {
    return (this.#views[index] ??= new XmlElement(this, index));
  }
}

/** A light view of one element: strings and lists are made when asked for. */
export class XmlElement {
  readonly document: XmlDocument;
  /** On the tape of the document. */
  readonly index: number;
  #children: readonly XmlElement[] | undefined;

  constructor(document: XmlDocument, index: number) {
    this.document = document;
    this.index = index;
  }

  /** '' = none. */
  get namespace(): string {
    const { namespaces, tape } = this.document.scanned;
    return namespaces.nameOf(tape.namespaceOf(this.index));
  }

  get localName(): string {
    const { words, tape } = this.document.scanned;
    return words.text(words.localOf(tape.wordOf(this.index)));
  }

  /** '' = none. */
  get prefix(): string {
    const { words, tape } = this.document.scanned;
    return words.text(words.prefixOf(tape.wordOf(this.index)));
  }

  get parent(): XmlElement | undefined {
    const parent = this.document.scanned.tape.parentOf(this.index);
    return parent === NONE ? undefined : this.document.view(parent);
  }

  /** Whether the element has this expanded name. */
  is(namespace: string, localName: string): boolean {
    return this.localName === localName && this.namespace === namespace;
  }

  /** The elements directly inside, in document order. */
  children(): readonly XmlElement[] {
    if (this.#children !== undefined) return this.#children;
    const { tape } = this.document.scanned;
    const children: XmlElement[] = [];
    for (let child = tape.firstChildOf(this.index); child !== NONE; child = tape.nextOf(child)) {
      children.push(this.document.view(child));
    }
    this.#children = children;
    return children;
  }

  /** The first child with this expanded name. */
  child(namespace: string, localName: string): XmlElement | undefined {
    return this.children().find((child) => child.is(namespace, localName));
  }

  /** The normalised value of the attribute with this expanded name. Namespace declarations are no attributes. */
  attribute(namespace: string, localName: string): string | undefined {
    const { tape, words, namespaces } = this.document.scanned;
    const end = tape.attributesEndOf(this.index);
    for (let i = tape.attributesOf(this.index); i < end; i++) {
      if (words.text(words.localOf(tape.attributeWord(i))) !== localName) continue;
      if (namespaces.nameOf(tape.attributeNamespace(i)) === namespace) return this.#valueOf(i);
    }
    return undefined;
  }

  /** All attributes but the namespace declarations, in document order. */
  attributes(): readonly XmlAttribute[] {
    const { tape, words, namespaces } = this.document.scanned;
    const attributes: XmlAttribute[] = [];
    const end = tape.attributesEndOf(this.index);
    for (let i = tape.attributesOf(this.index); i < end; i++) {
      const word = tape.attributeWord(i);
      attributes.push({
        namespace: namespaces.nameOf(tape.attributeNamespace(i)),
        localName: words.text(words.localOf(word)),
        prefix: words.text(words.prefixOf(word)),
        value: this.#valueOf(i),
      });
    }
    return attributes;
  }

  /** Character data and CDATA sections directly inside: references resolved, line ends as "\n", comments skipped. */
  text(): string {
    const { tape, source } = this.document.scanned;
    let at = tape.tagEndOf(this.index);
    let raw = '';
    // Each stretch is whole by itself: no comment, section or reference reaches over a child.
    for (let child = tape.firstChildOf(this.index); child !== NONE; child = tape.nextOf(child)) {
      raw += decodeText(source.bytes.toString('utf8', at, tape.startOf(child)));
      at = tape.endOf(child);
    }
    const last = tape.contentEndOf(this.index);
    return at >= last ? raw : raw + decodeText(source.bytes.toString('utf8', at, last));
  }

  /** The namespace that the prefix means here; undefined = not declared. For '' the default namespace, '' = none. */
  resolvePrefix(prefix: string): string | undefined {
    if (prefix === 'xml') return XML_NAMESPACE;
    if (prefix === 'xmlns') return XMLNS_NAMESPACE;
    const { tape, words, namespaces } = this.document.scanned;
    for (let scope = tape.scopeOf(this.index); scope !== NONE; scope = tape.outerOf(scope)) {
      if (words.text(tape.prefixOf(scope)) === prefix) return namespaces.nameOf(tape.declaredBy(scope));
    }
    return prefix === '' ? '' : undefined;
  }

  /** Prefix → namespace for everything that is in scope here but `xml`; '' is the default namespace, if there is one. */
  inScope(): ReadonlyMap<string, string> {
    const { tape } = this.document.scanned;
    return this.#declarations(tape.scopeOf(this.index), NONE);
  }

  /** Like inScope, but only what comes from the elements around, and so gets lost when the element is cut out. */
  inherited(): ReadonlyMap<string, string> {
    const { tape } = this.document.scanned;
    const parent = tape.parentOf(this.index);
    if (parent === NONE) return new Map();
    const outer = tape.scopeOf(parent);
    const inherited = this.#declarations(outer, NONE);
    for (const prefix of this.#declaredHere(outer)) inherited.delete(prefix);
    return inherited;
  }

  /** The exact bytes of the element, from "<" to ">". A view, not a copy. */
  slice(): Buffer {
    const { tape, source } = this.document.scanned;
    return source.bytes.subarray(tape.startOf(this.index), tape.endOf(this.index));
  }

  /** Where its "<" is. Reads everything before it, so it is for messages. */
  position(): XmlPosition {
    return positionAt(this.document.bytes, this.document.scanned.tape.startOf(this.index));
  }

  #valueOf(attribute: number): string {
    const { tape, source } = this.document.scanned;
    return decodeAttributeValue(
      source.bytes.toString('utf8', tape.valueStartOf(attribute), tape.valueEndOf(attribute)),
    );
  }

  /** The prefixes in the element's own declarations. */
  #declaredHere(outer: number): string[] {
    const { tape, words } = this.document.scanned;
    const prefixes: string[] = [];
    for (let scope = tape.scopeOf(this.index); scope !== outer; scope = tape.outerOf(scope)) {
      prefixes.push(words.text(tape.prefixOf(scope)));
    }
    return prefixes;
  }

  #declarations(from: number, to: number): Map<string, string> {
    const { tape, words, namespaces } = this.document.scanned;
    const found = new Map<string, string>();
    for (let scope = from; scope !== to; scope = tape.outerOf(scope)) {
      const prefix = words.text(tape.prefixOf(scope));
      if (!found.has(prefix)) found.set(prefix, namespaces.nameOf(tape.declaredBy(scope)));
    }
    if (found.get('') === '') found.delete('');
    return found;
  }
}
