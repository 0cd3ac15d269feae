import { messageOf } from '../kernel/errors.ts';
import { allCursors } from './activation.ts';
import type { Cursor } from './cursor.ts';
import type { Parts } from './parts.ts';
import { subscriptionRemoval, type Subscription } from './subscriptions.ts';

/** How long a position may wait for a batch to ride along with. */
const FLUSH_MS = 100;
const SWEEP_MS = 1_000;
const FORGET_MS = 60_000;
/** Subscriptions removed in one batch. */
const MAX_EXPIRED = 1_000;
/** The position of a cursor that nothing comes for is written when it is this far behind, so many at a time. */
const IDLE_RECORDS = 4_096;
const MAX_IDLE = 1_000;

/** What has to be done from time to time: writing positions, ending what has expired, trimming, forgetting. */
export class Maintenance {
  readonly #parts: Parts;
  #sweptAt = -Infinity;
  #forgotAt = -Infinity;
  #trimmedBelow = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Runs until the engine ends. */
  async run(): Promise<void> {
    const { clock, life, logger } = this.#parts;
    this.#sweptAt = clock.monotonic();
    this.#forgotAt = clock.monotonic();
    while (!life.hasEnded) {
      try {
        await clock.sleep(FLUSH_MS, life.signal);
        await life.outcome(this.#tick(clock.monotonic()), { isSubmitted: false });
      } catch (error) {
        if (life.signal.aborted) return;
        life.translate(error);
        logger.warn('Cannot tidy up the engine; it goes on', { error: messageOf(error) });
      }
    }
  }

  async #tick(monotonic: number): Promise<void> {
    const { writer, requests, clock } = this.#parts;
    if (monotonic - this.#forgotAt >= FORGET_MS) {
      this.#forgotAt = monotonic;
      writer.forgetRequestsLater(requests.forget(clock.now()));
    }
    if (monotonic - this.#sweptAt >= SWEEP_MS) {
      this.#sweptAt = monotonic;
      this.#tendCursors();
      await this.#endExpired();
    }
    await writer.flush();
  }

  /** Trims the log below the lowest cursor, and has the positions of idle cursors written now and then. */
  #tendCursors(): void {
    const { log, writer } = this.#parts;
    let lowest = log.head;
    const idle: Cursor[] = [];
    for (const cursor of allCursors(this.#parts)) {
      const position = cursor.position(log.head);
      lowest = Math.min(lowest, position);
      if (position - cursor.stored > IDLE_RECORDS && idle.length < MAX_IDLE) idle.push(cursor);
    }
    for (const cursor of idle) writer.markDirty(cursor);
    if (lowest < this.#trimmedBelow) return;
    this.#trimmedBelow = lowest + 1;
    writer.trimLater(this.#trimmedBelow);
  }

  async #endExpired(): Promise<void> {
    const { subscriptions, turns, writer } = this.#parts;
    const ended: { readonly subscription: Subscription; readonly release: () => void }[] = [];
    for (const subscription of subscriptions.all()) {
      if (!subscriptions.hasExpired(subscription)) continue;
      // One that is being changed now comes with the next sweep.
      const release = turns.tryTake(subscription.id);
      if (release !== undefined) ended.push({ subscription, release });
      if (ended.length === MAX_EXPIRED) break;
    }
    if (ended.length === 0) return;
    try {
      const ids = ended.map(({ subscription }) => subscription.id);
      await writer.commit(subscriptionRemoval(ids), () => {
        for (const { subscription } of ended) subscriptions.remove(subscription);
      });
    } finally {
      for (const { release } of ended) release();
    }
  }
}
