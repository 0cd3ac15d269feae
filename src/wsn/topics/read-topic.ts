import { clipped, trimmed } from '../../soap/text.ts';
import { TOLERANT } from '../../soap/tolerance.ts';
import type { DeviationName, Tolerance } from '../../soap/tolerance.ts';
import type { XmlElement } from '../../xml/document.ts';
import { WsnFault } from '../faults.ts';
import type { TopicExpression, TopicPath } from '../messages.ts';
import { namespacesIn, undeclaredKnownPrefix } from '../prefixes.ts';
import {
  canonicalDialect,
  CONCRETE_DIALECT,
  dialectDeviation,
  mayLabelTopic,
  SIMPLE_DIALECT,
  XPATH_DIALECT,
} from './dialects.ts';
import { concretePath, requireShort } from './topic-expression.ts';

/** Selects topics, which a path does anyway; Petals writes it behind paths, mostly without declaring the prefix. */
const IS_TOPIC = /\[@[^\s:[\]@]+:topic=(["'])true\1\]/g;
/** The same at the end of a path, where it says nothing in XPath either: only topics are ever selected. */
const IS_TOPIC_AT_END = /\[@[^\s:[\]@]+:topic=(["'])true\1\](?=\s*(?:\||$))/g;

/** A path of at least two names. */
const LONG_PATH = /^[^\s/|*]+(?:\/[^\s/|*]+)+$/;

/**
 * Reads an element of type TopicExpressionType. An undeclared prefix is left out of `namespaces`, where the dialect's
 * grammar will miss it, but for those of `namespacesIn`. Without a dialect it is Concrete, and so is a path of several
 * topics that calls itself Simple. Throws WsnFault: InvalidTopicExpressionFault for child elements; that, or
 * TopicExpressionDialectUnknownFault, for a deviation that is not accepted (default: all are).
 */
export function readTopicExpression(element: XmlElement, tolerance: Tolerance = TOLERANT): TopicExpression {
  if (element.children().length > 0) {
    throw invalid(`Found elements inside ${element.localName}, expected a topic expression as text`);
  }
  const raw = trimmed(element.text());
  requireShort(raw);
  const dialect = readDialect(element, tolerance);
  const prefix = tolerance.has('prefixUndeclared') ? undefined : undeclaredKnownPrefix(raw, element);
  if (prefix !== undefined) {
    throw invalid(`The topic expression '${clipped(raw)}' has the prefix '${prefix}', which is not declared`);
  }
  const text = raw.replace(dialect === XPATH_DIALECT ? IS_TOPIC_AT_END : IS_TOPIC, '');
  if (text !== raw && dialect !== XPATH_DIALECT && !tolerance.has('topicPredicate')) {
    throw invalid(`Found a predicate in the topic expression '${clipped(raw)}', expected XPath as its dialect then`);
  }
  const isLong = dialect === SIMPLE_DIALECT && LONG_PATH.test(text);
  if (isLong && !tolerance.has('simplePath')) {
    throw invalid(`The topic expression '${clipped(raw)}' is a path; the dialect Simple has root topics only`);
  }
  return { dialect: isLong ? CONCRETE_DIALECT : dialect, text, namespaces: namespacesIn(text, element) };
}

function readDialect(element: XmlElement, tolerance: Tolerance): string {
  const attribute = element.attribute('', 'Dialect');
  const written = trimmed(attribute ?? element.attribute('', 'dialect') ?? '');
  const isLowerCase = attribute === undefined && written !== '';
  const deviations: readonly (DeviationName | undefined)[] = [
    written === '' ? 'dialectMissing' : dialectDeviation(written),
    isLowerCase ? 'dialectLowerCase' : undefined,
  ];
  if (deviations.some((deviation) => deviation !== undefined && !tolerance.has(deviation))) {
    const found = written === '' ? 'no Dialect' : `the ${isLowerCase ? 'dialect' : 'Dialect'} '${clipped(written)}'`;
    const message = `Found ${found}, expected an attribute Dialect with one of the dialects of WS-Topics`;
    throw new WsnFault('TopicExpressionDialectUnknownFault', message);
  }
  return written === '' ? CONCRETE_DIALECT : canonicalDialect(written);
}

/**
 * The topic of a NotificationMessage: a concrete path, under whatever dialect it is labelled with. Undefined for an
 * empty element, which stands for no topic (OKSE). Throws WsnFault: TopicExpressionDialectUnknownFault for a dialect
 * of which it is not known that paths mean the same in it, or InvalidTopicExpressionFault; and those of
 * `readTopicExpression`.
 */
export function readTopic(element: XmlElement, tolerance: Tolerance = TOLERANT): TopicPath | undefined {
  const expression = readTopicExpression(element, tolerance);
  if (expression.text === '' && tolerance.has('topicEmpty')) return undefined;
  if (mayLabelTopic(expression.dialect)) return concretePath(expression);
  const message = `Found the topic dialect '${clipped(expression.dialect)}', expected one of WS-Topics`;
  throw new WsnFault('TopicExpressionDialectUnknownFault', message);
}

function invalid(message: string): WsnFault {
  return new WsnFault('InvalidTopicExpressionFault', message);
}
