import type { Logger } from '../kernel/log.ts';
import { pack } from '../kernel/packed.ts';
import type { PauseRetention, SubscriptionPolicy } from '../wsn/messages.ts';
import type { TopicSet } from '../wsn/topics/topic-set.ts';
import type { ContentFilter, Contents } from './contents.ts';
import type { OwnInterest } from './links/interest.ts';
import { Listeners } from './listeners.ts';
import { matchesAll, TopicIndex } from './matching.ts';
import type { KeyedRecord, WriteBatch } from './ports/engine-store.ts';
import type { EntryHeader } from './entry.ts';
import type { Skip, StoredSubscription } from './records.ts';
import { SharedFilters, type SharedFilter } from './shared-filters.ts';
import { isSkipped, liveSkips } from './skips.ts';
import { Subscription, type SubscriptionReading } from './subscription.ts';
import type { Verdict } from './verdict.ts';

export type { Subscription } from './subscription.ts';

type Shared = SharedFilter<Subscription>;

interface SubscriptionsOptions {
  readonly interest: OwnInterest;
  readonly topics: TopicSet;
  readonly contents: Contents;
  readonly queueLength: number;
  readonly pauseRetention: PauseRetention;
  readonly now: () => number;
  readonly logger: Logger;
}

/** The live subscriptions of the engine. What has expired counts as gone at once, and is removed by a later sweep. */
export class Subscriptions implements SubscriptionReading {
  /** Called with the id of a subscription that has something to claim. */
  readonly ready: Listeners<[string]>;
  /** Called with the id of the pull point (or the subscription that is its own) that has something to hand out. */
  readonly arrived: Listeners<[string]>;
  readonly #options: SubscriptionsOptions;
  readonly #filters: SharedFilters<Subscription>;
  readonly #byId = new Map<string, Subscription>();
  readonly #byPullPoint = new Map<string, Set<Subscription>>();
  readonly #index = new TopicIndex<Shared>();
  /** Those that a message without a topic may pass although they are filters on topics. */
  readonly #lackingTopic = new Set<Shared>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    const { topics } = options;
    // Who subscribes has had his expressions checked already; to do it again would make a restart wait for each.
    this.#filters = new SharedFilters({
      check: () => undefined,
      select: (expression, key) => topics.select(expression, key),
    });
    this.ready = new Listeners(options.logger);
    this.arrived = new Listeners(options.logger);
  }

  get size(): number {
    return this.#byId.size;
  }

  get queueLength(): number {
    return this.#options.queueLength;
  }

  /** All, the expired and ended included. */
  all(): Iterable<Subscription> {
    return this.#byId.values();
  }

  /** Whether there is one of that id, be it expired or ended. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The subscription of that id, unless it has expired. */
  find(id: string): Subscription | undefined {
    const subscription = this.findRenewable(id);
    return subscription === undefined || this.hasExpired(subscription) ? undefined : subscription;
  }

  /** The subscription of that id, also when it has expired and nobody has removed it yet. */
  findRenewable(id: string): Subscription | undefined {
    const subscription = this.#byId.get(id);
    return subscription?.endedAt === undefined ? subscription : undefined;
  }

  /** The subscription of that id as far as its outbox is concerned: with the notice of its end, too. */
  findSendable(id: string): Subscription | undefined {
    const subscription = this.#byId.get(id);
    return subscription?.endedAt === undefined ? this.find(id) : subscription;
  }

  hasExpired({ terminationTime }: Pick<Subscription, 'terminationTime'>): boolean {
    return terminationTime !== null && terminationTime <= this.#options.now();
  }

  /** What holds for a subscription, with what the topology says where the subscriber said nothing. */
  policyOf({ policy }: { readonly policy: SubscriptionPolicy }): Required<SubscriptionPolicy> {
    const { pauseRetention } = this.#options;
    return { useRaw: false, pauseRetention, notifyTermination: false, ...policy };
  }

  /** The subscriptions that feed a pull point, the expired and paused included. */
  feeding(pullPoint: string): readonly Subscription[] {
    return [...(this.#byPullPoint.get(pullPoint) ?? [])];
  }

  /** Makes a subscription that is not yet known to anybody; `position`: all of the log up to here is done with. Throws WsnFault. */
  create(id: string, stored: StoredSubscription, position: number): Subscription {
    const creationTime = stored.creationTime ?? this.#options.now();
    const shared = this.#filters.compiled(stored.filter);
    const subscription = new Subscription({ id, stored, creationTime, position, shared, all: this });
    subscription.cursor.coalesceAfter = coalescing(subscription.skips);
    return subscription;
  }

  add(subscription: Subscription): void {
    this.#byId.set(subscription.id, subscription);
    if (subscription.endedAt !== undefined) return;
    const { shared } = subscription;
    if (shared.isUnused) this.#begin(shared);
    shared.add(subscription);
    const pullPoint = pullPointOf(subscription);
    if (pullPoint === undefined) return;
    const feeding = this.#byPullPoint.get(pullPoint) ?? new Set();
    this.#byPullPoint.set(pullPoint, feeding.add(subscription));
  }

  remove(subscription: Subscription): void {
    if (!this.#byId.delete(subscription.id)) return;
    subscription.cursor.end();
    if (subscription.endedAt === undefined) this.#forget(subscription);
    if (subscription.consumer.kind === 'own') this.arrived.call(subscription.id);
  }

  /** Nothing more passes it; what is in its queue is still sent. */
  endWithNotice(subscription: Subscription, endedAt: number): void {
    if (subscription.endedAt !== undefined) return;
    this.#forget(subscription);
    subscription.endedAt = endedAt;
    subscription.isPaused = false;
  }

  /** Calls `visit` for each that a record passes, and `onUndecided` for each of which that cannot be told now. */
  match(
    header: EntryHeader,
    visit: (subscription: Subscription) => void,
    onUndecided: (subscription: Subscription) => void,
  ): void {
    const looking: (Shared & { readonly content: ContentFilter })[] = [];
    const unlessSkipped = (then: typeof visit) => (subscription: Subscription) => {
      if (subscription.skips.length === 0 || !isSkipped(subscription.skips, header.seq)) then(subscription);
    };
    const visitEach = unlessSkipped(visit);
    const undecided = (shared: Shared): void => shared.each(unlessSkipped(onUndecided));
    const offer = (shared: Shared): void => {
      if (shared.content === undefined) shared.each(visitEach);
      else looking.push(shared as Shared & { readonly content: ContentFilter });
    };
    this.#index.match(header.topic, offer, undecided);
    if (header.topic === undefined) this.#lackingTopic.forEach(offer);
    if (looking.length === 0) return;
    for (const shared of this.#options.contents.passing(looking, header, undecided)) shared.each(visitEach);
  }

  /** What has been skipped has changed. */
  setSkips(subscription: Subscription, skips: readonly Skip[]): void {
    subscription.skips = skips;
    subscription.cursor.coalesceAfter = coalescing(skips);
  }

  /** Tells who takes from the subscription that there is something to take, if there is. */
  announce(subscription: Subscription): void {
    const { id, consumer, cursor, isPaused, isClaimed } = subscription;
    if (isPaused || cursor.isEnded || !cursor.mayHaveMore) return;
    if (consumer.kind !== 'push') this.arrived.call(pullPointOf(subscription) ?? id);
    else if (!isClaimed) this.ready.call(id);
  }

  /** Whether the record is for that subscription. Undefined: it cannot be told now. */
  passes({ id, shared, skips }: Subscription, header: EntryHeader): Verdict {
    if (header.recipient !== undefined) return header.recipient === id;
    if (isSkipped(skips, header.seq)) return false;
    const { matchers, content } = shared;
    const isOnTopic = header.topic === undefined && shared.mayLackTopic ? true : matchesAll(matchers, header.topic);
    if (isOnTopic === false) return false;
    const verdict = this.#options.contents.passes(content, header);
    return verdict === false ? false : isOnTopic && verdict;
  }

  /** The first subscription with this filter begins. */
  #begin(shared: Shared): void {
    this.#filters.keep(shared);
    this.#index.add(shared, shared.matchers);
    if (shared.mayLackTopic) this.#lackingTopic.add(shared);
    this.#options.interest.acquire(shared);
  }

  /** The last subscription with this filter has ended. */
  #end(shared: Shared): void {
    this.#filters.drop(shared);
    this.#index.remove(shared, shared.matchers);
    this.#lackingTopic.delete(shared);
    this.#options.interest.release(shared);
  }

  #forget(subscription: Subscription): void {
    const { shared } = subscription;
    shared.remove(subscription);
    if (shared.isUnused) this.#end(shared);
    const pullPoint = pullPointOf(subscription);
    if (pullPoint === undefined) return;
    const feeding = this.#byPullPoint.get(pullPoint);
    feeding?.delete(subscription);
    if (feeding?.size === 0) this.#byPullPoint.delete(pullPoint);
  }
}

/** The pull point that a subscription feeds; its own id if it is its own; undefined if it is pushed. */
export function pullPointOf({ id, consumer }: Subscription): string | undefined {
  if (consumer.kind === 'push') return undefined;
  return consumer.kind === 'own' ? id : consumer.pullPoint;
}

function coalescing(skips: readonly Skip[]): number | undefined {
  return skips.find(({ through, keepsLast }) => through === undefined && keepsLast === true)?.after;
}

/** What of a subscription can change. */
type SubscriptionChanges = Partial<Pick<StoredSubscription, 'terminationTime' | 'isPaused' | 'skips' | 'endedAt'>>;

/** The subscription as it is stored, with `changes`. */
export function subscriptionRecord(subscription: Subscription, changes: SubscriptionChanges = {}): KeyedRecord {
  const { id, consumer, filter, policy, creationTime, since } = subscription;
  // Named one by one: each Renew comes through here, and what is spread has a hidden class of its own each time.
  const { terminationTime = subscription.terminationTime, isPaused = subscription.isPaused } = changes;
  const { endedAt = subscription.endedAt } = changes;
  const skips = liveSkips(changes.skips ?? subscription.skips, subscription.cursor.stored);
  const stored: StoredSubscription = {
    consumer,
    filter,
    terminationTime,
    creationTime,
    isPaused,
    since,
    endedAt,
    policy: isEmpty(policy) ? undefined : policy,
    skips: skips.length === 0 ? undefined : skips,
  };
  return { space: 'subscription', key: id, value: pack(stored) };
}

function isEmpty(members: object): boolean {
  return Object.keys(members).length === 0;
}

/** Removes all that is stored of these subscriptions. */
export function subscriptionRemoval(ids: readonly string[]): WriteBatch {
  const spaces = ['subscription', 'backlog'] as const;
  return { remove: spaces.flatMap((space) => ids.map((key) => ({ space, key }))), removeCursors: ids };
}
