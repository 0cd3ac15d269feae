import { XmlAttribute, XmlDocument, XmlElement, XmlLibError, XmlText, XmlXPath, type XmlNode } from 'libxml2-wasm';
import {
  XPathError,
  type XPath,
  type XPathExpression,
  type XPathNode,
  type XPathResult,
} from '../../src/xml/xpath/xpath.ts';
import { escapeText } from '../../src/xml/writer.ts';

/** XPath 1.0 without any bounds, for tests of what is built upon it. */
export const libxmlXPath: XPath = {
  check: (expression) => {
    compile(expression).dispose();
  },
  test: (document, expressions) => expressions.map((expression) => isTrue(evaluate(document, expression))),
  evaluate,
};

function compile({ text, namespaces }: XPathExpression): XmlXPath {
  try {
    return XmlXPath.compile(text, { ...namespaces });
  } catch (error) {
    throw new XPathError('syntax', String(error));
  }
}

function evaluate(
  document: Uint8Array,
  expression: XPathExpression,
  context: 'document' | 'root-element' = 'document',
): XPathResult {
  using compiled = compile(expression);
  using parsed = XmlDocument.fromBuffer(document);
  try {
    const value = (context === 'document' ? parsed : parsed.root).eval(compiled);
    if (typeof value === 'boolean') return { kind: 'boolean', value };
    if (typeof value === 'number') return { kind: 'number', value };
    if (typeof value === 'string') return { kind: 'string', value };
    return { kind: 'nodes', nodes: value.map(nodeOf) };
  } catch (error) {
    if (!(error instanceof XmlLibError)) throw error;
    throw new XPathError('evaluation', error.message);
  }
}

function nodeOf(node: XmlNode): XPathNode {
  if (node instanceof XmlElement) return { kind: 'element', xml: node.toString(), path: pathOf(node) };
  if (node instanceof XmlAttribute) return { kind: 'attribute', xml: escapeText(node.value), path: [] };
  if (node instanceof XmlText) return { kind: 'text', xml: escapeText(node.content), path: [] };
  return { kind: 'other', xml: '', path: [] };
}

function pathOf(element: XmlElement): XPathNode['path'] {
  const own = { namespace: element.namespaceUri, localName: element.name };
  return element.parent === null ? [own] : [...pathOf(element.parent), own];
}

function isTrue(result: XPathResult): boolean {
  return result.kind === 'nodes' ? result.nodes.length > 0 : Boolean(result.value);
}
