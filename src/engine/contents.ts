import { contentExpressions, producerExpressions } from '../wsn/filters/compile.ts';
import { namesQueries, payloadOf, queryMatches } from '../wsn/filters/payload.ts';
import type { Filter, TopicPath } from '../wsn/messages.ts';
import type { TopicSet } from '../wsn/topics/topic-set.ts';
import type { XPath, XPathExpression } from '../xml/xpath/xpath.ts';

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

  passes(content: ContentFilter | undefined, { message, topic }: Looked): boolean {
    if (content === undefined) return true;
    return this.passing([{ content }], { message, topic }).length > 0;
  }

  /** Those whose filter the message passes. It is read once for all of them. */
  passing<T extends { readonly content: ContentFilter }>(
    candidates: readonly T[],
    { message, topic }: Looked,
  ): readonly T[] {
    const open = candidates.filter(({ content }) => this.#producerPasses(content));
    if (open.length === 0) return open;
    const payload = payloadOf(message);
    const wanted = this.#distinct(open.flatMap(({ content }) => content.expressions));
    const results = wanted.size === 0 ? [] : this.#xpath.test(payload, [...wanted.values()]);
    const isTrue = new Map([...wanted.keys()].map((key, index) => [key, results[index] === true]));
    return open.filter(
      ({ content }) =>
        content.expressions.every((expression) => isTrue.get(this.#keyOf(expression))) &&
        queriesPass(content.filter, topic, payload),
    );
  }

  /** Asked again only when the properties have changed. */
  #producerPasses(content: ContentFilter): boolean {
    if (content.producer.length === 0) return true;
    const { revision } = this.#topics;
    if (this.#judged.revision !== revision) this.#judged = { revision, results: new Map() };
    const known = this.#judged.results.get(content);
    if (known !== undefined) return known;
    const result = this.#xpath.test(this.#properties(this.#topics), content.producer).every(Boolean);
    this.#judged.results.set(content, result);
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
