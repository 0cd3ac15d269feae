import type { Lexicon } from './lexicon.ts';
import type { Recorder } from './recorder.ts';
import type { Source } from './source.ts';
import { ATTRIBUTE_NAME, NONE, OUTER, SHADOWED } from './tape.ts';
import {
  NO_NAMESPACE,
  XML_NAMESPACE,
  XML_NAMESPACE_ID,
  XMLNS_NAMESPACE,
  XMLNS_NAMESPACE_ID,
  type Name,
  type Word,
} from './words.ts';

/** Which prefix is bound to which namespace where the reader is. The bindings themselves stand in the Lexicon, beside the prefixes. */
export class Namespaces {
  readonly #source: Source;
  readonly #lexicon: Lexicon;
  readonly #recorder: Recorder;
  /** The declaration that was made last of those in scope, or NONE. */
  innermost = NONE;

  constructor(source: Source, lexicon: Lexicon, recorder: Recorder) {
    this.#source = source;
    this.#lexicon = lexicon;
    this.#recorder = recorder;
  }

  /** Takes the declaration `name` of `prefix`, from now on. `offset` is where the namespace's name stands. Throws XmlError. */
  declare(name: Name, prefix: Word, namespace: number, offset: number): void {
    const { xml, xmlns } = this.#lexicon;
    if (prefix === xml || prefix === xmlns || namespace <= XMLNS_NAMESPACE_ID) this.#check(prefix, namespace, offset);
    if (prefix === xml) return;
    this.innermost = this.#recorder.addAttribute(name.id, namespace, this.innermost, prefix.binding);
    prefix.binding = namespace;
  }

  /** Takes back what `element` and those inside have declared; for NONE everything, so that the next document begins with nothing. */
  leave(element: number): void {
    // What they have declared stands behind the element on the tape.
    while (this.innermost > element) this.#takeBack(this.innermost);
  }

  #takeBack(declaration: number): void {
    const recorder = this.#recorder;
    const prefix = this.#lexicon.name(recorder.at(declaration, ATTRIBUTE_NAME)).declares;
    if (prefix !== undefined) prefix.binding = recorder.at(declaration, SHADOWED);
    this.innermost = recorder.at(declaration, OUTER);
  }

  /** Namespaces in XML 1.0 §3: what may be bound to what. */
  #check(prefix: Word, namespace: number, offset: number): void {
    const { xml, xmlns, empty } = this.#lexicon;
    if (prefix === xmlns) throw this.#source.malformed('Expected no declaration of the prefix "xmlns"', offset);
    if (namespace === XMLNS_NAMESPACE_ID) {
      throw this.#source.malformed(`Expected no prefix for ${XMLNS_NAMESPACE}`, offset);
    }
    if ((prefix === xml) !== (namespace === XML_NAMESPACE_ID)) {
      const found = `"${this.#lexicon.namespaceName(namespace).slice(0, 100)}" for "${prefix.text.slice(0, 60)}"`;
      throw this.#source.malformed(`Expected "xml" for ${XML_NAMESPACE} and for nothing else, found ${found}`, offset);
    }
    if (namespace === NO_NAMESPACE && prefix !== empty) {
      const found = `found "" for "${prefix.text.slice(0, 60)}"`;
      throw this.#source.malformed(`Expected a namespace name for a prefix, ${found}`, offset);
    }
  }
}
