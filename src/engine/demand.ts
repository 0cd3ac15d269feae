import type { Logger } from '../kernel/log.ts';
import { overlaps, type TopicMatcher } from '../wsn/topics/topic-matchers.ts';
import { Listeners } from './listeners.ts';

/** A topic that a publisher offers on demand. */
interface Offer {
  readonly owner: string;
  /** Undefined: every topic. */
  readonly matcher: TopicMatcher | undefined;
  /** How many different wants overlap it. */
  count: number;
}

/**
 * Who wants what, as far as publishers have to know (WS-BrokeredNotification §4.3): counts, for each topic that is
 * offered on demand, the topic expressions of subscribers here and of peers that may select one of its topics. A paused subscription
 * counts: what is published meanwhile is kept for it.
 */
export class Demand {
  /** Called with the owner of an offer that is wanted now and was not, or the other way round. */
  readonly changed: Listeners<[string]>;
  /** Undefined stands for everything; each different want with how often it was added. */
  readonly #wants = new Map<TopicMatcher | undefined, number>();
  readonly #offers = new Map<string, Offer[]>();

  constructor(logger: Logger) {
    this.changed = new Listeners(logger);
  }

  /** Somebody wants what `matcher` selects; undefined: everything. */
  add(matcher: TopicMatcher | undefined): void {
    this.#wants.set(matcher, (this.#wants.get(matcher) ?? 0) + 1);
    this.#count(matcher, 1);
  }

  remove(matcher: TopicMatcher | undefined): void {
    const left = (this.#wants.get(matcher) ?? 0) - 1;
    if (left > 0) this.#wants.set(matcher, left);
    else this.#wants.delete(matcher);
    this.#count(matcher, -1);
  }

  /** `owner` offers these topics, instead of what it offered before. None: it offers every topic. */
  offer(owner: string, matchers: readonly TopicMatcher[]): void {
    const offered = matchers.length === 0 ? [undefined] : matchers;
    const offers = offered.map((matcher) => ({ owner, matcher, count: 0 }));
    for (const [want, times] of this.#wants) {
      for (const offer of offers) if (meet(want, offer.matcher)) offer.count += times;
    }
    this.#offers.set(owner, offers);
  }

  withdraw(owner: string): void {
    this.#offers.delete(owner);
  }

  /** Whether the n-th topic that `owner` offers is wanted. */
  isWanted(owner: string, index: number): boolean {
    return (this.#offers.get(owner)?.[index]?.count ?? 0) > 0;
  }

  #count(want: TopicMatcher | undefined, change: 1 | -1): void {
    for (const [owner, offers] of this.#offers) {
      let hasChanged = false;
      for (const offer of offers) {
        if (!meet(want, offer.matcher)) continue;
        const wasWanted = offer.count > 0;
        offer.count += change;
        if (wasWanted !== offer.count > 0) hasChanged = true;
      }
      if (hasChanged) this.changed.call(owner);
    }
  }
}

function meet(a: TopicMatcher | undefined, b: TopicMatcher | undefined): boolean {
  return a === undefined || b === undefined || overlaps(a, b);
}
