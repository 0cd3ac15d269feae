import type { TopicPath } from '../wsn/messages.ts';
import type { TopicMatcher } from '../wsn/topics/topic-matchers.ts';
import type { ElementName } from '../wsn/operations.ts';
import { topicSteps } from '../wsn/topics/topic-path.ts';
import { exactPath } from '../wsn/topics/topic-pattern.ts';
import { PatternTrie, Values } from './pattern-trie.ts';
import type { Verdict } from './verdict.ts';

/** Whether a notification on `topic` passes all of `matchers`. Without a topic it only passes where there is none. */
export function matchesAll(matchers: readonly TopicMatcher[], topic: TopicPath | undefined): Verdict {
  if (matchers.length === 0) return true;
  if (topic === undefined) return false;
  let verdict: Verdict = true;
  for (const matcher of matchers) {
    const one = matcher.matches(topic);
    if (one === false) return false;
    verdict &&= one;
  }
  return verdict;
}

/** Values whose matchers have to see the topic set: tried once for all that ask the same. */
interface Asking<T extends object | string> {
  readonly matcher: TopicMatcher;
  readonly values: Values<T>;
  /** Number of the match that asked it last. */
  askedBy: number;
}

/**
 * Finds those whose matchers a topic passes. What it costs does not grow with those that it does not pass, wildcards
 * included; expressions that depend on the topic set are tried, each different one once, where a topic is within what they
 * can select at all.
 */
export class TopicIndex<T extends object | string> {
  readonly #everything = new Set<T>();
  readonly #exact = new Map<TopicPath, Values<T>>();
  readonly #patterns = new PatternTrie<T>();
  readonly #asking = new Map<string | TopicMatcher, Asking<T>>();
  /** Of those the ones that may select any topic, and the others by what they may select. */
  readonly #unbounded = new Set<Asking<T>>();
  readonly #bounded = new PatternTrie<Asking<T>>();
  #matches = 0;
  /** All matchers of those that have several, of which they are indexed by one. */
  readonly #conditions = new Map<T, readonly TopicMatcher[]>();
  /** Those that are indexed at several places. */
  readonly #scattered = new Set<T>();

  /** Adds `value`, which must not be in the index, under matchers that must all match. None: it gets everything. */
  add(value: T, matchers: readonly TopicMatcher[]): void {
    const indexed = mostSelective(matchers);
    if (indexed === undefined) {
      this.#everything.add(value);
      return;
    }
    if (matchers.length > 1) this.#conditions.set(value, matchers);
    const { exact, patterns = [] } = indexed;
    if (exact !== undefined) this.#addExact(exact, value);
    else if (patterns.length === 0) this.#addAsking(indexed, value);
    if (patterns.length > 1) this.#scattered.add(value);
    for (const pattern of patterns) {
      const topic = exactPath(pattern);
      if (topic === undefined) this.#patterns.add(pattern, value);
      else this.#addExact(topic, value);
    }
  }

  /** Removes `value`; `matchers` must be those that it was added under. */
  remove(value: T, matchers: readonly TopicMatcher[]): void {
    this.#everything.delete(value);
    this.#conditions.delete(value);
    this.#scattered.delete(value);
    const indexed = mostSelective(matchers);
    if (indexed === undefined) return;
    const { exact, patterns = [] } = indexed;
    if (exact !== undefined) removeFrom(this.#exact, exact, value);
    else if (patterns.length === 0) this.#removeAsking(indexed, value);
    for (const pattern of patterns) {
      const topic = exactPath(pattern);
      if (topic === undefined) this.#patterns.remove(pattern, value);
      else removeFrom(this.#exact, topic, value);
    }
  }

  /** Calls `visit` once for each value that `topic` matches, and `onUndecided` for each of which that cannot be told now. */
  match(topic: TopicPath | undefined, visit: (value: T) => void, onUndecided: (value: T) => void): void {
    for (const value of this.#everything) visit(value);
    if (topic === undefined) return;
    let visited: Set<T> | undefined;
    const offer = (value: T, isIndexed: Verdict = true): void => {
      if (this.#scattered.has(value)) {
        visited ??= new Set();
        if (visited.has(value)) return;
        visited.add(value);
      }
      const conditions = this.#conditions.get(value);
      const verdict = conditions === undefined ? isIndexed : matchesAll(conditions, topic);
      if (verdict === true) visit(value);
      else if (verdict === undefined) onUndecided(value);
    };
    const match = (value: T): void => offer(value);
    this.#exact.get(topic)?.each(match);
    const names = this.#patterns.isEmpty && this.#bounded.isEmpty ? [] : topicSteps(topic);
    if (!this.#patterns.isEmpty) this.#patterns.match(names, match);
    if (this.#asking.size > 0) this.#ask(topic, names, offer);
  }

  #ask(topic: TopicPath, names: readonly ElementName[], offer: (value: T, verdict: Verdict) => void): void {
    this.#matches += 1;
    const ask = (asking: Asking<T>): void => {
      if (asking.askedBy === this.#matches) return;
      asking.askedBy = this.#matches;
      const verdict = asking.matcher.matches(topic);
      if (verdict !== false) asking.values.each((value) => offer(value, verdict));
    };
    this.#unbounded.forEach(ask);
    if (!this.#bounded.isEmpty) this.#bounded.match(names, ask);
  }

  #addExact(topic: TopicPath, value: T): void {
    const known = this.#exact.get(topic) ?? new Values<T>();
    known.add(value);
    this.#exact.set(topic, known);
  }

  #addAsking(matcher: TopicMatcher, value: T): void {
    const key = matcher.key ?? matcher;
    const known = this.#asking.get(key);
    if (known !== undefined) {
      known.values.add(value);
      return;
    }
    const asking = { matcher, values: new Values<T>(), askedBy: 0 };
    asking.values.add(value);
    this.#asking.set(key, asking);
    if (matcher.within === undefined) this.#unbounded.add(asking);
    for (const pattern of matcher.within ?? []) this.#bounded.add(pattern, asking);
  }

  #removeAsking(matcher: TopicMatcher, value: T): void {
    const key = matcher.key ?? matcher;
    const known = this.#asking.get(key);
    known?.values.delete(value);
    if (known?.values.isEmpty !== true) return;
    this.#asking.delete(key);
    this.#unbounded.delete(known);
    for (const pattern of known.matcher.within ?? []) this.#bounded.remove(pattern, known);
  }
}

function removeFrom<T extends object | string>(map: Map<TopicPath, Values<T>>, topic: TopicPath, value: T): void {
  const known = map.get(topic);
  known?.delete(value);
  if (known?.isEmpty === true) map.delete(topic);
}

/** The one that lets the fewest topics through, as far as its kind says. */
function mostSelective(matchers: readonly TopicMatcher[]): TopicMatcher | undefined {
  return (
    matchers.find(({ exact }) => exact !== undefined) ??
    matchers.find(({ patterns }) => patterns !== undefined) ??
    matchers[0]
  );
}
