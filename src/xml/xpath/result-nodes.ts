import { XmlAttribute, XmlComment, XmlElement, XmlText } from 'libxml2-wasm';
import type { XmlDocument, XmlNode } from 'libxml2-wasm';
import { InvariantError } from '../../kernel/errors.ts';
import type { XmlDocument as ReadDocument, XmlElement as ReadElement } from '../document.ts';
import { XmlError } from '../error.ts';
import { standalone } from '../fragment.ts';
import { readXml } from '../reader.ts';
import { escapeText } from '../writer.ts';
import { MAX_NODES, MAX_RESULT_LENGTH } from './protocol.ts';
import { XPathError } from './xpath.ts';
import type { XPathNode } from './xpath.ts';

/**
 * The nodes of a result as they go to the caller. Elements are cut out of `document`, the bytes that `tree` was read
 * from. Throws XPathError `limit` for more than MAX_NODES nodes or MAX_RESULT_LENGTH characters.
 */
export function resultNodes(found: readonly XmlNode[], tree: XmlDocument, document: Uint8Array): readonly XPathNode[] {
  if (found.length > MAX_NODES) throw tooLarge(`${found.length} nodes, expected at most ${MAX_NODES}`);
  const isDocument = documentTest(tree);
  const read = found.some((node) => node instanceof XmlElement || isDocument(node)) ? readAgain(document) : undefined;
  const elements = read === undefined ? new Map<number, ReadElement>() : elementsOf(found, tree, read);
  let length = 0;
  return found.map((node, index) => {
    const element = elements.get(index);
    const result =
      element === undefined
        ? otherNode(node, isDocument(node) ? read?.root : undefined)
        : { xml: standalone(element), kind: 'element' as const, path: pathOf(element) };
    length += result.xml.length;
    if (length > MAX_RESULT_LENGTH) throw tooLarge(`more than ${MAX_RESULT_LENGTH} characters`);
    return result;
  });
}

/** `root`: for the document node, the root element. */
function otherNode(node: XmlNode, root: ReadElement | undefined): XPathNode {
  if (root !== undefined) return { xml: root.slice().toString(), kind: 'other', path: [] };
  if (node instanceof XmlAttribute) return { xml: escapeText(node.content), kind: 'attribute', path: [] };
  if (node instanceof XmlText) return { xml: escapeText(node.content), kind: 'text', path: [] };
  // A namespace node is freed together with the result: it must not even be looked at.
  return { xml: node instanceof XmlComment ? `<!--${node.content}-->` : '', kind: 'other', path: [] };
}

/** Tells the document node, whose class libxml2-wasm keeps to itself. */
function documentTest(tree: XmlDocument): (node: XmlNode) => boolean {
  const [node] = tree.root.find('/');
  return (other) => other.constructor === node?.constructor;
}

function readAgain(document: Uint8Array): ReadDocument {
  try {
    return readXml(document);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new XPathError('evaluation', `The document cannot be read: ${error.message}`);
  }
}

/**
 * For each index in `found` that has an element, the element as our reader sees it: both have the elements in the same
 * order, and so has a result of libxml2.
 */
function elementsOf(
  found: readonly XmlNode[],
  tree: XmlDocument,
  read: ReadDocument,
): ReadonlyMap<number, ReadElement> {
  const elements = new Map<number, ReadElement>();
  const wanted = [...found.entries()].filter(([, node]) => node instanceof XmlElement);
  if (wanted.length === 0) return elements;
  const all = read.elements();
  for (const [order, element] of tree.find('//*').entries()) {
    const [index, node] = wanted[elements.size] ?? [];
    if (index === undefined || node === undefined) break;
    const same = node.isSameNode(element) ? all[order] : undefined;
    if (same !== undefined) elements.set(index, same);
  }
  if (elements.size < wanted.length) throw new InvariantError('libxml2 gave elements out of order');
  return elements;
}

function pathOf(element: ReadElement): XPathNode['path'] {
  const path: { namespace: string; localName: string }[] = [];
  for (let at: ReadElement | undefined = element; at !== undefined; at = at.parent) {
    path.unshift({ namespace: at.namespace, localName: at.localName });
  }
  return path;
}

function tooLarge(found: string): XPathError {
  return new XPathError('limit', `Found a result of ${found}`);
}
