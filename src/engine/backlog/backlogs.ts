import { messageOf } from '../../kernel/errors.ts';
import type { BacklogLimit, BacklogLimits, BacklogPolicy } from './backlog-limits.ts';
import type { Cursor } from '../cursor.ts';
import { Dropping, type Dropped, type Verdict } from './dropping.ts';
import { endSubscription } from '../endings.ts';
import { LogBound } from './log-bound.ts';
import type { Surroundings } from '../surroundings.ts';
import { pausePlan } from '../pausing.ts';
import type { DropReason } from '../ports/gap.ts';
import { Pressure } from './pressure.ts';
import { recountAll } from './recount.ts';
import type { EntryHeader } from '../entry.ts';
import { pullPointOf, type Subscription } from '../subscriptions.ts';

/** What limits have done since the engine began its tenure. */
export interface BacklogCounters {
  /** Messages that were dropped for a reader, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Subscriptions that were paused or ended by their policy. */
  readonly paused: number;
  readonly terminated: number;
  /** Messages that a subscription had not got when it was ended. */
  readonly abandoned: number;
  /** Requests of publishers that were refused. */
  readonly refused: number;
  /** Numbers and bytes of the log, from the oldest message that anybody waits for. */
  readonly logMessages: number;
  readonly logBytes: number;
}

/** How often everything is looked at while the log is nearly full, at most. */
const AGAIN_MS = 50;

/** Reserves a reader for as long as its backlog is changed; undefined: somebody is at work there. */
type Reservation = (() => void) | undefined;

/** Keeps what waits for each reader, and all of it together, within limits: see docs/adr/0019. */
export class Backlogs {
  readonly #parts: Surroundings;
  readonly #pressure: Pressure;
  readonly #bound: LogBound;
  readonly #dropping: Dropping;
  /** Whose backlog is to be looked at. */
  readonly #wanted = new Set<Cursor>();
  readonly #dropped: Record<DropReason, number> = { messages: 0, bytes: 0, age: 0, engine: 0 };
  #paused = 0;
  #terminated = 0;
  #abandoned = 0;
  #isScheduled = false;
  #sweptAt = -Infinity;
  #isRecounting = false;

  constructor(parts: Surroundings, limits: BacklogLimits) {
    const { clock, log, writer, catchUp } = parts;
    this.#parts = parts;
    this.#pressure = new Pressure({
      limits,
      now: () => clock.monotonic(),
      policyOf: (cursor) => this.#policyOf(cursor),
      onExceeded: (cursor) => this.#want(cursor),
    });
    this.#bound = new LogBound(parts, () => this.#pressure.limits.engine);
    this.#dropping = new Dropping({
      ...{ log, writer, catchUp, queueLength: parts.limits.queueLength },
      onDropped: (cursor, dropped, isFirst) => this.#noteDropped(cursor, dropped, isFirst),
    });
  }

  get limits(): BacklogLimits {
    return this.#pressure.limits;
  }

  counters(): BacklogCounters {
    return {
      dropped: { ...this.#dropped },
      ...{ paused: this.#paused, terminated: this.#terminated, abandoned: this.#abandoned },
      refused: this.#pressure.refused,
      ...{ logMessages: this.#bound.messages, logBytes: this.#bound.bytes },
    };
  }

  /** Other limits from now on. What is over them is dealt with at the next sweep. */
  setLimits(limits: BacklogLimits): void {
    this.#pressure.setLimits(limits, this.#bound.cursors());
  }

  /** Something more waits for a reader. */
  note(cursor: Cursor): void {
    this.#pressure.note(cursor);
  }

  /**
   * Throws InfrastructureError (`overloaded`, with a time to wait) where so many messages, or one of them, cannot be accepted
   * now. `messages` is asked only while somebody is near a limit.
   */
  assertRoom(count: number, messages: () => readonly EntryHeader[]): void {
    if (count === 0) return;
    const isTight = this.#bound.isTightWith(count);
    if (isTight && this.#parts.clock.monotonic() - this.#sweptAt >= AGAIN_MS) this.sweep();
    this.#pressure.assertRoom(isTight && this.#bound.isFullWith(count), messages);
  }

  /** Nobody takes from the cursor any longer: what had to wait for that is done, before somebody takes again. */
  released(cursor: Cursor): void {
    if (this.#wanted.has(cursor)) void this.#relieve(cursor);
  }

  /** Looks at everything: to be called about once a second. */
  sweep(): void {
    const { clock } = this.#parts;
    this.#sweptAt = clock.monotonic();
    const now = clock.now();
    this.#pressure.review();
    // To walk through a hundred thousand cursors takes milliseconds: one walk has to do, unless the log is nearly full.
    const through = this.#bound.measure((cursor) => {
      if (cursor.waiting === 0) return;
      const { ageMs } = this.#limitOf(cursor);
      const isTooOld = ageMs !== null && (cursor.oldest?.at ?? Infinity) < now - ageMs;
      if (isTooOld || this.#pressure.exceeds(cursor)) this.#want(cursor);
    });
    if (through === 0) return;
    for (const cursor of this.#bound.cursors()) if (this.#isInTheWay(cursor)) this.#want(cursor);
  }

  /** What of this cursor's backlog is not in its queue is to be counted again. */
  recount(cursor: Cursor): void {
    cursor.recount(this.#parts.log.head);
    this.recountAll();
  }

  /** Counts what was there before this tenure and is not counted yet, in the background. */
  recountAll(): void {
    const { logger, life } = this.#parts;
    if (this.#isRecounting) return;
    this.#isRecounting = true;
    void recountAll(this.#parts, () => this.#bound.cursors())
      .catch((error: unknown) => {
        life.translate(error);
        logger.warn('Cannot count all backlogs; they count as shorter than they are', { error: messageOf(error) });
      })
      .finally(() => (this.#isRecounting = false));
  }

  #want(cursor: Cursor): void {
    this.#wanted.add(cursor);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Behind whatever is being applied now: what is offered together is dealt with together.
    queueMicrotask(() => {
      this.#isScheduled = false;
      for (const each of [...this.#wanted]) void this.#relieve(each);
    });
  }

  async #relieve(cursor: Cursor): Promise<void> {
    const { life, logger } = this.#parts;
    if (cursor.isEnded || !life.isServing) {
      this.#wanted.delete(cursor);
      return;
    }
    const release = this.#reserve(cursor);
    if (release === undefined) return;
    this.#wanted.delete(cursor);
    const close = life.open();
    try {
      await this.#applyPolicy(cursor);
    } catch (error) {
      // The next sweep tries again.
      life.translate(error);
      logger.warn('Cannot shorten a backlog', { reader: cursor.id, error: messageOf(error) });
    } finally {
      release();
      close();
    }
  }

  async #applyPolicy(cursor: Cursor): Promise<void> {
    await this.#dropping.drop(cursor, this.#ageVerdict(cursor));
    const isInTheWay = this.#isInTheWay(cursor);
    if (!isInTheWay && !this.#pressure.exceeds(cursor)) return;
    const policy = this.#policyOf(cursor);
    // What it has accepted for this reader it keeps; publishers wait instead.
    if (policy === 'refusePublisher') return;
    const subscription = cursor.kind === 'link' ? undefined : this.#parts.subscriptions.findRenewable(cursor.id);
    if (policy === 'terminate' && subscription !== undefined) return this.#terminate(subscription);
    if (policy === 'pause' && subscription !== undefined && !subscription.isPaused) await this.#pause(subscription);
    await this.#dropping.drop(cursor, this.#sizeVerdict(cursor));
  }

  #isInTheWay(cursor: Cursor): boolean {
    return this.#bound.through > 0 && cursor.position(this.#parts.log.head) < this.#bound.through;
  }

  #ageVerdict(cursor: Cursor): Verdict {
    const { ageMs } = this.#limitOf(cursor);
    const oldest = ageMs === null ? -Infinity : this.#parts.clock.now() - ageMs;
    return ({ at }) => (at < oldest ? 'age' : undefined);
  }

  #sizeVerdict(cursor: Cursor): Verdict {
    const { messages, bytes } = this.#limitOf(cursor);
    return ({ seq }, left) => {
      if (left.messages > messages) return 'messages';
      if (left.bytes > bytes) return 'bytes';
      return seq <= this.#bound.through ? 'engine' : undefined;
    };
  }

  async #pause(subscription: Subscription): Promise<void> {
    const { writer, logger } = this.#parts;
    const plan = pausePlan(this.#parts, subscription);
    if (plan === undefined) return;
    await writer.commit(plan.batch, plan.apply);
    this.#paused += 1;
    const { id: reader, cursor } = subscription;
    logger.warn('Subscription paused: its backlog has reached its limit', { reader, waiting: cursor.waiting });
  }

  async #terminate(subscription: Subscription): Promise<void> {
    const { writer, logger } = this.#parts;
    const { id: reader, cursor } = subscription;
    const { waiting } = cursor;
    const { batch, apply } = endSubscription(this.#parts, subscription, 'backlog');
    await writer.commit(batch, apply);
    this.#terminated += 1;
    this.#abandoned += waiting;
    logger.warn('Subscription ended: its backlog has reached its limit', { reader, waiting });
  }

  #noteDropped({ id: reader, kind }: Cursor, { messages, bytes, reason }: Dropped, isFirst: boolean): void {
    const { logger } = this.#parts;
    this.#dropped[reason] += messages;
    const fields = { reader, messages, bytes, reason };
    if (kind === 'link') logger.error('Messages for a peer dropped: its subscribers will miss them', fields);
    else if (isFirst) logger.warn('Messages dropped: the backlog of a reader has reached a limit', fields);
    else logger.debug('Messages dropped', fields);
  }

  #limitOf(cursor: Cursor): BacklogLimit {
    return this.#pressure.limits[cursor.kind];
  }

  #policyOf(cursor: Cursor): BacklogPolicy {
    return this.#limitOf(cursor).policy;
  }

  /** So that nobody takes from the backlog or changes the subscription meanwhile. */
  #reserve(cursor: Cursor): Reservation {
    const { subscriptions, peerLinks, turns } = this.#parts;
    if (cursor.kind === 'link') {
      const link = [...peerLinks.all()].find((one) => one.cursor === cursor);
      return link === undefined ? undefined : claimed(link, () => peerLinks.announce(link));
    }
    const subscription = subscriptions.findRenewable(cursor.id);
    if (subscription === undefined) return turns.tryTake(cursor.id);
    if (subscription.isClaimed) return undefined;
    const pullPoint = pullPointOf(subscription);
    const releases = [turns.tryTake(cursor.id)];
    if (pullPoint !== undefined && pullPoint !== cursor.id) releases.push(turns.tryTake(pullPoint));
    const giveBack = (): void => releases.forEach((release) => release?.());
    if (releases.includes(undefined)) {
      giveBack();
      return undefined;
    }
    const release = claimed(subscription, () => subscriptions.announce(subscription));
    return () => {
      giveBack();
      release?.();
    };
  }
}

function claimed(reader: { isClaimed: boolean }, then: () => void): Reservation {
  if (reader.isClaimed) return undefined;
  reader.isClaimed = true;
  return () => {
    reader.isClaimed = false;
    then();
  };
}
