import { clipped, trimmed } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import { WsnFault } from '../faults.ts';
import type { TopicExpression, TopicPath } from '../messages.ts';
import { canonicalDialect, mayLabelTopic } from './dialects.ts';
import { concretePath, requireShort } from './topic-expression.ts';

/** What stands before a colon in an expression of any dialect. */
const PREFIX = /([^\s:/|*()[\]@'"=<>!,+.-][^\s:/|*()[\]@'"=<>!,+]*):/g;

/** Selects topics, which a path does anyway; Petals writes it behind paths, mostly without declaring the prefix. */
const IS_TOPIC = /\[@[^\s:\]]+:topic=(["'])true\1\]/g;

/**
 * Reads an element of type TopicExpressionType. An undeclared prefix is left out of `namespaces`, where the dialect's
 * grammar will miss it; no Dialect attribute gives ''. Throws WsnFault InvalidTopicExpressionFault for child elements.
 */
export function readTopicExpression(element: XmlElement): TopicExpression {
  if (element.children().length > 0) {
    const message = `Found elements inside ${element.localName}, expected a topic expression as text`;
    throw new WsnFault('InvalidTopicExpressionFault', message);
  }
  const raw = trimmed(element.text());
  requireShort(raw);
  const text = raw.replace(IS_TOPIC, '');
  const namespaces: Record<string, string> = {};
  for (const [, prefix = ''] of text.matchAll(PREFIX)) {
    const namespace = element.resolvePrefix(prefix);
    if (namespace !== undefined) Object.defineProperty(namespaces, prefix, { value: namespace, enumerable: true });
  }
  // The SES of 52°North's clients spell the attribute in lower case.
  const dialect = element.attribute('', 'Dialect') ?? element.attribute('', 'dialect') ?? '';
  return { dialect: canonicalDialect(trimmed(dialect)), text, namespaces };
}

/**
 * The topic of a NotificationMessage: a concrete path, under whatever dialect it is labelled with. Undefined for an
 * empty element, which stands for no topic (OKSE). Throws WsnFault: TopicExpressionDialectUnknownFault for a dialect
 * of which it is not known that paths mean the same in it, or InvalidTopicExpressionFault.
 */
export function readTopic(element: XmlElement): TopicPath | undefined {
  const expression = readTopicExpression(element);
  if (expression.text === '') return undefined;
  if (mayLabelTopic(expression.dialect)) return concretePath(expression);
  const message = `Found the topic dialect '${clipped(expression.dialect)}', expected one of WS-Topics`;
  throw new WsnFault('TopicExpressionDialectUnknownFault', message);
}
