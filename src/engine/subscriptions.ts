import type { Logger } from '../kernel/log.ts';
import { pack } from '../kernel/packed.ts';
import type { Consumer, Filter, TopicPath } from '../wsn/messages.ts';
import { compileTopicExpression, type TopicMatcher } from '../wsn/topics/topic-expression.ts';
import { Cursor } from './cursor.ts';
import type { OwnInterest } from './interest.ts';
import { Listeners } from './listeners.ts';
import { matchesAll, TopicIndex } from './matching.ts';
import type { KeyedRecord, WriteBatch } from './ports/engine-store.ts';
import type { StoredSubscription } from './records.ts';

/** A subscription: a filter, a cursor, and where what passes goes to. */
export interface Subscription {
  readonly id: string;
  readonly consumer: Consumer;
  readonly filter: Filter;
  readonly matchers: readonly TopicMatcher[];
  readonly since: number;
  readonly cursor: Cursor;
  /** Milliseconds since 1970, null for none. */
  terminationTime: number | null;
  isPaused: boolean;
  /** True while somebody sends from its queue. */
  isClaimed: boolean;
}

/** The live subscriptions of the engine. What has expired counts as gone at once, and is removed by the next sweep. */
export class Subscriptions {
  /** Called with the id of a subscription that has something to claim. */
  readonly ready: Listeners<[string]>;
  readonly #byId = new Map<string, Subscription>();
  readonly #byPullPoint = new Map<string, Set<Subscription>>();
  readonly #index = new TopicIndex<Subscription>();
  readonly #interest: OwnInterest;
  readonly #queueLength: number;
  readonly #now: () => number;

  constructor(options: { interest: OwnInterest; queueLength: number; now: () => number; logger: Logger }) {
    this.#interest = options.interest;
    this.#queueLength = options.queueLength;
    this.#now = options.now;
    this.ready = new Listeners(options.logger);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** All, the expired included. */
  all(): Iterable<Subscription> {
    return this.#byId.values();
  }

  /** The subscription of that id, unless it has expired. */
  find(id: string): Subscription | undefined {
    const subscription = this.#byId.get(id);
    return subscription === undefined || this.hasExpired(subscription) ? undefined : subscription;
  }

  hasExpired({ terminationTime }: Subscription): boolean {
    return terminationTime !== null && terminationTime <= this.#now();
  }

  /** The subscriptions that feed a pull point, the expired and paused included. */
  feeding(pullPoint: string): readonly Subscription[] {
    return [...(this.#byPullPoint.get(pullPoint) ?? [])];
  }

  /** Makes a subscription that is not yet known to anybody; `position`: all of the log up to here is done with. Throws WsnFault. */
  create(id: string, stored: StoredSubscription, position: number): Subscription {
    const { consumer, filter, terminationTime, isPaused, since } = stored;
    const matchers = filter.topics.map((expression) => compileTopicExpression(expression));
    const cursor = new Cursor({
      id,
      position,
      queueLength: this.#queueLength,
      matches: ({ topic, pullPoint }) => pullPoint === undefined && matchesAll(matchers, topic),
      announce: () => this.announce(subscription),
    });
    const subscription = { id, consumer, filter, matchers, since, cursor, terminationTime, isPaused, isClaimed: false };
    return subscription;
  }

  add(subscription: Subscription): void {
    this.#byId.set(subscription.id, subscription);
    this.#index.add(subscription, subscription.matchers);
    this.#interest.acquire(subscription.filter);
    if (subscription.consumer.kind !== 'pull') return;
    const { pullPoint } = subscription.consumer;
    const feeding = this.#byPullPoint.get(pullPoint) ?? new Set();
    this.#byPullPoint.set(pullPoint, feeding.add(subscription));
  }

  remove(subscription: Subscription): void {
    if (!this.#byId.delete(subscription.id)) return;
    subscription.cursor.end();
    this.#index.remove(subscription, subscription.matchers);
    this.#interest.release(subscription.filter);
    if (subscription.consumer.kind !== 'pull') return;
    const feeding = this.#byPullPoint.get(subscription.consumer.pullPoint);
    feeding?.delete(subscription);
    if (feeding?.size === 0) this.#byPullPoint.delete(subscription.consumer.pullPoint);
  }

  /** Calls `visit` for each that a notification on `topic` passes. */
  match(topic: TopicPath | undefined, visit: (subscription: Subscription) => void): void {
    this.#index.match(topic, (subscription) => {
      if (!this.hasExpired(subscription)) visit(subscription);
    });
  }

  /** Tells the outbox that there is something to claim, if there is. */
  announce(subscription: Subscription): void {
    const { id, consumer, cursor, isPaused, isClaimed } = subscription;
    if (consumer.kind !== 'push' || isPaused || isClaimed || cursor.isEnded || !cursor.mayHaveMore) return;
    this.ready.call(id);
  }
}

/** The subscription as it is stored, with `changes`. */
export function subscriptionRecord(
  { id, consumer, filter, terminationTime, isPaused, since }: Subscription,
  changes: { readonly terminationTime?: number | null; readonly isPaused?: boolean } = {},
): KeyedRecord {
  const stored: StoredSubscription = { consumer, filter, terminationTime, isPaused, since, ...changes };
  return { space: 'subscription', key: id, value: pack(stored) };
}

/** Removes all that is stored of these subscriptions. */
export function subscriptionRemoval(ids: readonly string[]): WriteBatch {
  return { remove: ids.map((key) => ({ space: 'subscription', key })), removeCursors: ids };
}
