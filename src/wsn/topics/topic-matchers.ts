import type { TopicExpression, TopicPath } from '../messages.ts';
import { exactPattern, leadingNames, patternsOverlap, selects, type TopicPattern } from './topic-pattern.ts';
import { topicPath, topicSteps } from './topic-path.ts';

/** A topic expression, ready to be asked. */
export interface TopicMatcher {
  /** Undefined: it cannot be told now, because the machine is busy; only of one that has a `key`. */
  matches(topic: TopicPath): boolean | undefined;
  /** Set if it selects exactly one topic, whatever topics there are. */
  readonly exact?: TopicPath;
  /** Set if `exact` is not and what is selected depends on the topic alone: a topic that one of them selects. At least one. */
  readonly patterns?: readonly TopicPattern[];
  /** Set if neither of them is: equal for those that select the same of the same topic set. */
  readonly key?: string;
  /** May be set along with `key`: no topic is selected, whatever topics there are, that none of these selects. */
  readonly within?: readonly TopicPattern[] | undefined;
}

/** The topics that there are, for expressions that have to see them. */
export interface TopicSelector {
  /** Throws WsnFault InvalidTopicExpressionFault if the expression is no XPath 1.0 or uses a prefix that is not declared. */
  check(expression: TopicExpression): void;
  /**
   * The topics that an expression of the XPath dialect selects now (WS-Topics §8.4). `key`: its `expressionKey`. None for
   * what is no node-set of topics or exceeds its limits by its own fault. Undefined: it cannot be told now.
   */
  select(expression: TopicExpression, key?: string): ReadonlySet<TopicPath> | undefined;
}

/**
 * Whether both may select the same topic, one that is not known yet included. True if one depends on the topic set and
 * there is no telling.
 */
export function overlaps(one: TopicMatcher, other: TopicMatcher): boolean {
  if (one.exact !== undefined) return other.matches(one.exact) !== false;
  if (other.exact !== undefined) return one.matches(other.exact) !== false;
  const { patterns } = other;
  if (one.patterns === undefined || patterns === undefined) return true;
  return one.patterns.some((left) => patterns.some((right) => patternsOverlap(left, right)));
}

/** What the matcher asks for, in patterns; undefined if that depends on the topic set. */
export function patternsOf({ exact, patterns }: TopicMatcher): readonly TopicPattern[] | undefined {
  return exact === undefined ? patterns : [exactPattern(topicSteps(exact))];
}

/** Selects one topic. */
export class ExactTopic implements TopicMatcher {
  readonly exact: TopicPath;

  constructor(exact: TopicPath) {
    this.exact = exact;
  }

  matches(topic: TopicPath): boolean {
    return topic === this.exact;
  }
}

/** Selects by patterns. */
export class PatternedTopics implements TopicMatcher {
  readonly patterns: readonly TopicPattern[];
  /** What a selected topic begins with, if there is only one pattern: most topics are told apart by it at once. */
  readonly #beginning: TopicPath;

  constructor(patterns: readonly TopicPattern[]) {
    this.patterns = patterns;
    const [only] = patterns;
    this.#beginning = patterns.length === 1 && only !== undefined ? topicPath(leadingNames(only.steps)) : '';
  }

  matches(topic: TopicPath): boolean {
    if (!topic.startsWith(this.#beginning)) return false;
    const names = topicSteps(topic);
    return this.patterns.some((pattern) => selects(pattern, names));
  }
}

/** Selects by an XPath expression over the topic set; without one everything, for those who can do with more than that. */
export class XPathTopics implements TopicMatcher {
  readonly key: string;
  readonly within: readonly TopicPattern[] | undefined;
  readonly #expression: TopicExpression;
  readonly #topics: TopicSelector | undefined;

  constructor(options: {
    readonly expression: TopicExpression;
    readonly key: string;
    readonly within: readonly TopicPattern[] | undefined;
    readonly topics: TopicSelector | undefined;
  }) {
    this.#expression = options.expression;
    this.key = options.key;
    this.within = options.within;
    this.#topics = options.topics;
  }

  matches(topic: TopicPath): boolean | undefined {
    if (this.#topics === undefined) return true;
    return this.#isWithin(topic) ? this.#topics.select(this.#expression, this.key)?.has(topic) : false;
  }

  /** To select is dear, and is done again whenever there is a new topic: most topics are told apart without it. */
  #isWithin(topic: TopicPath): boolean {
    if (this.within === undefined) return true;
    const names = topicSteps(topic);
    return this.within.some((pattern) => selects(pattern, names));
  }
}
