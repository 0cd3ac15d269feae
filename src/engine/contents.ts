import { contentExpressions, producerExpressions } from '../wsn/filters/compile.ts';
import { namesQueries, payloadOf, queryMatches } from '../wsn/filters/payload.ts';
import type { Filter, TopicPath } from '../wsn/messages.ts';
import type { TopicSet } from '../wsn/topics/topic-set.ts';
import type { XPath, XPathExpression } from '../xml/xpath/xpath.ts';
import { allOf, type Verdict } from './verdict.ts';

/** What a filter asks of a message beyond its topic. */
export interface ContentFilter {
  readonly filter: Filter;
  /** All have to be true of the payload. */
  readonly expressions: readonly XPathExpression[];
  /** All have to be true of the properties of the broker. */
  readonly producer: readonly XPathExpression[];
}

/** What a filter asks beyond topics; undefined: nothing. */
export function contentFilterOf(filter: Filter): ContentFilter | undefined {
  const expressions = contentExpressions(filter);
  const producer = producerExpressions(filter);
  const hasQueries = (filter.queries?.length ?? 0) > 0;
  return expressions.length + producer.length > 0 || hasQueries ? { filter, expressions, producer } : undefined;
}

/** What is looked at of a message. */
interface Looked {
  readonly message: Uint8Array;
  readonly topic: TopicPath | undefined;
}

/** Whether a message without a topic may pass a filter on topics: one by stored queries, if the message names them. */
export function mayLackTopic({ topics, queries = [] }: Filter): boolean {
  return topics.length > 0 && queries.length > 0;
}

function queriesPass(filter: Filter, topic: TopicPath | undefined, payload: Uint8Array): boolean {
  if (topic === undefined && filter.topics.length > 0) return namesQueries(filter, payload);
  return queryMatches(filter, payload);
}

/** Looks into messages on behalf of the filters that ask for it. */
export class Contents {
  readonly #xpath: XPath;
  readonly #topics: TopicSet;
  readonly #properties: (topics: TopicSet) => Uint8Array;
  readonly #keys = new WeakMap<XPathExpression, string>();
  #judged = { revision: -1, results: new Map<ContentFilter, boolean>() };

  /** `properties` writes the property document of the broker, which changes with the topics alone. */
  constructor(options: {
    readonly xpath: XPath;
    readonly topics: TopicSet;
    readonly properties: (topics: TopicSet) => Uint8Array;
  }) {
    this.#xpath = options.xpath;
    this.#topics = options.topics;
    this.#properties = options.properties;
  }

  /** Undefined: it cannot be told now (see XPath.test); ask again later. */
  passes(content: ContentFilter | undefined, { message, topic }: Looked): Verdict {
    if (content === undefined) return true;
    const unsure: unknown[] = [];
    const passing = this.passing([{ content }], { message, topic }, (candidate) => unsure.push(candidate));
    return unsure.length > 0 ? undefined : passing.length > 0;
  }

  /**
   * Those whose filter the message passes. It is read once for all of them. `onUndecided` is called for those of which that
   * cannot be told now.
   */
  passing<T extends { readonly content: ContentFilter }>(
    candidates: readonly T[],
    { message, topic }: Looked,
    onUndecided: (candidate: T) => void,
  ): readonly T[] {
    const unsure = new Set<ContentFilter>();
    const open = candidates.filter(({ content }) => {
      const verdict = this.#producerPasses(content);
      if (verdict === undefined) unsure.add(content);
      return verdict !== false;
    });
    if (open.length === 0) return open;
    const payload = payloadOf(message);
    const wanted = this.#distinct(open.flatMap(({ content }) => content.expressions));
    const results = wanted.size === 0 ? [] : this.#xpath.test(payload, [...wanted.values()]);
    const verdicts = new Map([...wanted.keys()].map((key, index) => [key, results[index]]));
    return open.filter((candidate) => {
      const { expressions, filter } = candidate.content;
      const verdict = allOf(expressions.map((expression) => verdicts.get(this.#keyOf(expression))));
      if (verdict === false || !queriesPass(filter, topic, payload)) return false;
      if (verdict === true && !unsure.has(candidate.content)) return true;
      onUndecided(candidate);
      return false;
    });
  }

  /** Asked again only when the properties have changed. */
  #producerPasses(content: ContentFilter): Verdict {
    if (content.producer.length === 0) return true;
    const { revision } = this.#topics;
    if (this.#judged.revision !== revision) this.#judged = { revision, results: new Map() };
    const known = this.#judged.results.get(content);
    if (known !== undefined) return known;
    const result = allOf(this.#xpath.test(this.#properties(this.#topics), content.producer));
    if (result !== undefined) this.#judged.results.set(content, result);
    return result;
  }

  #distinct(expressions: readonly XPathExpression[]): ReadonlyMap<string, XPathExpression> {
    return new Map(expressions.map((expression) => [this.#keyOf(expression), expression]));
  }

  /** Expressions are compared for every message: what they are compared by is made once for each. */
  #keyOf(expression: XPathExpression): string {
    const known = this.#keys.get(expression);
    if (known !== undefined) return known;
    const key = JSON.stringify([expression.text, Object.entries(expression.namespaces).sort()]);
    this.#keys.set(expression, key);
    return key;
  }
}
