import { clipped } from '../../soap/text.ts';
import { isConstant, requireAllowed } from '../../xml/xpath/rules.ts';
import { XPathError } from '../../xml/xpath/xpath.ts';
import type { XPathExpression } from '../../xml/xpath/xpath.ts';
import { WsnFault } from '../faults.ts';
import type { Filter, FilterExpression } from '../messages.ts';
import { XPATH_DIALECT } from '../topics/dialects.ts';
import { asFault } from './filter-expression.ts';
import type { FilterFaultName } from './filter-expression.ts';
import { ITEM_FILTER_DIALECT, translateItemFilter } from './item-filter.ts';

/**
 * A MessageContent as XPath over the payload, which is a document of its own (WS-BaseNotification §4.1). Dialects: XPath
 * 1.0 and ONVIF's ItemFilter. The standard wants a boolean; every other value counts as XPath's boolean() of it, but a
 * mere number or string is refused: it says nothing of the payload. The grammar of XPath itself is not checked here but by
 * `XPath.check`. Throws WsnFault InvalidMessageContentExpressionFault.
 */
export function compileContent(expression: FilterExpression): XPathExpression {
  const fault = 'InvalidMessageContentExpressionFault';
  if (expression.dialect !== ITEM_FILTER_DIALECT) return compileXPath(expression, fault, [ITEM_FILTER_DIALECT]);
  return asFault(expression, fault, () => translateItemFilter(expression));
}

/**
 * A ProducerProperties as XPath over the broker's property document. Dialect: XPath 1.0; otherwise as `compileContent`.
 * Throws WsnFault InvalidProducerPropertiesExpressionFault.
 */
export function compileProducerProperties(expression: FilterExpression): XPathExpression {
  return compileXPath(expression, 'InvalidProducerPropertiesExpressionFault', []);
}

/** What must all be true of a payload, by `XPath.test`, for the filter to let it through. Throws as `compileContent`. */
export function contentExpressions(filter: Filter): readonly XPathExpression[] {
  return (filter.contents ?? []).map(compileContent);
}

/** What must all be true of the broker's property document. Throws as `compileProducerProperties`. */
export function producerExpressions(filter: Filter): readonly XPathExpression[] {
  return (filter.producerProperties ?? []).map(compileProducerProperties);
}

function compileXPath(
  expression: FilterExpression,
  fault: FilterFaultName,
  otherDialects: readonly string[],
): XPathExpression {
  const { dialect, text, namespaces } = expression;
  if (dialect !== XPATH_DIALECT) {
    const found = dialect === '' ? 'no Dialect' : `the dialect '${clipped(dialect)}'`;
    throw new WsnFault(fault, `Found ${found}, expected ${[XPATH_DIALECT, ...otherDialects].join(' or ')}`);
  }
  return asFault(expression, fault, () => {
    if (isConstant(requireAllowed({ text, namespaces }))) {
      throw new XPathError('syntax', 'it is a constant, expected something that is true or false of a document');
    }
    return { text, namespaces };
  });
}
