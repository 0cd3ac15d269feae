import type { Surroundings } from './surroundings.ts';
import type { WriteBatch } from './ports/engine-store.ts';
import { liveSkips, MAX_SKIPS, openSkip } from './skips.ts';
import { subscriptionRecord, type Subscription } from './subscriptions.ts';

/** Pauses a subscription, with what it keeps meanwhile. Undefined: it was paused too often while nothing was delivered. */
export function pausePlan(
  { subscriptions, log }: Pick<Surroundings, 'subscriptions' | 'log'>,
  subscription: Subscription,
): { readonly batch: WriteBatch; readonly apply: () => void } | undefined {
  const { pauseRetention } = subscriptions.policyOf(subscription);
  const skips = openSkip(liveSkips(subscription.skips, subscription.cursor.stored), pauseRetention, log.assigned);
  if (skips.length > MAX_SKIPS) return undefined;
  return {
    batch: { put: [subscriptionRecord(subscription, { isPaused: true, skips })] },
    apply: () => {
      subscription.isPaused = true;
      subscriptions.setSkips(subscription, skips);
    },
  };
}
