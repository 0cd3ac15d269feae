import { messageOf } from '../kernel/errors.ts';
import { gapBeyond } from './backlog/gap.ts';
import { giveUp } from './giving-up.ts';
import type { Parts } from './parts.ts';
import type { Gap } from './ports/gap.ts';
import type { Claim, Tries, Verdict } from './ports/outbox.ts';
import type { LogEntry } from './entry.ts';
import { subscriptionRecord, type Subscription } from './subscriptions.ts';

/** What a claim is made of. */
export interface PushClaimOptions {
  readonly parts: Parts;
  readonly subscription: Subscription;
  /** At least one. */
  readonly entries: readonly LogEntry[];
  /** The newest record when the engine became active; what an engine before has sent is not above it. */
  readonly inherited: number;
  /** Lets others claim. */
  readonly release: () => void;
}

/** A claim on the next messages of one subscription. There is one for each post: a class, whose methods are made once. */
export class PushClaim implements Claim {
  readonly subscription: string;
  readonly consumer: Claim['consumer'];
  readonly soapVersion: Claim['soapVersion'];
  readonly dialect: string | undefined;
  readonly useRaw: boolean;
  readonly gap: Gap | undefined;
  readonly messages: readonly LogEntry[];
  readonly mayBeRepeated: boolean;
  readonly earlier: Claim['earlier'];
  readonly #parts: Parts;
  readonly #subscription: Subscription;
  readonly #release: () => void;
  #isSettled = false;

  constructor(consumer: Claim['consumer'], soapVersion: Claim['soapVersion'], options: PushClaimOptions) {
    const { parts, subscription, entries, inherited, release } = options;
    const { id, filter, policy, cursor } = subscription;
    const [first] = entries;
    this.subscription = id;
    this.consumer = consumer;
    this.soapVersion = soapVersion;
    this.dialect = filter.topics[0]?.dialect;
    this.useRaw = policy.useRaw === true;
    this.gap = cursor.gap;
    this.messages = entries;
    this.mayBeRepeated = first !== undefined && (first.seq <= inherited || first.again !== undefined);
    this.earlier = parts.retries.find(id, first?.seq);
    this.#parts = parts;
    this.#subscription = subscription;
    this.#release = release;
  }

  settle(outcome: 'delivered' | 'failed' | 'gone'): void {
    if (this.#isFirst()) this.#settle(outcome);
  }

  postpone(tries: Tries, waitMs: number): void {
    if (!this.#isFirst()) return;
    const { id, cursor } = this.#subscription;
    if (!cursor.isEnded) this.#parts.retries.note(id, this.messages[0]?.seq ?? 0, tries, waitMs);
    this.#settle('failed');
  }

  async giveUp(verdict: Verdict): Promise<boolean> {
    const [first] = this.messages;
    if (first === undefined || !this.#isFirst()) return false;
    // The notice of its end is nothing that anybody would want to have sent again.
    if (this.#subscription.endedAt !== undefined) {
      this.#settle('gone');
      return true;
    }
    const isGivenUp = await giveUp(this.#parts, this.#subscription, first, verdict).finally(this.#release);
    this.#parts.subscriptions.announce(this.#subscription);
    return isGivenUp;
  }

  /** A claim ends once. */
  #isFirst(): boolean {
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    return isFirst;
  }

  #settle(outcome: 'delivered' | 'failed' | 'gone'): void {
    const subscription = this.#subscription;
    const { cursor } = subscription;
    const { writer, retries, subscriptions } = this.#parts;
    if (outcome === 'gone' && subscription.endedAt === undefined) {
      void this.#pause().finally(this.#release);
      return;
    }
    if (outcome === 'delivered') {
      cursor.gap = gapBeyond(cursor.gap, this.gap);
      if (cursor.advance(this.messages.at(-1)?.seq ?? 0)) writer.markDirty(cursor);
      retries.clear(subscription.id);
    }
    this.#release();
    if (outcome !== 'failed' && subscription.endedAt !== undefined) this.#forget();
    else if (outcome === 'delivered') subscriptions.announce(subscription);
  }

  /** The notice of its end has been delivered: nothing of it is left. */
  #forget(): void {
    const { subscriptions, writer } = this.#parts;
    const { id } = this.#subscription;
    subscriptions.remove(this.#subscription);
    writer.removeLater('subscription', id);
    writer.removeLater('backlog', id);
    writer.removeCursorLater(id);
  }

  /** The consumer is gone: nothing is sent to it until somebody resumes the subscription. */
  async #pause(): Promise<void> {
    const { turns, writer, logger } = this.#parts;
    const subscription = this.#subscription;
    try {
      await turns.run(subscription.id, async () => {
        if (subscription.isPaused || subscription.cursor.isEnded) return;
        await writer.commit({ put: [subscriptionRecord(subscription, { isPaused: true })] }, () => {
          subscription.isPaused = true;
        });
      });
    } catch (error) {
      logger.warn('Cannot pause the subscription of a consumer that is gone', {
        subscription: subscription.id,
        error: messageOf(error),
      });
    }
  }
}
