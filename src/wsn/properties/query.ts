import { clipped } from '../../soap/text.ts';
import { escapeText } from '../../xml/writer.ts';
import { XPathError } from '../../xml/xpath/xpath.ts';
import type { XPath, XPathNode, XPathResult } from '../../xml/xpath/xpath.ts';
import { WsnFault } from '../faults.ts';
import { PROPERTIES_NAMESPACE } from '../namespaces.ts';
import type { QueryResourcePropertiesRequest } from './decode-properties.ts';
import { writePropertyDocument } from './property-document.ts';
import type { PropertyDocument } from './property-document.ts';

/** The dialect of QueryResourceProperties: XPath 1.0 over the property document. */
export const QUERY_DIALECT = 'http://www.w3.org/TR/1999/REC-xpath-19991116';

/**
 * Evaluates a QueryResourceProperties (WS-ResourceProperties §5.9; no dialect means XPath 1.0) and gives the content of
 * its response: elements as they are, everything else as text in pm:Value, since the response must have an element; pm:NoNodes
 * for no node at all. Throws WsnFault: UnknownQueryExpressionDialectFault (always, where there is no `xpath`),
 * InvalidQueryExpressionFault, QueryEvaluationErrorFault (limits of time and size included).
 */
export function queryProperties(
  document: PropertyDocument,
  { dialect = QUERY_DIALECT, text, namespaces }: QueryResourcePropertiesRequest,
  xpath: XPath | undefined,
): string {
  if (xpath === undefined || dialect !== QUERY_DIALECT) {
    const expected = xpath === undefined ? 'none: there are no queries here' : QUERY_DIALECT;
    const message = `Found the query expression dialect '${clipped(dialect)}', expected ${expected}`;
    throw new WsnFault('UnknownQueryExpressionDialectFault', message);
  }
  try {
    return writeResult(xpath.evaluate(Buffer.from(writePropertyDocument(document)), { text, namespaces }));
  } catch (error) {
    if (!(error instanceof XPathError)) throw error;
    const fault = error.reason === 'syntax' ? 'InvalidQueryExpressionFault' : 'QueryEvaluationErrorFault';
    throw new WsnFault(fault, error.message);
  }
}

function writeResult(result: XPathResult): string {
  if (result.kind !== 'nodes') return valueElement(result.kind, escapeText(String(result.value)));
  const [first] = result.nodes;
  if (first === undefined) return `<pm:NoNodes xmlns:pm="${PROPERTIES_NAMESPACE}"/>`;
  return result.nodes.map(writeNode).join('');
}

/** The document, which is no element, comes as its root: clients read nothing but text in pm:Value. */
function writeNode({ kind, xml }: XPathNode): string {
  const isDocument = kind === 'other' && /^<[^!?]/.test(xml);
  return kind === 'element' || isDocument ? xml : valueElement(kind === 'other' ? 'node' : kind, xml);
}

function valueElement(type: string, content: string): string {
  return `<pm:Value xmlns:pm="${PROPERTIES_NAMESPACE}" Type="${type}">${content}</pm:Value>`;
}
