import { escapeAttribute, escapeText } from '../../xml/writer.ts';
import type { Filter, FilterExpression } from '../messages.ts';
import { WSNT_NAMESPACE } from '../namespaces.ts';

/**
 * A complete wsnt:Filter element (WS-BaseNotification §4.1) that declares what it uses: the expressions as they were sent,
 * each with the namespaces that its prefixes mean. Parts of a kind stay in their order.
 */
export function encodeFilter(filter: Filter): string {
  const { topics, contents = [], producerProperties = [], queries = [] } = filter;
  const prefix = freePrefix([...topics, ...contents, ...producerProperties]);
  const write = (name: string, { dialect, text, namespaces }: FilterExpression): string =>
    `<${prefix}:${name} Dialect="${escapeAttribute(dialect)}"${declarations(namespaces)}>${escapeText(text)}</${prefix}:${name}>`;
  return [
    `<${prefix}:Filter xmlns:${prefix}="${WSNT_NAMESPACE}">`,
    ...topics.map((topic) => write('TopicExpression', topic)),
    ...producerProperties.map((expression) => write('ProducerProperties', expression)),
    ...contents.map((expression) => write('MessageContent', expression)),
    ...queries.map(({ element }) => element),
    `</${prefix}:Filter>`,
  ].join('');
}

/** `wsnt`, or something like it where an expression uses that prefix itself. */
function freePrefix(expressions: readonly FilterExpression[]): string {
  const used = new Set(expressions.flatMap(({ namespaces }) => Object.keys(namespaces)));
  let prefix = 'wsnt';
  for (let number = 1; used.has(prefix); number += 1) prefix = `wsnt${number}`;
  return prefix;
}

function declarations(namespaces: FilterExpression['namespaces']): string {
  return Object.entries(namespaces)
    .map(([prefix, namespace]) => ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(namespace)}"`)
    .join('');
}
