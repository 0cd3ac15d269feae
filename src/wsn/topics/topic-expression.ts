import { clipped } from '../../soap/text.ts';
import { isQualifiedName } from '../../xml/characters.ts';
import { WsnFault } from '../faults.ts';
import type { TopicExpression, TopicPath } from '../messages.ts';
import type { ElementName } from '../operations.ts';
import { canonicalDialect, CONCRETE_DIALECT, SIMPLE_DIALECT, SUPPORTED_DIALECTS } from './dialects.ts';
import { topicPath, topicSteps } from './topic-path.ts';

/** A topic expression, ready to be asked. */
export interface TopicMatcher {
  matches(topic: TopicPath): boolean;
  /** Set if it selects exactly one topic, whatever topics there are. */
  readonly exact?: TopicPath;
}

/** Characters of an expression: no honest one comes near. */
const MAX_TEXT = 4096;

/**
 * Prepares a topic expression. Throws WsnFault: TopicExpressionDialectUnknownFault for a dialect other than Simple and
 * Concrete (and their aliases), InvalidTopicExpressionFault for a text that is not of the dialect's grammar or uses a
 * prefix that is not declared (WS-Topics §8.1, §8.2).
 */
export function compileTopicExpression(expression: TopicExpression): TopicMatcher {
  const dialect = canonicalDialect(expression.dialect);
  if (dialect !== SIMPLE_DIALECT && dialect !== CONCRETE_DIALECT) {
    const found = dialect === '' ? 'no Dialect' : `the topic expression dialect '${clipped(dialect)}'`;
    const message = `Found ${found}, expected ${SUPPORTED_DIALECTS.join(' or ')}`;
    throw new WsnFault('TopicExpressionDialectUnknownFault', message);
  }
  const exact = concretePath(expression);
  if (dialect === SIMPLE_DIALECT && topicSteps(exact).length > 1) {
    throw invalid(expression.text, 'a path; the dialect Simple has root topics only');
  }
  return { exact, matches: (topic) => topic === exact };
}

/**
 * The topic that a concrete path denotes (WS-Topics §8.2), whatever the expression's dialect says. Names without prefix
 * are in no namespace, also where a default namespace is declared. Throws WsnFault InvalidTopicExpressionFault.
 */
export function concretePath({ text, namespaces }: TopicExpression): TopicPath {
  requireShort(text);
  const steps = text.split('/').map((name): ElementName => {
    if (!isQualifiedName(name)) throw invalid(text, `'${clipped(name)}' where a name is expected`);
    const colon = name.indexOf(':');
    if (colon === -1) return { namespace: '', localName: name };
    const prefix = name.slice(0, colon);
    const namespace = Object.hasOwn(namespaces, prefix) ? namespaces[prefix] : undefined;
    if (namespace === undefined || namespace === '')
      throw invalid(text, `the prefix '${prefix}', which is not declared`);
    if (/[{}]/.test(namespace)) throw invalid(text, `braces in the namespace of the prefix '${prefix}'`);
    return { namespace, localName: name.slice(colon + 1) };
  });
  return topicPath(steps);
}

/** Throws WsnFault InvalidTopicExpressionFault for a text that is longer than any honest expression. */
export function requireShort(text: string): void {
  if (text.length <= MAX_TEXT) return;
  throw invalid(text, `${text.length} characters, where at most ${MAX_TEXT} are allowed`);
}

/** A text that is equal for expressions that select the same topics. Throws WsnFault as `compileTopicExpression`. */
export function expressionKey(expression: TopicExpression): string {
  return `topic ${compileTopicExpression(expression).exact ?? ''}`;
}

/** A topic written out. */
export interface FormattedTopic {
  /** The dialect to label it with. */
  readonly dialect: string;
  readonly text: string;
  /** Prefix to namespace, for each prefix in the text. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/**
 * Writes a topic for a subscriber that uses this dialect (WS-BaseNotification §3.1 asks for the subscriber's own): a
 * concrete path, which is an expression of every dialect but Simple. Prefixes are made up (`tns1` …), never the
 * default namespace. Without a dialect, and for a path that Simple cannot say, the label is Concrete.
 */
export function formatTopic(topic: TopicPath, dialect: string = CONCRETE_DIALECT): FormattedTopic {
  const steps = topicSteps(topic);
  const prefixes = new Map<string, string>();
  const names = steps.map(({ namespace, localName }) => {
    if (namespace === '') return localName;
    const prefix = prefixes.get(namespace) ?? `tns${prefixes.size + 1}`;
    prefixes.set(namespace, prefix);
    return `${prefix}:${localName}`;
  });
  const label = canonicalDialect(dialect);
  return {
    dialect: label === SIMPLE_DIALECT && steps.length > 1 ? CONCRETE_DIALECT : label,
    text: names.join('/'),
    namespaces: Object.fromEntries([...prefixes].map(([namespace, prefix]) => [prefix, namespace])),
  };
}

function invalid(text: string, problem: string): WsnFault {
  return new WsnFault('InvalidTopicExpressionFault', `The topic expression '${clipped(text)}' has ${problem}`);
}
