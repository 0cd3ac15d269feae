import type { Parts } from './parts.ts';
import type { Claim, Outbox } from './ports/outbox.ts';
import type { LogEntry } from './entry.ts';
import { PushClaim } from './push-claim.ts';
import type { Subscription } from './subscriptions.ts';

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
    const { consumer } = subscription;
    if (consumer.kind !== 'push') return undefined;
    const options = { parts: this.#parts, subscription, entries, inherited: this.#inherited, release };
    return new PushClaim(consumer.reference, consumer.soapVersion, options);
  }
}

/** One that was a dead letter goes alone, under its own id. */
function untilAgain(entries: LogEntry[]): LogEntry[] {
  const firstAgain = entries.findIndex(({ again }) => again !== undefined);
  if (firstAgain !== -1) entries.length = Math.max(1, firstAgain);
  return entries;
}
