import type { Consumer, Filter, SubscriptionPolicy } from '../wsn/messages.ts';
import type { TopicMatcher } from '../wsn/topics/topic-expression.ts';
import type { ContentFilter } from './contents.ts';
import { Cursor, type CursorOwner, type ReaderKind } from './cursor.ts';
import type { EntryHeader } from './entry.ts';
import type { Skip, StoredSubscription } from './records.ts';
import type { SharedFilter } from './shared-filters.ts';
import type { Verdict } from './verdict.ts';

/** Shared by all that have none. */
const NO_POLICY: SubscriptionPolicy = {};
const NO_SKIPS: readonly Skip[] = [];
const NO_PARAMETERS: readonly string[] = [];

/** What the subscriptions of an engine do for the cursor of one of them. */
export interface SubscriptionReading {
  readonly queueLength: number;
  /** Whether the record is for that subscription. Undefined: it cannot be told now. */
  passes(subscription: Subscription, header: EntryHeader): Verdict;
  /** Tells who takes from the subscription that there is something to take, if there is. */
  announce(subscription: Subscription): void;
}

interface SubscriptionOptions {
  readonly id: string;
  readonly stored: StoredSubscription;
  readonly creationTime: number;
  /** All of the log up to here is done with. */
  readonly position: number;
  readonly shared: SharedFilter<Subscription>;
  readonly all: SubscriptionReading;
}

/** A subscription: a filter, a cursor, and where what passes goes to. There may be very many: each member counts. */
export class Subscription implements CursorOwner {
  readonly id: string;
  readonly consumer: Consumer;
  /** Its filter, with all that have the same. */
  readonly shared: SharedFilter<Subscription>;
  readonly policy: SubscriptionPolicy;
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
  isClaimed = false;
  /** Its place in `shared`. */
  slot = 0;
  readonly #all: SubscriptionReading;

  constructor({ id, stored, creationTime, position, shared, all }: SubscriptionOptions) {
    const { consumer, policy = NO_POLICY, terminationTime, isPaused, since, skips = NO_SKIPS, endedAt } = stored;
    this.id = id;
    this.consumer = lean(consumer);
    this.shared = shared;
    this.policy = policy;
    this.since = since;
    this.creationTime = creationTime;
    this.terminationTime = terminationTime;
    this.isPaused = isPaused;
    this.skips = skips;
    this.endedAt = endedAt;
    this.#all = all;
    this.cursor = new Cursor({ position, owner: this });
  }

  get filter(): Filter {
    return this.shared.filter;
  }

  get matchers(): readonly TopicMatcher[] {
    return this.shared.matchers;
  }

  get content(): ContentFilter | undefined {
    return this.shared.content;
  }

  get queueLength(): number {
    return this.#all.queueLength;
  }

  get kind(): ReaderKind {
    return this.consumer.kind === 'push' ? 'subscription' : 'pullPoint';
  }

  matches(header: EntryHeader): Verdict {
    return this.#all.passes(this, header);
  }

  announce(): void {
    this.#all.announce(this);
  }
}

/** The same consumer, with what most have in common taken from one place. */
function lean(consumer: Consumer): Consumer {
  if (consumer.kind !== 'push') return consumer;
  const { reference, soapVersion } = consumer;
  const { address, referenceParameters, addressing } = reference;
  if (addressing !== undefined || referenceParameters.length > 0) return consumer;
  return { kind: 'push', reference: { address, referenceParameters: NO_PARAMETERS }, soapVersion };
}
