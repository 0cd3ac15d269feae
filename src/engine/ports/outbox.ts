import type { Gap } from './gap.ts';
import type { Notification, PushConsumer } from '../../wsn/messages.ts';

/** Notifications of one subscription that are to be sent now, in order. One claim per subscription at a time. */
export interface Claim {
  readonly subscription: string;
  readonly consumer: PushConsumer['reference'];
  readonly soapVersion: PushConsumer['soapVersion'];
  /** The dialect in which the subscriber named its topics; undefined: no topic filter. */
  readonly dialect?: string;
  /** True: each message is sent as its payload alone (wsnt:UseRaw); there is one. */
  readonly useRaw: boolean;
  /** What limits took from the subscription and its consumer has not been told: forgotten once these are delivered. */
  readonly gap?: Gap;
  readonly messages: readonly { readonly seq: number; readonly notification: Notification }[];
  /**
   * Ends the claim. `delivered`: the cursor moves behind the messages. `failed`: they stay at the head of the queue.
   * `gone`: the consumer said that it is no more (410); they stay and the subscription is paused.
   */
  settle(outcome: 'delivered' | 'failed' | 'gone'): void;
}

/** What an engine has to push. Delivery takes from it; the engine knows nothing of HTTP. */
export interface Outbox {
  /**
   * Calls `listener` whenever a subscription has something to claim that it did not have before: a new message, a
   * resume, a claim settled with more behind it. Once at the beginning for each that has. Until `signal` aborts.
   */
  onReady(listener: (subscription: string) => void, signal: AbortSignal): void;
  /** The next messages of a subscription. Undefined: nothing to send now (none, paused, ended, or already claimed). */
  claim(subscription: string, maxCount: number, maxBytes: number): Promise<Claim | undefined>;
}
