import { messageOf } from '../kernel/errors.ts';
import { giveUp } from './giving-up.ts';
import { gapBeyond } from './backlog/gap.ts';
import type { Parts } from './parts.ts';
import type { Claim, Outbox } from './ports/outbox.ts';
import type { LogEntry } from './entry.ts';
import { subscriptionRecord, type Subscription } from './subscriptions.ts';

/** What is to be pushed to consumers. */
export class Pushes implements Outbox {
  readonly #parts: Parts;
  /** The newest record when the engine became active; what an engine before has sent is not above it. */
  #inherited = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The log has been opened. */
  begin(): void {
    this.#inherited = this.#parts.log.head;
  }

  onReady(listener: (subscription: string) => void, signal: AbortSignal): void {
    const { subscriptions, life } = this.#parts;
    subscriptions.ready.add(listener, signal);
    if (life.isServing) this.announceAll();
  }

  /** Announces every subscription that has something to claim. */
  announceAll(): void {
    const { subscriptions } = this.#parts;
    for (const subscription of subscriptions.all()) subscriptions.announce(subscription);
  }

  claim(id: string, maxCount: number, maxBytes: number): Claim | undefined | Promise<Claim | undefined> {
    const { life, subscriptions, retries } = this.#parts;
    const subscription = subscriptions.findSendable(id);
    if (subscription === undefined || subscription.isClaimed || !this.#maySend(subscription)) return undefined;
    subscription.isClaimed = true;
    const close = life.open();
    const release = (): void => {
      subscription.isClaimed = false;
      close();
      this.#parts.backlogs.released(subscription.cursor);
    };
    // A raw payload is a message of its own.
    const most = subscription.policy.useRaw === true ? 1 : maxCount;
    // What was sent together goes together again, so that it has the same id.
    const { count = most } = retries.find(id, subscription.cursor.oldest?.seq) ?? {};
    const seqs = subscription.cursor.peek(Math.max(1, Math.min(count, most)));
    const kept = seqs.length === 0 ? undefined : this.#parts.log.fetchKept(seqs, maxBytes);
    if (kept === undefined) return this.#claimRead(subscription, { most, maxBytes, release });
    return this.#claimOf(subscription, untilAgain(kept), release);
  }

  /** A claim for which the log, or what else waits there, has to be read. */
  async #claimRead(
    subscription: Subscription,
    { most, maxBytes, release }: { most: number; maxBytes: number; release: () => void },
  ): Promise<Claim | undefined> {
    const { life, subscriptions } = this.#parts;
    try {
      const entries = await this.#take(subscription, most, maxBytes);
      if (entries.length > 0 && this.#maySend(subscription)) return this.#claimOf(subscription, entries, release);
    } catch (error) {
      release();
      throw life.translate(error);
    }
    release();
    // What came meanwhile was not announced.
    if (subscription.cursor.length > 0) subscriptions.announce(subscription);
    return undefined;
  }

  #maySend(subscription: Subscription): boolean {
    const { life, subscriptions, writer } = this.#parts;
    const { consumer, isPaused, cursor } = subscription;
    if (!writer.canMark) return false;
    const isLive = !cursor.isEnded && (subscription.endedAt !== undefined || !subscriptions.hasExpired(subscription));
    return consumer.kind === 'push' && !isPaused && isLive && life.isServing;
  }

  async #take({ cursor, id }: Subscription, maxCount: number, maxBytes: number): Promise<LogEntry[]> {
    const { catchUp, log, limits, logger, writer } = this.#parts;
    if (cursor.length === 0 && cursor.mayHaveMore) await catchUp.fill(cursor, 1, limits.queueLength);
    const { count = maxCount } = this.#parts.retries.find(id, cursor.oldest?.seq) ?? {};
    const { entries, missing } = await log.fetch(cursor.peek(Math.max(1, Math.min(count, maxCount))), maxBytes);
    if (missing.length > 0) {
      logger.error('The log lacks records that a subscription still needs', {
        subscription: id,
        count: missing.length,
      });
      cursor.drop(missing);
      writer.markDirty(cursor);
    }
    return untilAgain(entries);
  }

  #claimOf(subscription: Subscription, entries: readonly LogEntry[], release: () => void): Claim | undefined {
    const { id, consumer, filter, cursor } = subscription;
    if (consumer.kind !== 'push') return undefined;
    const { writer, subscriptions, retries } = this.#parts;
    const dialect = filter.topics[0]?.dialect;
    const { gap } = cursor;
    const [first] = entries;
    const earlier = retries.find(id, first?.seq);
    let isSettled = false;
    const settleOnce = (how: () => void): void => {
      if (isSettled) return;
      isSettled = true;
      how();
    };
    const settle = (outcome: 'delivered' | 'failed' | 'gone'): void => {
      if (outcome === 'gone' && subscription.endedAt === undefined) {
        void this.#pause(subscription).finally(release);
        return;
      }
      if (outcome === 'delivered') {
        cursor.gap = gapBeyond(cursor.gap, gap);
        if (cursor.advance(entries.at(-1)?.seq ?? 0)) writer.markDirty(cursor);
        retries.clear(id);
      }
      release();
      if (outcome !== 'failed' && subscription.endedAt !== undefined) {
        this.#forget(subscription);
        return;
      }
      if (outcome === 'delivered') subscriptions.announce(subscription);
    };
    return {
      subscription: id,
      consumer: consumer.reference,
      soapVersion: consumer.soapVersion,
      ...(dialect === undefined ? {} : { dialect }),
      useRaw: subscription.policy.useRaw === true,
      ...(gap === undefined ? {} : { gap }),
      messages: entries.map(({ seq, notification, again }) => {
        return { seq, notification, ...(again === undefined ? {} : { again }) };
      }),
      mayBeRepeated: first !== undefined && (first.seq <= this.#inherited || first.again !== undefined),
      ...(earlier === undefined ? {} : { earlier }),
      settle: (outcome) => settleOnce(() => settle(outcome)),
      postpone: (tries, waitMs) =>
        settleOnce(() => {
          if (!cursor.isEnded) retries.note(id, first?.seq ?? 0, tries, waitMs);
          settle('failed');
        }),
      giveUp: async (verdict) => {
        if (isSettled || first === undefined) return false;
        isSettled = true;
        // The notice of its end is nothing that anybody would want to have sent again.
        if (subscription.endedAt !== undefined) {
          settle('gone');
          return true;
        }
        const isGivenUp = await giveUp(this.#parts, subscription, first, verdict).finally(release);
        subscriptions.announce(subscription);
        return isGivenUp;
      },
    };
  }

  /** The notice of its end has been delivered: nothing of it is left. */
  #forget(subscription: Subscription): void {
    const { subscriptions, writer } = this.#parts;
    subscriptions.remove(subscription);
    writer.removeLater('subscription', subscription.id);
    writer.removeLater('backlog', subscription.id);
    writer.removeCursorLater(subscription.id);
  }

  /** The consumer is gone: nothing is sent to it until somebody resumes the subscription. */
  async #pause(subscription: Subscription): Promise<void> {
    const { turns, writer, logger } = this.#parts;
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

/** One that was a dead letter goes alone, under its own id. */
function untilAgain(entries: LogEntry[]): LogEntry[] {
  const firstAgain = entries.findIndex(({ again }) => again !== undefined);
  if (firstAgain !== -1) entries.length = Math.max(1, firstAgain);
  return entries;
}
