import type { TopicPath } from '../wsn/messages.ts';
import type { TopicMatcher } from '../wsn/topics/topic-expression.ts';

/** Whether a notification on `topic` passes all of `matchers`. Without a topic it only passes where there is none. */
export function matchesAll(matchers: readonly TopicMatcher[], topic: TopicPath | undefined): boolean {
  if (matchers.length === 0) return true;
  return topic !== undefined && matchers.every((matcher) => matcher.matches(topic));
}

/**
 * Finds those whose matchers a topic passes. What it costs does not grow with those that name another exact topic;
 * those with patterns are tried one by one.
 */
export class TopicIndex<T> {
  readonly #everything = new Set<T>();
  readonly #exact = new Map<TopicPath, Map<T, readonly TopicMatcher[]>>();
  readonly #patterns = new Map<T, readonly TopicMatcher[]>();

  /** Adds `value`, which must not be in the index, under matchers that must all match. None: it gets everything. */
  add(value: T, matchers: readonly TopicMatcher[]): void {
    if (matchers.length === 0) {
      this.#everything.add(value);
      return;
    }
    const topic = exactTopic(matchers);
    if (topic === undefined) {
      this.#patterns.set(value, matchers);
      return;
    }
    const known = this.#exact.get(topic) ?? new Map<T, readonly TopicMatcher[]>();
    known.set(value, matchers);
    this.#exact.set(topic, known);
  }

  /** Removes `value`; `matchers` must be those that it was added under. */
  remove(value: T, matchers: readonly TopicMatcher[]): void {
    this.#everything.delete(value);
    this.#patterns.delete(value);
    const topic = exactTopic(matchers);
    if (topic === undefined) return;
    const known = this.#exact.get(topic);
    known?.delete(value);
    if (known?.size === 0) this.#exact.delete(topic);
  }

  /** Calls `visit` once for each value that `topic` matches. */
  match(topic: TopicPath | undefined, visit: (value: T) => void): void {
    for (const value of this.#everything) visit(value);
    if (topic === undefined) return;
    for (const [value, matchers] of this.#exact.get(topic) ?? []) {
      if (matchers.length === 1 || matchesAll(matchers, topic)) visit(value);
    }
    for (const [value, matchers] of this.#patterns) {
      if (matchesAll(matchers, topic)) visit(value);
    }
  }
}

function exactTopic(matchers: readonly TopicMatcher[]): TopicPath | undefined {
  return matchers.find((matcher) => matcher.exact !== undefined)?.exact;
}
