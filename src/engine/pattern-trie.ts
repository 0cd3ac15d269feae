import type { ElementName } from '../wsn/operations.ts';
import { stepLabel, type TopicPattern } from '../wsn/topics/topic-pattern.ts';

/**
 * Values by topic patterns that share their beginnings. What a match costs depends on the beginnings that the topic passes,
 * not on the patterns that it does not.
 */
export class PatternTrie<T extends object | string> {
  readonly #root = new Level<T>();
  #matches = 0;

  get isEmpty(): boolean {
    return this.#root.isEmpty;
  }

  /** Adds `value`, which must not be there under this pattern. */
  add(pattern: TopicPattern, value: T): void {
    let level = this.#root;
    for (const label of labelsOf(pattern)) level = level.below(label);
    level.values.add(value);
  }

  /** Removes `value`, and what is left empty. */
  remove(pattern: TopicPattern, value: T): void {
    const passed: { readonly level: Level<T>; readonly label: string }[] = [];
    let level = this.#root;
    for (const label of labelsOf(pattern)) {
      const next = level.find(label);
      if (next === undefined) return;
      passed.push({ level, label });
      level = next;
    }
    level.values.delete(value);
    for (const { level: above, label } of passed.reverse()) {
      if (!level.isEmpty) return;
      above.drop(label);
      level = above;
    }
  }

  /** Calls `visit` for each value under each pattern that selects the topic with these names. */
  match(names: readonly ElementName[], visit: (value: T) => void): void {
    this.#matches += 1;
    let reached: Level<T>[] = [];
    enter(this.#root, this.#matches, reached);
    for (const name of names) {
      const labels = labelsFor(name);
      const next: Level<T>[] = [];
      for (const level of reached) {
        if (level.isGap) next.push(level);
        for (const label of labels) {
          const below = level.find(label);
          if (below !== undefined) enter(below, this.#matches, next);
        }
      }
      if (next.length === 0) return;
      reached = next;
    }
    for (const { values } of reached) values.each(visit);
  }
}

/** No name of a step contains a slash at its beginning. */
const GAP = '//';

function labelsOf({ steps, below }: TopicPattern): string[] {
  const labels = steps.flatMap((step) => (step.gap ? [GAP, stepLabel(step)] : [stepLabel(step)]));
  return below ? [...labels, GAP] : labels;
}

/** What a step may be called that fits this name. */
function labelsFor({ namespace, localName }: ElementName): readonly string[] {
  const exact = stepLabel({ namespace, localName });
  return namespace === '' ? [exact, '*'] : [exact, `{${namespace}}*`, '*'];
}

/** A gap takes no level, and once it is reached the topic never leaves it. */
function enter<T extends object | string>(level: Level<T>, match: number, reached: Level<T>[]): void {
  reached.push(level);
  const gap = level.find(GAP);
  if (gap === undefined || gap.reachedBy === match) return;
  gap.reachedBy = match;
  reached.push(gap);
}

/** A beginning of patterns. With a hundred thousand of them, most have one pattern below or none, and one value or none. */
class Level<T extends object | string> {
  readonly isGap: boolean;
  readonly values = new Values<T>();
  /** Number of the match that came here last. */
  reachedBy = 0;
  #label: string | undefined;
  #only: Level<T> | undefined;
  #more: Map<string, Level<T>> | undefined;

  constructor(label = '') {
    this.isGap = label === GAP;
  }

  get isEmpty(): boolean {
    return this.values.isEmpty && this.#only === undefined && this.#more === undefined;
  }

  find(label: string): Level<T> | undefined {
    return this.#label === label ? this.#only : this.#more?.get(label);
  }

  /** The level below of that label, made if it is not there. */
  below(label: string): Level<T> {
    const known = this.find(label);
    if (known !== undefined) return known;
    const level = new Level<T>(label);
    if (this.#only === undefined) {
      this.#label = label;
      this.#only = level;
    } else {
      this.#more ??= new Map();
      this.#more.set(label, level);
    }
    return level;
  }

  drop(label: string): void {
    if (this.#label === label) {
      this.#label = undefined;
      this.#only = undefined;
      return;
    }
    this.#more?.delete(label);
    if (this.#more?.size === 0) this.#more = undefined;
  }
}

/** A set that is small while it has no more than one member. */
export class Values<T extends object | string> {
  #only: T | undefined;
  #more: Set<T> | undefined;

  get isEmpty(): boolean {
    return this.#only === undefined && this.#more === undefined;
  }

  add(value: T): void {
    if (this.#only === value) return;
    if (this.#only === undefined && this.#more?.has(value) !== true) this.#only = value;
    else (this.#more ??= new Set()).add(value);
  }

  delete(value: T): void {
    if (this.#only === value) this.#only = undefined;
    this.#more?.delete(value);
    if (this.#more?.size === 0) this.#more = undefined;
  }

  each(visit: (value: T) => void): void {
    if (this.#only !== undefined) visit(this.#only);
    this.#more?.forEach((value) => visit(value));
  }
}
