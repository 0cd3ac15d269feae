import type { XmlError } from './error.ts';
import type { Source } from './source.ts';
import type { Tape } from './tape.ts';
import { decodeAttributeValue } from './references.ts';
import { EMPTY_WORD, type Words, XML_WORD, XMLNS_WORD } from './words.ts';

/** Bound to the prefix `xml`, in every document. */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** Bound to the prefix `xmlns`, in every document. */
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** What a prefix that is bound to no namespace resolves to. */
export const UNDECLARED = -1;

const FEW_NAMESPACES = 16;
const NO_NAMESPACE_ID = 0;
const XML_ID = 1;
const XMLNS_ID = 2;

/** The namespaces of one document as numbers (0 = none), and which prefix is bound to which where the reader is. */
export class Namespaces {
  readonly #source: Source;
  readonly #words: Words;
  readonly #tape: Tape;
  readonly #names: string[] = ['', XML_NAMESPACE, XMLNS_NAMESPACE];
  /** From when there are so many that a search would take long. */
  #ids: Map<string, number> | undefined;

  constructor(source: Source, words: Words, tape: Tape) {
    this.#source = source;
    this.#words = words;
    this.#tape = tape;
    words.bind(XML_WORD, XML_ID + 1);
  }

  /** The namespace's name; '' for 0. */
  nameOf(namespace: number): string {
    return this.#names[namespace] ?? '';
  }

  /** The namespace that the prefix is bound to here; UNDECLARED if it is bound to none. */
  resolve(prefix: number): number {
    const binding = this.#words.bindingOf(prefix);
    if (binding !== 0) return binding - 1;
    return prefix === EMPTY_WORD ? NO_NAMESPACE_ID : UNDECLARED;
  }

  /** The error to throw for a prefix at `offset` that is bound to no namespace. */
  undeclared(prefix: number, offset: number): XmlError {
    const found = this.#words.text(prefix).slice(0, 60);
    return this.#source.malformed(`Expected a prefix that is declared here, found "${found}"`, offset);
  }

  /** Takes the declaration of `prefix` on `element`, whose value is at [start, end). Throws XmlError. */
  declare(element: number, prefix: number, start: number, end: number): void {
    const namespace = this.#namespaceAt(start, end);
    this.#check(prefix, namespace, start);
    if (!this.#words.declareOnce(prefix, element)) {
      const name = prefix === EMPTY_WORD ? 'xmlns' : `xmlns:${this.#words.text(prefix).slice(0, 60)}`;
      throw this.#source.malformed(`Expected every attribute once, found "${name}" twice`, start);
    }
    if (prefix === XML_WORD) return;
    this.#tape.declare(element, prefix, namespace, this.#words.bindingOf(prefix));
    this.#words.bind(prefix, namespace + 1);
  }

  /** Takes back what `element` has declared. */
  leave(element: number): void {
    const parent = this.#tape.parentOf(element);
    const outer = parent < 0 ? parent : this.#tape.scopeOf(parent);
    for (let scope = this.#tape.scopeOf(element); scope !== outer; scope = this.#tape.outerOf(scope)) {
      this.#words.bind(this.#tape.prefixOf(scope), this.#tape.shadowedBy(scope));
    }
  }

  /** Namespaces in XML 1.0 §3: what may be bound to what. */
  #check(prefix: number, namespace: number, offset: number): void {
    if (prefix === XMLNS_WORD) throw this.#source.malformed('Expected no declaration of the prefix "xmlns"', offset);
    if (namespace === XMLNS_ID) throw this.#source.malformed(`Expected no prefix for ${XMLNS_NAMESPACE}`, offset);
    if ((prefix === XML_WORD) !== (namespace === XML_ID)) {
      const found = `"${this.nameOf(namespace).slice(0, 100)}" for "${this.#words.text(prefix).slice(0, 60)}"`;
      throw this.#source.malformed(`Expected "xml" for ${XML_NAMESPACE} and for nothing else, found ${found}`, offset);
    }
    if (namespace === NO_NAMESPACE_ID && prefix !== EMPTY_WORD) {
      const found = `found "" for "${this.#words.text(prefix).slice(0, 60)}"`;
      throw this.#source.malformed(`Expected a namespace name for a prefix, ${found}`, offset);
    }
  }

  #namespaceAt(start: number, end: number): number {
    if (start === end) return NO_NAMESPACE_ID;
    const word = this.#words.internRange(start, end);
    const known = this.#words.namespaceOf(word);
    if (known !== 0) return known - 1;
    const name = decodeAttributeValue(this.#words.text(word));
    const namespace = this.#idOf(name);
    this.#words.setNamespace(word, namespace + 1);
    return namespace;
  }

  /** Namespace names that are equal only after references and white space are resolved must get the same number. */
  #idOf(name: string): number {
    const known = this.#ids === undefined ? this.#names.indexOf(name) : (this.#ids.get(name) ?? -1);
    if (known >= 0) return known;
    const namespace = this.#names.push(name) - 1;
    if (namespace >= FEW_NAMESPACES) this.#ids ??= new Map(this.#names.map((each, index) => [each, index]));
    this.#ids?.set(name, namespace);
    return namespace;
  }
}
