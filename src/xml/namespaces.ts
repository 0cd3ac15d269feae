import type { Lexicon } from './lexicon.ts';
import {
  BINDING,
  EMPTY_WORD,
  NO_NAMESPACE,
  XML_NAMESPACE,
  XML_NAMESPACE_ID,
  XML_WORD,
  XMLNS_NAMESPACE,
  XMLNS_NAMESPACE_ID,
  XMLNS_WORD,
} from './words.ts';
import type { Recorder } from './recorder.ts';
import type { Source } from './source.ts';
import { ATTRIBUTE_NAME, NONE, OUTER, SHADOWED } from './tape.ts';

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

  /** Takes the declaration `name`, from now on. `offset` is where the namespace's name stands. Throws XmlError. */
  declare(name: number, namespace: number, offset: number): void {
    const { cells } = this.#lexicon;
    const prefix = this.#lexicon.declaredPrefix(name);
    const isReserved = prefix === XML_WORD || prefix === XMLNS_WORD || namespace <= XMLNS_NAMESPACE_ID;
    if (isReserved) this.#check(prefix, namespace, offset);
    if (prefix === XML_WORD) return;
    this.innermost = this.#recorder.addAttribute(name, namespace, this.innermost, cells[prefix + BINDING] ?? 0);
    cells[prefix + BINDING] = namespace + 1;
  }

  /** Takes back what `element` and those inside have declared; for NONE everything, so that the next document begins with nothing. */
  leave(element: number): void {
    // What they have declared stands behind the element on the tape.
    while (this.innermost > element) this.#takeBack(this.innermost);
  }

  #takeBack(declaration: number): void {
    const recorder = this.#recorder;
    const prefix = this.#lexicon.declaredPrefix(recorder.at(declaration, ATTRIBUTE_NAME));
    this.#lexicon.cells[prefix + BINDING] = recorder.at(declaration, SHADOWED);
    this.innermost = recorder.at(declaration, OUTER);
  }

  /** Namespaces in XML 1.0 §3: what may be bound to what. */
  #check(prefix: number, namespace: number, offset: number): void {
    const lexicon = this.#lexicon;
    if (prefix === XMLNS_WORD) throw this.#source.malformed('Expected no declaration of the prefix "xmlns"', offset);
    if (namespace === XMLNS_NAMESPACE_ID) {
      throw this.#source.malformed(`Expected no prefix for ${XMLNS_NAMESPACE}`, offset);
    }
    if ((prefix === XML_WORD) !== (namespace === XML_NAMESPACE_ID)) {
      const found = `"${lexicon.namespaceName(namespace).slice(0, 100)}" for "${lexicon.text(prefix).slice(0, 60)}"`;
      throw this.#source.malformed(`Expected "xml" for ${XML_NAMESPACE} and for nothing else, found ${found}`, offset);
    }
    if (namespace === NO_NAMESPACE && prefix !== EMPTY_WORD) {
      const found = `found "" for "${lexicon.text(prefix).slice(0, 60)}"`;
      throw this.#source.malformed(`Expected a namespace name for a prefix, ${found}`, offset);
    }
  }
}
