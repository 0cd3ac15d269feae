import type { CancelSignal } from '../kernel/cancellation.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import { randomId } from '../kernel/ids.ts';
import { backlogChange } from './backlog/backlog-record.ts';
import type { Cursor } from './cursor.ts';
import { grantTermination } from '../wsn/termination-time.ts';
import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations, PulledNotification } from './ports/engine.ts';
import type { Gap } from './ports/gap.ts';
import { pullPointRecord, type PullPoint } from './pull-points.ts';
import type { LogEntry } from './entry.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import { subscriptionRemoval } from './subscriptions.ts';
import { Waiting } from './waiting.ts';
import { unknownResource } from './unknown-resource.ts';

type Request<O extends keyof EngineOperations> = EngineOperations[O]['request'];
type Reply<O extends keyof EngineOperations> = Promise<EngineOperations[O]['reply']>;

/** Messages whose records are read together. */
const PIECE = 64;

/** One queue that feeds a pull point: its own, or that of a subscription. */
interface Source {
  readonly cursor: Cursor;
  readonly subscription?: string;
  readonly dialect?: string;
  /** How many of its numbers are taken. */
  taken: number;
  /** The last number that goes into the reply. */
  last: number | undefined;
}

interface Taken {
  readonly source: Source;
  readonly seq: number;
}

/** Pull points (WS-BaseNotification §5). */
export class Pulling {
  readonly #parts: Parts;
  readonly #waiting: Waiting;
  #pending = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#waiting = new Waiting(parts.clock, parts.life.signal);
    const wake = (id: string): void => this.#waiting.wake(id);
    parts.subscriptions.arrived.add(wake, parts.life.signal);
    parts.pullPoints.arrived.add(wake, parts.life.signal);
  }

  async createPullPoint(
    { termination = { kind: 'absent' } }: Request<'createPullPoint'>,
    conclude: Conclude,
  ): Reply<'createPullPoint'> {
    const { pullPoints, limits, log, clock, conduct } = this.#parts;
    if (pullPoints.size + this.#pending >= limits.maxPullPoints) {
      const message = `The engine has ${pullPoints.size} pull points, at most ${limits.maxPullPoints} are allowed`;
      throw new InfrastructureError('overloaded', message, { processed: 'no' });
    }
    const id = randomId();
    const since = log.assigned;
    const currentTime = clock.now();
    const idleMs = termination.kind === 'absent' ? (conduct.pullPointLifetimeMs ?? undefined) : undefined;
    const terminationTime =
      idleMs === undefined
        ? grantTermination(termination, currentTime, 'UnacceptableInitialTerminationTimeFault')
        : currentTime + idleMs;
    const pullPoint = pullPoints.create(id, { since, creationTime: currentTime, terminationTime, idleMs }, since);
    this.#pending += 1;
    try {
      return await conclude({
        batch: { put: [pullPointRecord(pullPoint)], cursors: [{ id, seq: since }] },
        reply: { pullPoint: id, terminationTime, currentTime },
        apply: () => {
          pullPoint.cursor.goLive();
          pullPoints.add(pullPoint);
        },
      });
    } finally {
      this.#pending -= 1;
    }
  }

  /**
   * Hands out the oldest messages by log order, and never waits for more. Their removal, and the reply in case the request
   * comes again, are one batch. A reply ends early before it outgrows `maxReplyBytes`, and always has at least one message.
   */
  async getMessages({ pullPoint: id, maximum }: Request<'getMessages'>, conclude: Conclude): Reply<'getMessages'> {
    return this.#parts.turns.run(id, async () => {
      const { cursors, messages } = await this.#takeFrom(id, maximum ?? Infinity);
      return this.#concludeTaking({ id, cursors, reply: { messages, ...gapsOf(cursors) } }, conclude);
    });
  }

  /**
   * As getMessages, but waits for a first message until the time is over or the resource ends; a gap alone is told only
   * then. When the engine is about to
   * move, who waits is refused (`engine-not-here`, processed: no): an empty reply would come before its time, and
   * whoever asks for the client can wait on for the rest of it where the engine runs next.
   */
  async pullMessages(
    { resource: id, maximum, waitMs }: Request<'pullMessages'>,
    conclude: Conclude,
    signal?: CancelSignal,
  ): Reply<'pullMessages'> {
    const { clock, turns, life } = this.#parts;
    const deadline = clock.monotonic() + waitMs;
    for (;;) {
      const isOver = clock.monotonic() >= deadline;
      const pulled = await turns.run(id, async () => {
        const { cursors, messages } = await this.#takeFrom(id, maximum);
        const termination = { terminationTime: this.#lifetimeOf(id), currentTime: clock.now() };
        const reply = { messages, ...gapsOf(cursors), ...termination };
        const hasNews = messages.length > 0 || (isOver && cursors.length > 0);
        return hasNews ? this.#concludeTaking({ id, cursors, reply }, conclude) : reply;
      });
      if (pulled.messages.length > 0 || isOver) return pulled;
      life.assertServing();
      await this.#waiting.wait(id, deadline - clock.monotonic(), signal);
    }
  }

  /** Everybody who waits for messages looks once more whether there are any, and whether the engine still serves. */
  releaseWaiting(): void {
    this.#waiting.release();
  }

  /** Ends the pull point, and the subscriptions that feed it: their messages would have nowhere to go. */
  async destroyPullPoint(
    { pullPoint: id }: Request<'destroyPullPoint'>,
    conclude: Conclude,
  ): Reply<'destroyPullPoint'> {
    const { turns, subscriptions, pullPoints } = this.#parts;
    return turns.run(id, async () => {
      const pullPoint = this.#find(id);
      // Nobody takes this turn while holding one of these, so nobody waits in a circle.
      const releases: (() => void)[] = [];
      try {
        for (const feeding of subscriptions.feeding(id)) releases.push(await turns.take(feeding.id));
        const ended = subscriptions.feeding(id);
        const { remove = [], removeCursors = [] } = subscriptionRemoval(ended.map((subscription) => subscription.id));
        return await conclude({
          batch: {
            remove: [...remove, { space: 'pull-point', key: id }, { space: 'backlog', key: id }],
            removeCursors: [...removeCursors, id],
          },
          reply: {},
          apply: () => {
            for (const subscription of ended) subscriptions.remove(subscription);
            pullPoints.remove(pullPoint);
          },
        });
      } finally {
        for (const release of releases) release();
      }
    });
  }

  #find(id: string): PullPoint {
    const pullPoint = this.#parts.pullPoints.find(id);
    if (pullPoint === undefined) throw unknownResource('pull-point', id);
    return pullPoint;
  }

  #lifetimeOf(id: string): number | null {
    const { pullPoints, subscriptions } = this.#parts;
    return (pullPoints.find(id) ?? subscriptions.find(id))?.terminationTime ?? null;
  }

  async #takeFrom(id: string, maximum: number) {
    const sources = this.#sourcesOf(id);
    const messages = await this.#take(sources, maximum);
    const { head } = this.#parts.log;
    const cursors = sources.flatMap(({ cursor, last }) => {
      if (last !== undefined) return [{ cursor, seq: last }];
      // A gap is told at once, also where nothing comes after it.
      return cursor.gap === undefined || cursor.isEnded ? [] : [{ cursor, seq: cursor.position(head) }];
    });
    return { messages, cursors };
  }

  async #concludeTaking<R extends object>(
    { id, cursors, reply }: { id: string; cursors: readonly { cursor: Cursor; seq: number }[]; reply: R },
    conclude: Conclude,
  ): Promise<R> {
    for (const { cursor } of cursors) cursor.isMoving = true;
    const { put, apply } = this.#prolonged(id);
    // Whoever gets messages is told of the gaps before them.
    const backlogs = cursors.map(({ cursor, seq }) =>
      backlogChange(cursor, { position: seq, head: this.#parts.log.head, gap: undefined }),
    );
    try {
      return await conclude({
        batch: {
          put: [...put, ...backlogs.flatMap((change) => change.put ?? [])],
          remove: backlogs.flatMap((change) => change.remove ?? []),
          cursors: cursors.map(({ cursor, seq }) => ({ id: cursor.id, seq })),
        },
        reply,
        apply: () => {
          for (const { cursor, seq } of cursors) {
            cursor.advance(seq);
            cursor.stored = seq;
            cursor.gap = undefined;
          }
          apply();
        },
      });
    } catch (error) {
      for (const { cursor } of cursors) cursor.hasRecord = true;
      throw error;
    } finally {
      for (const { cursor } of cursors) cursor.isMoving = false;
    }
  }

  /** A pull point that lives as long as somebody pulls: written when a tenth of its time is over, not each time. */
  #prolonged(id: string): { readonly put: readonly KeyedRecord[]; readonly apply: () => void } {
    const pullPoint = this.#parts.pullPoints.find(id);
    const { idleMs, terminationTime } = pullPoint ?? {};
    const now = this.#parts.clock.now();
    if (pullPoint === undefined || idleMs === undefined || (terminationTime ?? Infinity) > now + 0.9 * idleMs) {
      return { put: [], apply: () => undefined };
    }
    const apply = (): void => {
      pullPoint.terminationTime = now + idleMs;
    };
    return { put: [pullPointRecord(pullPoint, { terminationTime: now + idleMs })], apply };
  }

  /** The queues behind a pull point, or behind a subscription that is its own. */
  #sourcesOf(id: string): readonly Source[] {
    const { subscriptions, pullPoints } = this.#parts;
    const pullPoint = pullPoints.find(id);
    const own = subscriptions.find(id);
    if (pullPoint === undefined && own?.consumer.kind !== 'own') throw unknownResource('pull-point', id);
    const feeding = subscriptions
      .feeding(id)
      .filter((subscription) => !subscription.isPaused && !subscriptions.hasExpired(subscription));
    const direct = pullPoint === undefined ? [] : [{ cursor: pullPoint.cursor, taken: 0, last: undefined }];
    return [
      ...direct,
      ...feeding.map((subscription): Source => {
        const dialect = subscription.filter.topics[0]?.dialect;
        const named = { subscription: subscription.id, ...(dialect === undefined ? {} : { dialect }) };
        return { cursor: subscription.cursor, ...named, taken: 0, last: undefined };
      }),
    ];
  }

  async #take(sources: readonly Source[], maximum: number): Promise<PulledNotification[]> {
    const { log, limits } = this.#parts;
    const messages: PulledNotification[] = [];
    let bytes = 0;
    while (messages.length < maximum) {
      const piece = await this.#next(sources, Math.min(PIECE, maximum - messages.length));
      if (piece.length === 0) return messages;
      const { entries, missing } = await log.fetch([...new Set(piece.map(({ seq }) => seq))], limits.maxReplyBytes);
      const bySeq = new Map(entries.map((entry) => [entry.seq, entry]));
      const gone = new Set(missing);
      for (const { source, seq } of piece) {
        const entry = bySeq.get(seq);
        if (entry === undefined && !gone.has(seq)) return messages;
        const size = entry?.bytes.byteLength ?? 0;
        if (messages.length > 0 && bytes + size > limits.maxReplyBytes) return messages;
        bytes += size;
        source.last = seq;
        if (entry !== undefined) messages.push(pulled(entry, source));
      }
    }
    return messages;
  }

  /** Up to `count` of the lowest numbers that are not taken, over all sources; the log is read again where a queue is not complete. */
  async #next(sources: readonly Source[], count: number): Promise<Taken[]> {
    const { catchUp, log, limits } = this.#parts;
    const piece: Taken[] = [];
    while (piece.length < count) {
      let lowest: { source: Source; seq: number; isQueued: boolean } | undefined;
      for (const source of sources) {
        const queued = source.cursor.peek(1, source.taken)[0];
        if (queued === undefined && source.cursor.isLive) continue;
        // Behind an incomplete queue the next message may be anywhere after what was matched.
        const seq = queued ?? source.cursor.scanned(log.head) + 1;
        if (lowest === undefined || seq < lowest.seq) lowest = { source, seq, isQueued: queued !== undefined };
      }
      if (lowest === undefined) return piece;
      const { source, seq } = lowest;
      if (lowest.isQueued) {
        source.taken += 1;
        piece.push({ source, seq });
      } else {
        await catchUp.fill(source.cursor, source.taken + 1, source.taken + limits.queueLength);
        if (source.cursor.isEnded) sources = sources.filter((other) => other !== source);
        // It cannot be told now what comes next for it: what comes after that has to wait.
        else if (!source.cursor.isLive && source.cursor.length <= source.taken) return piece;
      }
    }
    return piece;
  }
}

/** What limits dropped of these queues. */
function gapsOf(cursors: readonly { readonly cursor: Cursor }[]): { readonly gaps?: readonly Gap[] } {
  const gaps = cursors.flatMap(({ cursor }) => cursor.gap ?? []);
  return gaps.length === 0 ? {} : { gaps };
}

function pulled({ notification }: LogEntry, { subscription, dialect }: Source): PulledNotification {
  return {
    ...notification,
    message: notification.message,
    ...(subscription === undefined ? {} : { subscription }),
    ...(dialect === undefined ? {} : { dialect }),
  };
}
