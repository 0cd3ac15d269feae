import type { Logger } from '../../kernel/log.ts';
import type { Filter, TopicExpression } from '../../wsn/messages.ts';
import { matcherKey, type TopicMatcher } from '../../wsn/topics/topic-expression.ts';
import { mayLackTopic } from '../contents.ts';
import type { Demand } from '../demand.ts';
import { Listeners } from '../listeners.ts';
import type { InterestChange } from '../ports/engine.ts';

/** Revisions of one epoch: enough that they never reach those of the next. */
const REVISIONS_PER_EPOCH = 2 ** 32;

interface Change {
  readonly key: string;
  readonly expression: TopicExpression;
  readonly isWanted: boolean;
}

/** An expression that filters of subscriptions have, and the first of them. */
interface Wanted {
  readonly filter: Filter;
  readonly matchers: readonly TopicMatcher[];
  count: number;
}

/** A filter with its topic expressions ready to be asked. */
interface CompiledFilter {
  readonly filter: Filter;
  readonly matchers: readonly TopicMatcher[];
}

/**
 * What this engine wants from its peers: the first topic expression of each live subscription, counted (a filter with
 * several lets through no more than its first alone); everything, as long as a subscription has no topic filter or one that what has no topic may pass.
 *
 * A revision belongs to an epoch, so it grows over restarts and failovers without being stored.
 */
export class OwnInterest {
  readonly changed: Listeners<[]>;
  readonly #expressions = new Map<string, Wanted>();
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

  /** Subscriptions with this filter have begun. Of one that many have, once is enough. */
  acquire({ filter, matchers }: CompiledFilter): void {
    const [expression] = filter.topics;
    const [matcher] = matchers;
    if (expression === undefined || matcher === undefined || mayLackTopic(filter)) {
      this.#unfiltered += 1;
      this.#demand.add(undefined);
      if (this.#unfiltered === 1) this.#record(undefined);
      return;
    }
    const key = matcherKey(matcher);
    const known = this.#expressions.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    this.#expressions.set(key, { filter, matchers, count: 1 });
    this.#demand.add(matcher);
    this.#record({ key, expression, isWanted: true });
  }

  /** There are no more subscriptions for which acquire() was called with this filter. */
  release({ filter, matchers }: CompiledFilter): void {
    const [expression] = filter.topics;
    const [matcher] = matchers;
    if (expression === undefined || matcher === undefined || mayLackTopic(filter)) {
      this.#unfiltered -= 1;
      this.#demand.remove(undefined);
      if (this.#unfiltered === 0) this.#record(undefined);
      return;
    }
    const key = matcherKey(matcher);
    const known = this.#expressions.get(key);
    if (known === undefined) return;
    known.count -= 1;
    if (known.count > 0) return;
    this.#expressions.delete(key);
    this.#demand.remove(known.matchers[0]);
    this.#record({ key, expression, isWanted: false });
  }

  /** See LinkOutlet.interestSince(). */
  since(base: number | undefined): InterestChange | undefined {
    if (base === this.#revision) return undefined;
    const revision = this.#revision;
    const everything = this.#unfiltered > 0;
    const oldest = revision - this.#changes.length;
    if (base === undefined || base < oldest || base > revision) {
      const add = [...this.#expressions.values()].flatMap(({ filter }) => filter.topics.slice(0, 1));
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
