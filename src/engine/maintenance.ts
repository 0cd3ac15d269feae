import { messageOf } from '../kernel/errors.ts';
import { allCursors } from './all-cursors.ts';
import type { Cursor } from './cursor.ts';
import { endingBatch, endSubscription, type Ending } from './endings.ts';
import { aliveRecord } from './outage.ts';
import type { Parts } from './parts.ts';
import type { PullPoint } from './pull-points.ts';
import { registrationEnd } from './registrations.ts';
import { subscriptionRemoval, type Subscription } from './subscriptions.ts';

/** How long a position may wait for a batch to ride along with. */
const FLUSH_MS = 100;
const SWEEP_MS = 1_000;
/** Requests are forgotten a little at a time: at 20,000 a second a minute's worth would keep the store busy for seconds. */
const FORGET_MS = 1_000;
/**
 * Log records deleted in one batch, ten times a second. What may go is spread over a sweep's time within these bounds: at 5 µs
 * a record, who commits meanwhile waits for them.
 */
const LEAST_TRIMMED = 500;
const MOST_TRIMMED = 5_000;
const TRIM_BATCHES = 8;
/** The record of a backlog is written again when so many more wait. */
const RECORDED_GROWTH = 1_024;
/** Subscriptions removed in one batch. */
const MAX_EXPIRED = 1_000;
/** The position of a cursor that nothing comes for is written when it is this far behind, so many at a time. */
const IDLE_RECORDS = 4_096;
const MAX_IDLE = 1_000;
/** How often it is written that the engine is alive: an outage counts as up to this much longer than it was. */
const ALIVE_MS = 5_000;
/** How long it is tried to tell a consumer that its subscription has ended. */
const NOTICE_MS = 60_000;

/** What has to be done from time to time: writing positions, ending what has expired, trimming, forgetting. */
export class Maintenance {
  readonly #parts: Parts;
  #sweptAt = -Infinity;
  #forgotAt = -Infinity;
  #aliveAt = -Infinity;
  #mayTrimBelow = 0;
  #trimShare = 0;
  #trimmedBelow: number | undefined;
  #couldMark = true;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Runs until the engine ends. */
  async run(): Promise<void> {
    const { clock, life, logger } = this.#parts;
    this.#sweptAt = clock.monotonic();
    this.#forgotAt = clock.monotonic();
    this.#aliveAt = clock.monotonic();
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
    const { writer, requests, retries, subscriptions, clock, backlogs, catchUp } = this.#parts;
    this.#announceAgain();
    catchUp.askAgain();
    if (monotonic - this.#forgotAt >= FORGET_MS) {
      this.#forgotAt = monotonic;
      writer.forgetRequestsLater(requests.forget(clock.now()));
      retries.sweep((subscription) => subscriptions.findSendable(subscription) !== undefined);
    }
    if (monotonic - this.#sweptAt >= SWEEP_MS) {
      this.#sweptAt = monotonic;
      this.#tendCursors();
      this.#storeExtent();
      backlogs.sweep();
      await this.#endExpired();
    }
    if (monotonic - this.#aliveAt >= ALIVE_MS) {
      this.#aliveAt = monotonic;
      await writer.commit({ put: [aliveRecord(clock.now())] }, () => undefined);
    }
    this.#parts.current.writeLater();
    await this.#trim();
    await writer.flush();
  }

  /** What could not be pushed because positions could not be written is ready again. */
  #announceAgain(): void {
    const { writer, subscriptions } = this.#parts;
    const isAgain = writer.canMark && !this.#couldMark;
    this.#couldMark = writer.canMark;
    if (isAgain) for (const one of subscriptions.all()) subscriptions.announce(one);
  }

  /**
   * Trims the log below the lowest cursor, and has the positions of idle cursors written now and then, and those whose
   * backlog has grown.
   */
  #tendCursors(): void {
    const { log, writer } = this.#parts;
    let lowest = log.head;
    const grown: Cursor[] = [];
    const idle: Cursor[] = [];
    for (const cursor of allCursors(this.#parts)) {
      const position = cursor.position(log.head);
      lowest = Math.min(lowest, position);
      if (position - cursor.stored > IDLE_RECORDS && idle.length < MAX_IDLE) idle.push(cursor);
      const { beyond } = cursor;
      if (beyond === undefined || beyond.uncounted !== undefined) continue;
      if (beyond.messages - cursor.recorded >= RECORDED_GROWTH) grown.push(cursor);
    }
    for (const cursor of [...idle, ...grown]) writer.markDirty(cursor);
    this.#mayTrimBelow = lowest + 1;
    this.#trimShare = Math.ceil((this.#mayTrimBelow - (this.#trimmedBelow ?? 0)) / TRIM_BATCHES);
  }

  /** Trims the next piece of the log: a thread that deletes everything at once would do nothing else for seconds. */
  async #trim(): Promise<void> {
    const { log, writer } = this.#parts;
    this.#trimmedBelow ??= (await log.oldest()) ?? log.head;
    if (this.#mayTrimBelow <= this.#trimmedBelow) return;
    const share = Math.min(Math.max(this.#trimShare, LEAST_TRIMMED), MOST_TRIMMED);
    this.#trimmedBelow = Math.min(this.#mayTrimBelow, this.#trimmedBelow + share);
    writer.trimLater(this.#trimmedBelow);
    log.extent.trim(this.#trimmedBelow);
  }

  /** Has stored how long the log is. */
  #storeExtent(): void {
    const { log, writer } = this.#parts;
    const { put, remove } = log.extent.changes();
    for (const record of put) writer.putLater(record);
    for (const key of remove) writer.removeLater('backlog', key);
  }

  async #endExpired(): Promise<void> {
    const ended: Expired[] = [];
    for (const expired of this.#expired()) {
      // One that is being changed now comes with the next sweep.
      const release = this.#parts.turns.tryTake(expired.id);
      if (release !== undefined) ended.push({ ...expired, release });
      if (ended.length === MAX_EXPIRED) break;
    }
    if (ended.length === 0) return;
    try {
      const endings = ended.map(({ end }) => end());
      await this.#parts.writer.commit(endingBatch(endings), () => {
        for (const { apply } of endings) apply();
      });
    } finally {
      for (const { release } of ended) release?.();
    }
  }

  *#expired(): Iterable<Expired> {
    const { subscriptions, pullPoints, registrations, clock, conduct } = this.#parts;
    const now = clock.now();
    for (const one of subscriptions.all()) {
      const { id, endedAt, terminationTime } = one;
      if (endedAt !== undefined && endedAt + NOTICE_MS <= now) yield { id, end: () => removal(this.#parts, one) };
      else if (endedAt === undefined && terminationTime !== null && terminationTime + conduct.renewGraceMs <= now) {
        yield { id, end: () => endSubscription(this.#parts, one, 'expired') };
      }
    }
    for (const one of pullPoints.all()) {
      // Those who feed it go first, with their own turns.
      if (pullPoints.hasExpired(one)) yield* this.#expiredPullPoint(one);
    }
    for (const one of registrations.all()) {
      if (one.isEnded || !registrations.hasExpired(one)) continue;
      yield { id: one.id, end: () => ({ batch: registrationEnd(one), apply: () => registrations.end(one) }) };
    }
  }

  *#expiredPullPoint(pullPoint: PullPoint): Iterable<Expired> {
    const { subscriptions, pullPoints } = this.#parts;
    const { id } = pullPoint;
    const feeding = subscriptions.feeding(id);
    for (const one of feeding) yield { id: one.id, end: () => removal(this.#parts, one) };
    if (feeding.length > 0) return;
    const remove = (['pull-point', 'backlog'] as const).map((space) => ({ space, key: id }));
    const batch = { remove, removeCursors: [id] };
    yield { id, end: () => ({ batch, apply: () => pullPoints.remove(pullPoint) }) };
  }
}

interface Expired {
  readonly id: string;
  readonly end: () => Ending;
  readonly release?: () => void;
}

function removal({ subscriptions }: Parts, subscription: Subscription): Ending {
  return { batch: subscriptionRemoval([subscription.id]), apply: () => subscriptions.remove(subscription) };
}
