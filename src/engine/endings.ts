import { terminationNotice } from '../wsn/termination-notice.ts';
import type { Surroundings } from './surroundings.ts';
import type { WriteBatch } from './ports/engine-store.ts';
import { createEntry } from './entry.ts';
import { subscriptionRecord, subscriptionRemoval, type Subscription } from './subscriptions.ts';

/** What the end of one resource is in the store and in memory. */
export interface Ending {
  readonly batch: WriteBatch;
  readonly apply: () => void;
}

/**
 * The end of a subscription that its consumer did not ask for. If its policy says so the consumer is told: what it had not
 * got is dropped, and the notice is the last thing that is sent to it.
 */
export function endSubscription(
  parts: Pick<Surroundings, 'subscriptions' | 'log' | 'clock' | 'distribution'>,
  subscription: Subscription,
  reason: string,
): Ending {
  const { subscriptions, log, clock } = parts;
  const { id, consumer, cursor, endedAt } = subscription;
  if (endedAt !== undefined || consumer.kind !== 'push' || !subscriptions.policyOf(subscription).notifyTermination) {
    return { batch: subscriptionRemoval([id]), apply: () => subscriptions.remove(subscription) };
  }
  const at = clock.now();
  const message = terminationNotice(subscription.terminationTime ?? at, reason);
  const entry = createEntry(log.assign(), { at, recipient: id }, { message });
  const { seq, bytes } = entry;
  return {
    batch: {
      append: [{ seq, bytes }],
      put: [subscriptionRecord(subscription, { endedAt: at, isPaused: false, skips: [] })],
      cursors: [{ id, seq: seq - 1 }],
    },
    apply: () => {
      subscriptions.endWithNotice(subscription, at);
      subscriptions.setSkips(subscription, []);
      cursor.restartBehind(seq - 1);
      cursor.stored = seq - 1;
      parts.distribution.publish([entry]);
    },
  };
}

/** Several endings as one batch. */
export function endingBatch(endings: readonly { readonly batch: WriteBatch }[]): WriteBatch {
  const all = endings.map(({ batch }) => batch);
  return {
    append: all.flatMap(({ append = [] }) => append),
    put: all.flatMap(({ put = [] }) => put),
    remove: all.flatMap(({ remove = [] }) => remove),
    cursors: all.flatMap(({ cursors = [] }) => cursors),
    removeCursors: all.flatMap(({ removeCursors = [] }) => removeCursors),
  };
}
