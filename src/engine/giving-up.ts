import { messageOf } from '../kernel/errors.ts';
import { DeliveryIds } from '../wsn/delivery-ids.ts';
import { notificationOf, summaryOf } from './dead-letters.ts';
import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations } from './ports/engine.ts';
import type { Verdict } from './ports/outbox.ts';
import { createEntry, type LogEntry } from './entry.ts';
import type { StoredDeadLetter } from './records.ts';
import type { Subscription } from './subscriptions.ts';

type Request<O extends keyof EngineOperations> = EngineOperations[O]['request'];
type Reply<O extends keyof EngineOperations> = Promise<EngineOperations[O]['reply']>;

/** `urn:uuid:`, which every id begins with. */
const URN_LENGTH = 9;

/**
 * Makes a message a dead letter of a subscription: the letter and the cursor behind it are one commit. False: that
 * failed, or the subscription is no more; it does not throw.
 */
export async function giveUp(
  parts: Parts,
  subscription: Subscription,
  entry: LogEntry,
  verdict: Verdict,
): Promise<boolean> {
  const { turns, writer, deadLetters, retries, clock, logger } = parts;
  const { id: subscriptionId, consumer, cursor } = subscription;
  const { seq, again, notification } = entry;
  const letter: StoredDeadLetter = {
    ...verdict,
    ...notification,
    subscription: subscriptionId,
    consumer: consumer.kind === 'push' ? consumer.reference.address : '',
    seq: again?.seq ?? seq,
    at: clock.now(),
  };
  const id = letterId(letter);
  try {
    return await turns.run(subscriptionId, async () => {
      if (cursor.isEnded) return false;
      const { record, apply } = deadLetters.plan(id, letter);
      cursor.isMoving = true;
      try {
        await writer.commit({ put: [record], cursors: [{ id: subscriptionId, seq }] }, () => {
          cursor.advance(seq);
          cursor.stored = seq;
          retries.clear(subscriptionId);
          apply();
        });
      } finally {
        cursor.isMoving = false;
      }
      const { reason, attempts } = verdict;
      logger.warn('A message has become a dead letter', { subscription: subscriptionId, id, reason, attempts });
      return true;
    });
  } catch (error) {
    logger.warn('Cannot store a dead letter: the message stays', {
      subscription: subscriptionId,
      error: messageOf(error),
    });
    return false;
  }
}

/** What operators ask about dead letters. */
export class DeadLetterDesk {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  list({ subscription }: Request<'deadLetters'>): Reply<'deadLetters'> {
    const { deadLetters } = this.#parts;
    return Promise.resolve({ letters: deadLetters.list(subscription), evicted: deadLetters.evicted });
  }

  show({ id }: Request<'deadLetter'>): Reply<'deadLetter'> {
    const letter = this.#parts.deadLetters.find(id);
    if (letter === undefined) return Promise.resolve({});
    const { producer, message } = notificationOf(letter);
    return Promise.resolve({
      found: { ...summaryOf(id, letter), message, ...(producer === undefined ? {} : { producer }) },
    });
  }

  /** Each is appended for its subscription alone, so it comes behind what that has to get already. */
  async redeliver({ ids }: Request<'redeliverDeadLetters'>, conclude: Conclude): Reply<'redeliverDeadLetters'> {
    const { turns, deadLetters, distribution, log, clock } = this.#parts;
    // Nobody else may take the same letters meanwhile.
    return turns.run('dead-letters', async () => {
      const at = clock.now();
      const entries: LogEntry[] = [];
      const done: string[] = [];
      const refused: { readonly id: string; readonly reason: string }[] = [];
      for (const id of new Set(ids)) {
        const letter = deadLetters.find(id);
        const reason = this.#reasonAgainst(letter);
        if (letter === undefined || reason !== undefined) {
          refused.push({ id, reason: reason ?? '' });
          continue;
        }
        const { subscription: recipient, seq, attempts } = letter;
        entries.push(createEntry(log.assign(), { at, recipient, again: { seq, attempts } }, notificationOf(letter)));
        done.push(id);
      }
      return conclude({
        batch: {
          append: entries.map(({ seq, bytes }) => ({ seq, bytes })),
          remove: done.map((key) => ({ space: 'dead-letter', key })),
        },
        reply: { done, refused },
        apply: () => {
          for (const id of done) deadLetters.forget(id);
          distribution.publish(entries);
        },
      });
    });
  }

  async drop({ ids }: Request<'dropDeadLetters'>, conclude: Conclude): Reply<'dropDeadLetters'> {
    const { turns, deadLetters } = this.#parts;
    return turns.run('dead-letters', async () => {
      const done = [...new Set(ids)].filter((id) => deadLetters.find(id) !== undefined);
      return conclude({
        batch: { remove: done.map((key) => ({ space: 'dead-letter', key })) },
        reply: { done },
        apply: () => done.forEach((id) => deadLetters.forget(id)),
      });
    });
  }

  #reasonAgainst(letter: StoredDeadLetter | undefined): string | undefined {
    if (letter === undefined) return 'there is no such dead letter';
    const subscription = this.#parts.subscriptions.find(letter.subscription);
    if (subscription === undefined) return `the subscription ${letter.subscription} is no more`;
    // What comes while it is paused would be passed over.
    const isSkipping = subscription.skips.some(({ through }) => through === undefined);
    return isSkipping ? `the subscription ${letter.subscription} is paused and keeps nothing` : undefined;
  }
}

/** The UUID that the consumer was sent with the message. */
function letterId({ subscription, seq }: StoredDeadLetter): string {
  return new DeliveryIds(subscription).ofMessage(seq).slice(URN_LENGTH);
}
