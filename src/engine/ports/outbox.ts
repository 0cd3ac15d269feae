import type { Gap } from './gap.ts';
import type { Notification, PushConsumer } from '../../wsn/messages.ts';

/** One message of a claim. */
export interface ClaimedMessage {
  /** Grows from message to message of a subscription. */
  readonly seq: number;
  readonly notification: Notification;
  /** It was a dead letter: the number under which it was sent first, and how often that failed. It is claimed alone. */
  readonly again?: { readonly seq: number; readonly attempts: number } | undefined;
}

/** What is known of the tries of the messages at the head of a subscription. */
export interface Tries {
  /** How many messages were sent together: they are claimed together again. */
  readonly count: number;
  /** Tries that failed. */
  readonly attempts: number;
  /** Of these, those while others at the same destination succeeded. */
  readonly strikes: number;
  /** Faults that blame the message. */
  readonly refusals: number;
  /** All up to this number go one by one: they failed together, and which of them is to blame is not known. */
  readonly aloneThrough?: number;
}

/** Why a message is given up. */
export interface Verdict {
  readonly reason: string;
  /** The HTTP status of the last try; undefined: no answer. */
  readonly status?: number;
  readonly attempts: number;
}

/** Notifications of one subscription that are to be sent now, in order. One claim per subscription at a time. */
export interface Claim {
  readonly subscription: string;
  readonly consumer: PushConsumer['reference'];
  readonly soapVersion: PushConsumer['soapVersion'];
  /** The dialect in which the subscriber named its topics; undefined: no topic filter. */
  readonly dialect?: string | undefined;
  /** True: each message is sent as its payload alone (wsnt:UseRaw); there is one. */
  readonly useRaw: boolean;
  readonly messages: readonly ClaimedMessage[];
  /** What limits took from the subscription and its consumer has not been told: forgotten once these are delivered. */
  readonly gap?: Gap | undefined;
  /** True: an engine before this one may have sent them already. */
  readonly mayBeRepeated: boolean;
  /** The tries before, of this tenure or an earlier one. `waitMs`: how much of the pause after the last is left. */
  readonly earlier?: (Tries & { readonly waitMs: number }) | undefined;
  /**
   * Ends the claim. `delivered`: the cursor moves behind the messages. `failed`: they stay at the head of the queue.
   * `gone`: the consumer said that it is no more (410); they stay and the subscription is paused.
   */
  settle(outcome: 'delivered' | 'failed' | 'gone'): void;
  /** Ends the claim as `failed`, and remembers the tries; also for the next tenure, if this one lives a little longer. */
  postpone(tries: Tries, waitMs: number): void;
  /**
   * Ends the claim: its one message becomes a dead letter, and the subscription goes on behind it. True when that is on
   * the disk; false: it has failed, and the message is where it was. Never rejects.
   */
  giveUp(verdict: Verdict): Promise<boolean>;
}

/** What an engine has to push. Delivery takes from it; the engine knows nothing of HTTP. */
export interface Outbox {
  /**
   * Calls `listener` whenever a subscription has something to claim that it did not have before: a new message, a
   * resume, a claim settled with more behind it. Once at the beginning for each that has. Until `signal` aborts.
   */
  onReady(listener: (subscription: string) => void, signal: AbortSignal): void;
  /**
   * The next messages of a subscription. Undefined: nothing to send now (none, paused, ended, or already claimed). At once where
   * nothing has to be read for it, which is nearly always: a promise would cost more than the claim.
   */
  claim(subscription: string, maxCount: number, maxBytes: number): Claim | undefined | Promise<Claim | undefined>;
}
