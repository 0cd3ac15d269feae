import { XmlDocument, XmlElement, XmlXPath, type XmlNode } from 'libxml2-wasm';
import {
  XPathError,
  type XPath,
  type XPathExpression,
  type XPathNode,
  type XPathResult,
} from '../../../src/xml/xpath/xpath.ts';

/** XPath by libxml2, without any bounds: enough to test what is built on the interface. */
export class UnboundedXPath implements XPath {
  /** How often something was evaluated. */
  evaluations = 0;

  check(expression: XPathExpression): void {
    this.#run(Buffer.from('<x/>'), expression, () => undefined);
  }

  test(document: Uint8Array, expressions: readonly XPathExpression[]): readonly boolean[] {
    return expressions.map((expression) =>
      this.#run(document, { ...expression, text: `boolean(${expression.text})` }, (value) => value === true),
    );
  }

  evaluate(
    document: Uint8Array,
    expression: XPathExpression,
    context: 'document' | 'root-element' = 'document',
  ): XPathResult {
    this.evaluations += 1;
    if (context !== 'root-element') throw new Error('Only the root element is a context here');
    return this.#run(document, expression, (value): XPathResult => {
      if (typeof value === 'boolean') return { kind: 'boolean', value };
      if (typeof value === 'number') return { kind: 'number', value };
      if (typeof value === 'string') return { kind: 'string', value };
      return { kind: 'nodes', nodes: value.map(nodeOf) };
    });
  }

  #run<R>(
    bytes: Uint8Array,
    { text, namespaces }: XPathExpression,
    use: (value: XmlNode[] | string | boolean | number) => R,
  ): R {
    using document = XmlDocument.fromBuffer(bytes);
    let xpath: XmlXPath;
    try {
      xpath = XmlXPath.compile(text, { ...namespaces });
    } catch (error) {
      throw new XPathError('syntax', String(error));
    }
    try {
      return use(document.root.eval(xpath));
    } catch (error) {
      throw new XPathError('syntax', String(error));
    } finally {
      xpath.dispose();
    }
  }
}

function nodeOf(node: XmlNode): XPathNode {
  if (!(node instanceof XmlElement)) return { xml: '', kind: 'other', path: [] };
  const path: { namespace: string; localName: string }[] = [];
  for (let at: XmlElement | null = node; at !== null; at = at.parent) {
    path.unshift({ namespace: at.namespaceUri, localName: at.name });
  }
  return { xml: node.toString(), kind: 'element', path };
}
