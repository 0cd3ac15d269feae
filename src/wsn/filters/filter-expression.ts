import { clipped, trimmed } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import { MAX_EXPRESSION_LENGTH } from '../../xml/xpath/rules.ts';
import { prefixesOf, tokensOf } from '../../xml/xpath/tokens.ts';
import { XPathError } from '../../xml/xpath/xpath.ts';
import { WsnFault } from '../faults.ts';
import type { WsnFaultName } from '../faults.ts';
import type { FilterExpression } from '../messages.ts';

/** The faults for a MessageContent and a ProducerProperties that cannot be used. */
export type FilterFaultName = Extract<
  WsnFaultName,
  'InvalidMessageContentExpressionFault' | 'InvalidProducerPropertiesExpressionFault'
>;

/**
 * Reads an element of type QueryExpressionType (WS-BaseNotification §4.1: MessageContent, ProducerProperties), with the
 * namespaces of the prefixes that its text uses. An undeclared prefix is left out, where the check will miss it; no
 * Dialect attribute gives ''. Throws WsnFault `fault` for child elements and for text that is in no dialect known here.
 */
export function readFilterExpression(element: XmlElement, fault: FilterFaultName): FilterExpression {
  const dialect = trimmed(element.attribute('', 'Dialect') ?? element.attribute('', 'dialect') ?? '');
  const [child] = element.children();
  if (child !== undefined) {
    const found = `Found the element ${clipped(child.localName)} in a ${element.localName}`;
    throw new WsnFault(fault, `${found} of the dialect '${clipped(dialect)}', expected an expression as text`);
  }
  const text = trimmed(element.text());
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const found = `Found ${text.length} characters in ${element.localName}`;
    throw new WsnFault(fault, `${found}, expected at most ${MAX_EXPRESSION_LENGTH}`);
  }
  const namespaces: Record<string, string> = {};
  // All dialects known here have the tokens of XPath.
  for (const prefix of asFault({ dialect, text }, fault, () => prefixesOf(tokensOf(text)))) {
    const namespace = element.resolvePrefix(prefix);
    if (namespace !== undefined) Object.defineProperty(namespaces, prefix, { value: namespace, enumerable: true });
  }
  return { dialect, text, namespaces };
}

/** Does `work`; an XPathError that it throws becomes that fault, with the expression in its description. */
export function asFault<T>(
  { dialect, text }: Pick<FilterExpression, 'dialect' | 'text'>,
  fault: FilterFaultName,
  work: () => T,
): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof XPathError)) throw error;
    const expression = `The expression '${clipped(text)}' of the dialect '${clipped(dialect)}'`;
    throw new WsnFault(fault, `${expression} cannot be used: ${error.message}`);
  }
}
