/** An XPath 1.0 expression with the namespaces that its prefixes mean. */
export interface XPathExpression {
  readonly text: string;
  /** Prefix to namespace; the default namespace ('') means nothing in XPath. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/** One node of a result. */
export interface XPathNode {
  /** The node as it can stand alone in a document, with the namespaces it uses; for an attribute or text its value, escaped. */
  readonly xml: string;
  readonly kind: 'element' | 'attribute' | 'text' | 'other';
  /** The names of the element and of those around it, the root first; empty for what is no element. */
  readonly path: readonly { readonly namespace: string; readonly localName: string }[];
}

/** What an expression gives (XPath 1.0 §1). */
export type XPathResult =
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'nodes'; readonly nodes: readonly XPathNode[] };

/** The expression, or its evaluation, is not what it has to be. */
export class XPathError extends Error {
  override readonly name = 'XPathError';
  /** `syntax`: no expression, or an undeclared prefix; `evaluation`: it failed; `limit`: it took too long or too much. */
  readonly reason: 'syntax' | 'evaluation' | 'limit';

  constructor(reason: XPathError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * XPath 1.0, bounded in time and memory. All calls return at once: a document or an expression from a stranger can delay
 * the caller by no more than a fixed time.
 */
export interface XPath {
  /** Throws XPathError `syntax` for what is no XPath 1.0 expression or uses a prefix that is not declared. */
  check(expression: XPathExpression): void;
  /**
   * For each expression whether it is true of the document (`boolean()` of its value). One that fails, or exceeds its limit
   * by its own fault, is not. Undefined: it could not be tried now, because the machine is busy or others took the time.
   */
  test(document: Uint8Array, expressions: readonly XPathExpression[]): readonly (boolean | undefined)[];
  /** What an expression gives, with the document node as context unless `context` is `root-element`. Throws XPathError. */
  evaluate(document: Uint8Array, expression: XPathExpression, context?: 'document' | 'root-element'): XPathResult;
}
