import { InfrastructureError } from '../../kernel/errors.ts';
import { clipped } from '../../soap/text.ts';
import { XPathError, type XPath, type XPathNode } from '../../xml/xpath/xpath.ts';
import { WsnFault } from '../faults.ts';
import type { TopicExpression, TopicPath } from '../messages.ts';
import { compileTopicExpression, expressionKey } from './topic-expression.ts';
import { patternsOf, type TopicMatcher, type TopicSelector } from './topic-matchers.ts';
import type { TopicModel } from './topic-model.ts';
import { topicPath } from './topic-path.ts';
import { leadingNames } from './topic-pattern.ts';
import { TopicTree } from './topic-tree.ts';

/** Bounds of what a topic set keeps. */
export interface TopicSetLimits {
  /** Topics that grow by use; further ones are not taken in. */
  readonly maxTopics: number;
  /** Characters of all topics that grow by use, as paths. */
  readonly maxCharacters: number;
  /** Topics that the selections in memory have together; more, and they are made anew. */
  readonly maxSelected: number;
}

export const defaultTopicSetLimits: TopicSetLimits = {
  maxTopics: 10_000,
  maxCharacters: 1024 * 1024,
  maxSelected: 1_000_000,
};

const NO_TOPICS: ReadonlySet<TopicPath> = new Set();

/** The topics that there are: the permanent ones, and those that grew by use (WS-Topics §7 and §9). */
export class TopicSet implements TopicSelector {
  readonly #model: TopicModel;
  readonly #xpath: XPath;
  readonly #limits: TopicSetLimits;
  readonly #grown = new Set<TopicPath>();
  readonly #tree = new TopicTree();
  #characters = 0;
  #revision = 0;
  /** What XPath expressions are evaluated over, for this revision. */
  #document: Uint8Array | undefined;
  readonly #selections = new Map<string, ReadonlySet<TopicPath>>();
  #selected = 0;

  constructor(options: {
    readonly model: TopicModel;
    readonly xpath: XPath;
    readonly limits?: Partial<TopicSetLimits>;
  }) {
    this.#model = options.model;
    this.#xpath = options.xpath;
    this.#limits = { ...defaultTopicSetLimits, ...options.limits };
    for (const topic of options.model.permanent) this.#tree.add(topic);
  }

  /** Grows by one with each topic that is new. */
  get revision(): number {
    return this.#revision;
  }

  /** True: no topic is ever added. */
  get fixed(): boolean {
    return this.#model.fixed;
  }

  /**
   * Takes in a topic that is used. False if it was known, the set is fixed, or it is full: such a topic is none for the
   * expressions that ask the set, but all others match it. Whether there may be such a topic is for TopicModel.permits.
   */
  add(topic: TopicPath): boolean {
    if (!this.mayAdd(topic)) return false;
    this.#grown.add(topic);
    this.#characters += topic.length;
    this.#tree.add(topic);
    this.#revision += 1;
    this.#document = undefined;
    this.#forget();
    return true;
  }

  /** Whether the topic is new and there is room for it. */
  mayAdd(topic: TopicPath): boolean {
    if (this.fixed || this.has(topic)) return false;
    const { maxTopics, maxCharacters } = this.#limits;
    return this.#grown.size < maxTopics && this.#characters + topic.length <= maxCharacters;
  }

  has(topic: TopicPath): boolean {
    return this.#model.permanent.has(topic) || this.#grown.has(topic);
  }

  /** All topics, the permanent ones first. */
  all(): readonly TopicPath[] {
    return [...this.#model.permanent, ...this.#grown];
  }

  /** The topics that grew by use, in the order in which they came. */
  grown(): readonly TopicPath[] {
    return [...this.#grown];
  }

  /**
   * A wstop:TopicSet element that its schema finds valid: so it lacks ad-hoc root topics, which the schema forbids. It also
   * lacks topics whose namespace is no URI, for which XML processors refuse the whole; expressions that ask the set do not
   * select them either.
   */
  toXml(): string {
    return this.#tree.toXml();
  }

  check(expression: TopicExpression): void {
    try {
      this.#xpath.check(expression);
    } catch (error) {
      if (!(error instanceof XPathError)) throw error;
      const message = `The topic expression '${clipped(expression.text)}' is no XPath 1.0: ${clipped(error.message)}`;
      throw new WsnFault('InvalidTopicExpressionFault', message);
    }
  }

  select(expression: TopicExpression, key: string = expressionKey(expression)): ReadonlySet<TopicPath> | undefined {
    const known = this.#selections.get(key);
    if (known !== undefined) return known;
    try {
      const selection = this.#evaluate(expression);
      this.#keep(key, selection);
      return selection;
    } catch (error) {
      if (error instanceof InfrastructureError) return undefined;
      if (!(error instanceof XPathError)) throw error;
      // What exceeded a limit may do better another time.
      if (error.reason !== 'limit') this.#keep(key, NO_TOPICS);
      return NO_TOPICS;
    }
  }

  /**
   * Prepares the topic expression of a new subscription. Throws WsnFault as `compileTopicExpression`, and
   * TopicNotSupportedFault (WS-Topics §8.5) if it names a topic that its namespace does not permit, or selects nothing of a
   * topic set that is fixed.
   */
  validate(expression: TopicExpression): TopicMatcher {
    const matcher = compileTopicExpression(expression, this);
    for (const { steps } of patternsOf(matcher) ?? []) {
      const { refusal } = this.#model.definition(leadingNames(steps));
      if (refusal !== undefined) throw notSupported(expression, refusal);
    }
    if (this.fixed && !this.#selectsAny(matcher)) {
      throw notSupported(expression, 'expected one that selects a topic of the topic set, which is fixed');
    }
    return matcher;
  }

  #selectsAny(matcher: TopicMatcher): boolean {
    for (const topic of this.#model.permanent) if (matcher.matches(topic) !== false) return true;
    return false;
  }

  #evaluate(expression: TopicExpression): ReadonlySet<TopicPath> {
    // Here ad-hoc root topics are needed, and no schema is in the way.
    this.#document ??= Buffer.from(this.#tree.toXml({ withForbidden: true }));
    const result = this.#xpath.evaluate(this.#document, expression, 'root-element');
    return result.kind === 'nodes' ? this.#topicsAmong(result.nodes) : NO_TOPICS;
  }

  #keep(key: string, selection: ReadonlySet<TopicPath>): void {
    // One more for the expression itself.
    const size = selection.size + 1;
    if (this.#selected + size > this.#limits.maxSelected) this.#forget();
    this.#selections.set(key, selection);
    this.#selected += size;
  }

  #topicsAmong(nodes: readonly XPathNode[]): ReadonlySet<TopicPath> {
    const topics = nodes
      .filter(({ kind, path }) => kind === 'element' && path.length > 1)
      .map(({ path }) => topicPath(path.slice(1)));
    return new Set(topics.filter((topic) => this.has(topic)));
  }

  #forget(): void {
    this.#selections.clear();
    this.#selected = 0;
  }
}

function notSupported({ text }: TopicExpression, problem: string): WsnFault {
  return new WsnFault('TopicNotSupportedFault', `Found the topic expression '${clipped(text)}': ${problem}`);
}
