import { Recent } from '../../kernel/recent.ts';
import { clipped } from '../../soap/text.ts';
import { XML_NAMESPACE, XMLNS_NAMESPACE } from '../../xml/words.ts';
import { WsnFault } from '../faults.ts';
import type { TopicExpression, TopicPath } from '../messages.ts';
import { WSTOP_NAMESPACE } from '../namespaces.ts';
import {
  canonicalDialect,
  CONCRETE_DIALECT,
  CONCRETE_SET_DIALECT,
  FULL_DIALECT,
  SIMPLE_DIALECT,
  SUPPORTED_DIALECTS,
  XPATH_DIALECT,
} from './dialects.ts';
import { parsePaths, type PathSyntax, type WrittenPath } from './path-syntax.ts';
import { ExactTopic, PatternedTopics, XPathTopics, type TopicMatcher, type TopicSelector } from './topic-matchers.ts';
import { topicSteps } from './topic-path.ts';
import { exactPath, patternKey, topicPattern, type TopicPattern, type TopicStep } from './topic-pattern.ts';
import { withNamespaces, withoutPredicates } from './xpath-text.ts';

export type { TopicMatcher, TopicSelector } from './topic-matchers.ts';

/** Characters of an expression: no honest one comes near. */
const MAX_TEXT = 4096;
/** Levels of a topic. Elements of a topic set can be nested no deeper than an XML document. */
const MAX_LEVELS = 64;
/** Alternatives of one expression, and characters that their names have together with the namespaces written out. */
const MAX_ALTERNATIVES = 128;
const MAX_NAME_CHARACTERS = 16_384;

const SYNTAX_BY_DIALECT: ReadonlyMap<string, PathSyntax> = new Map([
  [SIMPLE_DIALECT, 'concrete'],
  [CONCRETE_DIALECT, 'concrete'],
  [FULL_DIALECT, 'full'],
  [CONCRETE_SET_DIALECT, 'set'],
  [XPATH_DIALECT, 'xpath'],
]);

/**
 * Prepares a topic expression of one of the SUPPORTED_DIALECTS or their aliases. Simple, Concrete, Full and ConcreteSet,
 * and of XPath what means the same as in Full, select by a topic's names alone. Every other XPath asks `topics` each
 * time; without `topics` it is not checked, and selects everything.
 *
 * Throws WsnFault: TopicExpressionDialectUnknownFault for another dialect or none, InvalidTopicExpressionFault for a text
 * that is not of the dialect's grammar, uses a prefix that is not declared, or is beyond all measure (WS-Topics §8).
 */
export function compileTopicExpression(expression: TopicExpression, topics?: TopicSelector): TopicMatcher {
  const patterns = patternsIn(expression);
  if (patterns === undefined) {
    const key = xpathKey(expression);
    topics?.check(expression);
    return new XPathTopics({ expression, key, within: boundsOf(expression), topics });
  }
  const [first] = patterns;
  const exact = patterns.length === 1 && first !== undefined ? exactPath(first) : undefined;
  return exact === undefined ? new PatternedTopics(patterns) : new ExactTopic(exact);
}

/**
 * The topic that a concrete path denotes (WS-Topics §8.2), whatever the expression's dialect says. Names without prefix
 * are in no namespace, also where a default namespace is declared. Throws WsnFault InvalidTopicExpressionFault.
 */
export function concretePath(expression: TopicExpression): TopicPath {
  let key = expression.text;
  for (const prefix of Object.keys(expression.namespaces)) key += `\n${prefix} ${expression.namespaces[prefix]}`;
  return KNOWN_PATHS.get(key, () => readConcretePath(expression));
}

/** By text and namespaces, of which none has a line end: publishers name the same few topics again and again. */
const KNOWN_PATHS = new Recent<string, TopicPath>(1_000);

function readConcretePath(expression: TopicExpression): TopicPath {
  const [pattern] = pathPatterns(expression, 'concrete') ?? [];
  const exact = pattern && exactPath(pattern);
  if (exact === undefined) throw invalid(expression.text, 'no concrete path');
  return exact;
}

/**
 * The one topic that an expression denotes, as GetCurrentMessage needs it. Throws WsnFault as `compileTopicExpression`, and
 * MultipleTopicsSpecifiedFault for an expression that may denote more than one, be it that there are none at the moment.
 */
export function singleTopic(expression: TopicExpression): TopicPath {
  const { exact } = compileTopicExpression(expression);
  if (exact !== undefined) return exact;
  const message = `Found the topic expression '${clipped(expression.text)}', expected one that denotes a single topic`;
  throw new WsnFault('MultipleTopicsSpecifiedFault', message);
}

/** Throws WsnFault InvalidTopicExpressionFault for a text that is longer than any honest expression. */
export function requireShort(text: string): void {
  if (text.length <= MAX_TEXT) return;
  throw invalid(text, `${text.length} characters, where at most ${MAX_TEXT} are allowed`);
}

/**
 * A text that is equal for expressions that select the same topics, in whatever dialect and with whatever prefixes, and
 * differs for others. Only a part of a union that the others cover, or XPath that is no path, may make it differ without need.
 * Throws WsnFault as `compileTopicExpression`.
 */
export function expressionKey(expression: TopicExpression): string {
  return matcherKey(compileTopicExpression(expression));
}

/** The `expressionKey` of the expression that the matcher was made of. */
export function matcherKey({ exact, patterns, key }: TopicMatcher): string {
  if (exact !== undefined) return `topic ${exact}`;
  return key ?? `topics ${(patterns ?? []).map(patternKey).sort().join('|')}`;
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

/** Undefined for XPath that is no path as Full has them. */
function patternsIn(expression: TopicExpression): readonly TopicPattern[] | undefined {
  const dialect = canonicalDialect(expression.dialect);
  const syntax = SYNTAX_BY_DIALECT.get(dialect);
  if (syntax === undefined) {
    const found = dialect === '' ? 'no Dialect' : `the topic expression dialect '${clipped(dialect)}'`;
    const message = `Found ${found}, expected one of ${SUPPORTED_DIALECTS.join(', ')}`;
    throw new WsnFault('TopicExpressionDialectUnknownFault', message);
  }
  const patterns = pathPatterns(expression, syntax);
  if (dialect === SIMPLE_DIALECT && (patterns?.[0]?.steps.length ?? 0) > 1) {
    throw invalid(expression.text, 'a path; the dialect Simple has root topics only');
  }
  return patterns;
}

function pathPatterns(expression: TopicExpression, syntax: PathSyntax): readonly TopicPattern[] | undefined {
  const { text } = expression;
  requireShort(text);
  const paths = parsePaths(text, syntax);
  if ('problem' in paths) {
    if (syntax === 'xpath') return undefined;
    throw invalid(text, paths.problem);
  }
  if (paths.length > MAX_ALTERNATIVES) {
    throw invalid(text, `${paths.length} alternatives, where at most ${MAX_ALTERNATIVES} are allowed`);
  }
  const resolved = paths.map((path) => resolve(path, expression));
  requireModest(resolved, text);
  // The element around all topics answers to its own name too, and that only XPath can say.
  const namesTopicSet = resolved.some(
    ({ steps: [first] }) => first?.gap === true && first.namespace === WSTOP_NAMESPACE,
  );
  if (syntax === 'xpath' && namesTopicSet) return undefined;
  const patterns = resolved.flatMap(patternsOfPath);
  return [...new Map(patterns.map((pattern) => [patternKey(pattern), pattern])).values()];
}

/**
 * What an XPath selects that is a path but for its predicates, and maybe more: predicates only ever take away, and an
 * operator other than `|` makes it an expression that selects nothing. Undefined for all others.
 */
function boundsOf(expression: TopicExpression): readonly TopicPattern[] | undefined {
  const text = withoutPredicates(expression.text);
  if (text === undefined) return undefined;
  try {
    return pathPatterns({ ...expression, text }, 'xpath');
  } catch (error) {
    if (error instanceof WsnFault) return undefined;
    throw error;
  }
}

/** A path with its namespaces. */
interface ResolvedPath {
  readonly steps: readonly TopicStep[];
  /** Whether everything below is meant too. */
  readonly below: boolean;
  /** What `prefix://` says. */
  readonly throughNamespace: string | undefined;
}

/** Leaves out the steps that only say where they are (`.`); such a step leaves its gap to the next one. */
function resolve({ steps, throughPrefix }: WrittenPath, expression: TopicExpression): ResolvedPath {
  const resolved: TopicStep[] = [];
  let gap = false;
  for (const { name, prefix, ...step } of steps) {
    gap ||= step.gap;
    if (name === '.') continue;
    const isAny = name === '*';
    const namespace = prefix === undefined ? (isAny ? undefined : '') : namespaceOf(prefix, expression);
    resolved.push({ gap, namespace, localName: isAny ? undefined : name });
    gap = false;
  }
  if (resolved.length > MAX_LEVELS) {
    throw invalid(expression.text, `${resolved.length} levels, where at most ${MAX_LEVELS} are allowed`);
  }
  const throughNamespace = throughPrefix === undefined ? undefined : namespaceOf(throughPrefix, expression);
  return { steps: resolved, below: gap, throughNamespace };
}

function patternsOfPath({ steps, below, throughNamespace: namespace }: ResolvedPath): TopicPattern[] {
  const [first, ...rest] = steps;
  if (first === undefined) return [];
  if (namespace === undefined) {
    // XPath's `//` begins above the topic set, so the first step of `//*/b` is the topic set too.
    const isOutermost = first.gap && first.namespace === undefined && rest.length > 0;
    return [topicPattern(isOutermost ? withGap(rest) : steps, below)];
  }
  const ofNamespace: TopicStep = { gap: true, namespace, localName: undefined };
  if (first.localName === undefined) return [topicPattern([ofNamespace, ...withGap(rest)], below || rest.length === 0)];
  // The names of a namespace: its roots, which are qualified, and what is below them, which is not.
  return [
    topicPattern([{ ...ofNamespace, localName: first.localName }, ...rest], below),
    topicPattern([ofNamespace, first, ...rest], below),
  ];
}

function withGap(steps: readonly TopicStep[]): readonly TopicStep[] {
  return steps.map((step, index) => (index === 0 ? { ...step, gap: true } : step));
}

function namespaceOf(prefix: string, { text, namespaces }: TopicExpression): string {
  const namespace = Object.hasOwn(namespaces, prefix) ? namespaces[prefix] : undefined;
  if (namespace === undefined || namespace === '') throw invalid(text, `the prefix '${prefix}', which is not declared`);
  if (/[{}]/.test(namespace)) throw invalid(text, `braces in the namespace of the prefix '${prefix}'`);
  // These two cannot be declared for another prefix, so no topic in them could be written out.
  if (namespace === XML_NAMESPACE || namespace === XMLNS_NAMESPACE) {
    throw invalid(text, `the prefix '${prefix}', which is reserved`);
  }
  return namespace;
}

function requireModest(paths: readonly ResolvedPath[], text: string): void {
  let characters = 0;
  for (const { steps, throughNamespace = '' } of paths) {
    characters += throughNamespace.length;
    for (const { namespace = '', localName = '' } of steps) characters += namespace.length + localName.length;
  }
  if (characters > MAX_NAME_CHARACTERS) throw tooLong(text);
}

function xpathKey({ text, namespaces }: TopicExpression): string {
  if (Object.values(namespaces).some((namespace) => /[{}]/.test(namespace))) {
    throw invalid(text, 'braces in the namespace of one of its prefixes');
  }
  const key = withNamespaces(text, namespaces, MAX_NAME_CHARACTERS);
  if (key === undefined) throw tooLong(text);
  return `xpath ${key}`;
}

function tooLong(text: string): WsnFault {
  return invalid(text, `more than ${MAX_NAME_CHARACTERS} characters when its namespaces are written out`);
}

function invalid(text: string, problem: string): WsnFault {
  return new WsnFault('InvalidTopicExpressionFault', `The topic expression '${clipped(text)}' has ${problem}`);
}
