import type { Logger } from '../kernel/log.ts';
import { pack } from '../kernel/packed.ts';
import type { Consumer, Filter, PauseRetention, SubscriptionPolicy } from '../wsn/messages.ts';
import { compileTopicExpression, type TopicMatcher, type TopicSelector } from '../wsn/topics/topic-expression.ts';
import type { TopicSet } from '../wsn/topics/topic-set.ts';
import { contentFilterOf, mayLackTopic, type ContentFilter, type Contents } from './contents.ts';
import { Cursor, type ReaderKind } from './cursor.ts';
import type { OwnInterest } from './links/interest.ts';
import { Listeners } from './listeners.ts';
import { matchesAll, TopicIndex } from './matching.ts';
import type { KeyedRecord, WriteBatch } from './ports/engine-store.ts';
import type { EntryHeader, Skip, StoredSubscription } from './records.ts';
import { isSkipped, liveSkips } from './skips.ts';
import type { Verdict } from './verdict.ts';

/** Shared by all that have none. */
const NO_POLICY: SubscriptionPolicy = {};
const NO_SKIPS: readonly Skip[] = [];
const NO_PARAMETERS: readonly string[] = [];

/** A subscription: a filter, a cursor, and where what passes goes to. */
export interface Subscription {
  readonly id: string;
  readonly consumer: Consumer;
  readonly filter: Filter;
  readonly policy: SubscriptionPolicy;
  readonly matchers: readonly TopicMatcher[];
  readonly content: ContentFilter | undefined;
  readonly since: number;
  readonly creationTime: number;
  readonly cursor: Cursor;
  /** Milliseconds since 1970, null for none. */
  terminationTime: number | null;
  isPaused: boolean;
  skips: readonly Skip[];
  /** Set when it has ended and only the notice of that is still to be delivered. */
  endedAt: number | undefined;
  /** True while somebody sends from its queue. */
  isClaimed: boolean;
}

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
export class Subscriptions {
  /** Called with the id of a subscription that has something to claim. */
  readonly ready: Listeners<[string]>;
  /** Called with the id of the pull point (or the subscription that is its own) that has something to hand out. */
  readonly arrived: Listeners<[string]>;
  readonly #options: SubscriptionsOptions;
  /** Who subscribes has had his expressions checked already; to do it again would make a restart wait for each. */
  readonly #selector: TopicSelector;
  readonly #byId = new Map<string, Subscription>();
  readonly #byPullPoint = new Map<string, Set<Subscription>>();
  readonly #index = new TopicIndex<Subscription>();
  /** Those that a message without a topic may pass although they have a filter on topics. */
  readonly #lackingTopic = new Set<Subscription>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    const { topics } = options;
    this.#selector = { check: () => undefined, select: (expression, key) => topics.select(expression, key) };
    this.ready = new Listeners(options.logger);
    this.arrived = new Listeners(options.logger);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** All, the expired and ended included. */
  all(): Iterable<Subscription> {
    return this.#byId.values();
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
    const { consumer, policy = NO_POLICY, terminationTime, isPaused, since, skips = NO_SKIPS, endedAt } = stored;
    const { queueLength, interest } = this.#options;
    const { filter, matchers } = interest.shared({
      filter: stored.filter,
      matchers: stored.filter.topics.map((expression) => compileTopicExpression(expression, this.#selector)),
    });
    const owner = new Reader(this);
    const cursor = new Cursor({ id, position, queueLength, owner });
    const subscription: Subscription = {
      id,
      consumer: lean(consumer),
      filter,
      matchers,
      policy,
      content: contentFilterOf(filter),
      since,
      creationTime: stored.creationTime ?? this.#options.now(),
      cursor,
      terminationTime,
      isPaused,
      skips,
      endedAt,
      isClaimed: false,
    };
    owner.subscription = subscription;
    cursor.coalesceAfter = coalescing(skips);
    return subscription;
  }

  add(subscription: Subscription): void {
    this.#byId.set(subscription.id, subscription);
    if (subscription.endedAt !== undefined) return;
    this.#index.add(subscription, subscription.matchers);
    if (mayLackTopic(subscription.filter)) this.#lackingTopic.add(subscription);
    this.#options.interest.acquire(subscription);
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
    const looking: (Subscription & { readonly content: ContentFilter })[] = [];
    const offer = (subscription: Subscription): void => {
      if (subscription.skips.length > 0 && isSkipped(subscription.skips, header.seq)) return;
      if (subscription.content === undefined) visit(subscription);
      else looking.push(subscription as Subscription & { readonly content: ContentFilter });
    };
    this.#index.match(header.topic, offer, (subscription) => {
      if (!isSkipped(subscription.skips, header.seq)) onUndecided(subscription);
    });
    if (header.topic === undefined) this.#lackingTopic.forEach(offer);
    if (looking.length === 0) return;
    for (const subscription of this.#options.contents.passing(looking, header, onUndecided)) visit(subscription);
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
  passes({ id, filter, matchers, skips, content }: Subscription, header: EntryHeader): Verdict {
    if (header.recipient !== undefined) return header.recipient === id;
    if (isSkipped(skips, header.seq)) return false;
    const isOnTopic = header.topic === undefined && mayLackTopic(filter) ? true : matchesAll(matchers, header.topic);
    if (isOnTopic === false) return false;
    const verdict = this.#options.contents.passes(content, header);
    return verdict === false ? false : isOnTopic && verdict;
  }

  #forget(subscription: Subscription): void {
    this.#index.remove(subscription, subscription.matchers);
    this.#lackingTopic.delete(subscription);
    this.#options.interest.release(subscription);
    const pullPoint = pullPointOf(subscription);
    if (pullPoint === undefined) return;
    const feeding = this.#byPullPoint.get(pullPoint);
    feeding?.delete(subscription);
    if (feeding?.size === 0) this.#byPullPoint.delete(pullPoint);
  }
}

/** Makes a subscription the owner of its cursor. One object for each, where two functions would take four times as much. */
class Reader {
  subscription: Subscription | undefined;
  readonly #all: Subscriptions;

  constructor(all: Subscriptions) {
    this.#all = all;
  }

  get kind(): ReaderKind {
    return this.subscription?.consumer.kind === 'push' ? 'subscription' : 'pullPoint';
  }

  matches(header: EntryHeader): Verdict {
    return this.subscription === undefined ? false : this.#all.passes(this.subscription, header);
  }

  announce(): void {
    if (this.subscription !== undefined) this.#all.announce(this.subscription);
  }
}

/** The same consumer, with what most have in common taken from one place. */
function lean(consumer: Consumer): Consumer {
  if (consumer.kind !== 'push' || consumer.reference.referenceParameters.length > 0) return consumer;
  return { ...consumer, reference: { ...consumer.reference, referenceParameters: NO_PARAMETERS } };
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
  const { id, consumer, filter, policy, terminationTime, creationTime, isPaused, since, endedAt } = subscription;
  const skips = liveSkips(changes.skips ?? subscription.skips, subscription.cursor.stored);
  const stored: StoredSubscription = {
    ...{ consumer, filter, terminationTime, creationTime, isPaused, since, endedAt },
    policy: Object.keys(policy).length === 0 ? undefined : policy,
    ...changes,
    skips: skips.length === 0 ? undefined : skips,
  };
  return { space: 'subscription', key: id, value: pack(stored) };
}

/** Removes all that is stored of these subscriptions. */
export function subscriptionRemoval(ids: readonly string[]): WriteBatch {
  const spaces = ['subscription', 'backlog'] as const;
  return { remove: spaces.flatMap((space) => ids.map((key) => ({ space, key }))), removeCursors: ids };
}
