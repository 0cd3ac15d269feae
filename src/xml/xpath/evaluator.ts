import { ParseOption, XmlDocument, XmlError, XmlParseError, XmlXPath } from 'libxml2-wasm';
import type { XmlNode } from 'libxml2-wasm';
import { InvariantError } from '../../kernel/errors.ts';
import type { CappedMemory } from './memory.ts';
import { CELL, MAX_RESULT_LENGTH, NO_EXPRESSION, OUTCOME } from './protocol.ts';
import type { NumberedExpression } from './protocol.ts';
import { resultNodes } from './result-nodes.ts';
import { XPathError } from './xpath.ts';
import type { XPathResult } from './xpath.ts';

/** Nothing is fetched, no entity is replaced, none of libxml2's limits is lifted; CDATA sections are text, as XPath has it. */
const PARSE = (ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NO_SYS_CATALOG |
  ParseOption.XML_PARSE_NOCDATA |
  ParseOption.XML_PARSE_COMPACT |
  ParseOption.XML_PARSE_NOERROR |
  ParseOption.XML_PARSE_NOWARNING) as ParseOption;

interface Compiled {
  readonly expression: NumberedExpression;
  /** As it is, and as `boolean(…)`; undefined: not asked for yet. */
  plain?: XmlXPath;
  boolean?: XmlXPath;
}

/**
 * XPath 1.0 by libxml2, without bounds of its own on time. Only for the thread: what it is given must have passed
 * `requireAllowed`. All that libxml2 holds is freed here, because the garbage collector does not know its size. What
 * is thrown and is no XPathError leaves libxml2 in an unknown state.
 */
export class Evaluator {
  readonly #memory: CappedMemory;
  readonly #compiled = new Map<number, Compiled>();
  readonly #documentNode = XmlXPath.compile('/');

  constructor(memory: CappedMemory) {
    this.#memory = memory;
  }

  learn(expression: NumberedExpression): void {
    this.forget(expression.id);
    this.#compiled.set(expression.id, { expression });
  }

  forget(id: number): void {
    const compiled = this.#compiled.get(id);
    compiled?.plain?.dispose();
    compiled?.boolean?.dispose();
    this.#compiled.delete(id);
  }

  /** Throws XPathError `syntax`. */
  check(id: number): void {
    this.#plain(id);
  }

  /** Writes an OUTCOME for each expression, and how far it is; false for one that fails, or for what is no document. */
  test(document: Uint8Array, ids: readonly number[], cells: Int32Array, outcomes: Uint8Array): void {
    Atomics.store(cells, CELL.current, NO_EXPRESSION);
    using tree = parsed(document);
    const context = this.#contextOf(tree, 'document');
    for (const [index, id] of ids.entries()) {
      Atomics.store(cells, CELL.current, index);
      outcomes[index] = this.#isTrue(id, context) ? OUTCOME.isTrue : OUTCOME.isFalse;
    }
  }

  /** Throws XPathError. */
  evaluate(document: Uint8Array, id: number, context: 'document' | 'root-element'): XPathResult {
    const expression = this.#plain(id);
    using tree = parsed(document);
    const value = this.#valueOf(expression, this.#contextOf(tree, context));
    switch (typeof value) {
      case 'boolean':
        return { kind: 'boolean', value };
      case 'number':
        return { kind: 'number', value };
      case 'string':
        if (value.length > MAX_RESULT_LENGTH) {
          throw new XPathError('limit', `Found a result of more than ${MAX_RESULT_LENGTH} characters`);
        }
        return { kind: 'string', value };
      default:
        return { kind: 'nodes', nodes: resultNodes(value, tree, document) };
    }
  }

  #isTrue(id: number, context: XmlNode): boolean {
    try {
      return this.#valueOf(this.#boolean(id), context) === true;
    } catch (error) {
      if (error instanceof XPathError) return false;
      throw error;
    }
  }

  #valueOf(expression: XmlXPath, context: XmlNode): ReturnType<XmlNode['eval']> {
    try {
      return context.eval(expression);
    } catch (error) {
      throw failure('evaluation', error);
    } finally {
      this.#requireMemory();
    }
  }

  #requireMemory(): void {
    if (this.#memory.isExceeded()) throw new InvariantError('libxml2 was refused memory');
  }

  #contextOf(tree: XmlDocument, context: 'document' | 'root-element'): XmlNode {
    this.#requireMemory();
    const { root } = tree;
    if (context === 'root-element') return root;
    const [node] = root.find(this.#documentNode);
    if (node === undefined) throw new InvariantError('libxml2 gave no document node');
    return node;
  }

  #plain(id: number): XmlXPath {
    const compiled = this.#known(id);
    return (compiled.plain ??= compile(compiled.expression, compiled.expression.text));
  }

  #boolean(id: number): XmlXPath {
    const compiled = this.#known(id);
    // Brackets match, so the text cannot close this parenthesis; and no nodes have to be brought over.
    return (compiled.boolean ??= compile(compiled.expression, `boolean(${compiled.expression.text})`));
  }

  #known(id: number): Compiled {
    const compiled = this.#compiled.get(id);
    if (compiled === undefined) throw new InvariantError(`Expected to know expression ${id}`);
    return compiled;
  }
}

function compile({ namespaces }: NumberedExpression, text: string): XmlXPath {
  try {
    return XmlXPath.compile(text, namespaces);
  } catch (error) {
    throw failure('syntax', error);
  }
}

function parsed(document: Uint8Array): XmlDocument {
  try {
    const tree = XmlDocument.fromBuffer(document, { option: PARSE });
    if (tree.dtd === null) return tree;
    tree.dispose();
  } catch (error) {
    if (!(error instanceof XmlParseError)) throw error;
    throw new XPathError('evaluation', `The document is not well-formed: ${error.message.slice(0, 200)}`);
  }
  throw new XPathError('evaluation', 'The document has a document type declaration, expected none');
}

function failure(reason: 'syntax' | 'evaluation', error: unknown): unknown {
  return error instanceof XmlError ? new XPathError(reason, error.message.trim().slice(0, 500)) : error;
}
