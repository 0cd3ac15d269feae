import type { Logger } from '../kernel/log.ts';
import type { Filter, TopicExpression } from '../wsn/messages.ts';
import { expressionKey, type TopicMatcher } from '../wsn/topics/topic-expression.ts';
import type { Demand } from './demand.ts';
import { Listeners } from './listeners.ts';
import type { InterestChange } from './ports/engine.ts';

/** Revisions of one epoch: enough that they never reach those of the next. */
const REVISIONS_PER_EPOCH = 2 ** 32;

interface Change {
  readonly key: string;
  readonly expression: TopicExpression;
  readonly isWanted: boolean;
}

/**
 * What this engine wants from its peers: the first topic expression of each live subscription, counted (a filter with
 * several lets through no more than its first alone); everything, as long as a subscription has no topic filter.
 *
 * A revision belongs to an epoch, so it grows over restarts and failovers without being stored.
 */
export class OwnInterest {
  readonly changed: Listeners<[]>;
  readonly #expressions = new Map<
    string,
    { readonly expression: TopicExpression; readonly matcher: TopicMatcher; count: number }
  >();
  readonly #demand: Demand;
  readonly #maxChanges: number;
  /** The newest changes; the last one led to the present revision. Undefined: only `everything` changed. */
  #changes: (Change | undefined)[] = [];
  #unfiltered = 0;
  #revision: number;

  constructor(epoch: number, maxChanges: number, demand: Demand, logger: Logger) {
    this.#demand = demand;
    this.#revision = epoch * REVISIONS_PER_EPOCH;
    this.#maxChanges = maxChanges;
    this.changed = new Listeners(logger);
  }

  /** A subscription with this filter has begun. `matchers` are those of its topics. */
  acquire(filter: Filter, matchers: readonly TopicMatcher[]): void {
    const [expression] = filter.topics;
    const [matcher] = matchers;
    if (expression === undefined || matcher === undefined) {
      this.#unfiltered += 1;
      this.#demand.add(undefined);
      if (this.#unfiltered === 1) this.#record(undefined);
      return;
    }
    const key = expressionKey(expression);
    const known = this.#expressions.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    this.#expressions.set(key, { expression, matcher, count: 1 });
    this.#demand.add(matcher);
    this.#record({ key, expression, isWanted: true });
  }

  /** A subscription with this filter has ended. */
  release(filter: Filter): void {
    const expression = filter.topics[0];
    if (expression === undefined) {
      this.#unfiltered -= 1;
      this.#demand.remove(undefined);
      if (this.#unfiltered === 0) this.#record(undefined);
      return;
    }
    const key = expressionKey(expression);
    const known = this.#expressions.get(key);
    if (known === undefined) return;
    known.count -= 1;
    if (known.count > 0) return;
    this.#expressions.delete(key);
    this.#demand.remove(known.matcher);
    this.#record({ key, expression: known.expression, isWanted: false });
  }

  /** See LinkOutlet.interestSince(). */
  since(base: number | undefined): InterestChange | undefined {
    if (base === this.#revision) return undefined;
    const revision = this.#revision;
    const everything = this.#unfiltered > 0;
    const oldest = revision - this.#changes.length;
    if (base === undefined || base < oldest || base > revision) {
      const add = [...this.#expressions.values()].map(({ expression }) => expression);
      return { revision, everything, add, remove: [] };
    }
    const last = new Map<string, Change>();
    for (const change of this.#changes.slice(base - oldest)) {
      if (change !== undefined) last.set(change.key, change);
    }
    const changes = [...last.values()];
    const select = (isWanted: boolean): TopicExpression[] =>
      changes.filter((change) => change.isWanted === isWanted).map(({ expression }) => expression);
    return { base, revision, everything, add: select(true), remove: select(false) };
  }

  #record(change: Change | undefined): void {
    this.#revision += 1;
    this.#changes.push(change);
    if (this.#changes.length > 2 * this.#maxChanges) this.#changes = this.#changes.slice(-this.#maxChanges);
    this.changed.call();
  }
}
