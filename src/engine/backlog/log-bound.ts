import { allCursors } from '../all-cursors.ts';
import type { BacklogLimits } from './backlog-limits.ts';
import type { Cursor } from '../cursor.ts';
import type { Surroundings } from '../surroundings.ts';

/** Readers that hold back more than the first share of the log's limit give way, until the second is left. */
const RELIEF = 15 / 16;
const AFTER_RELIEF = 14 / 16;
/** How often the log is measured again, at most, while it seems to be full. */
const AGAIN_MS = 20;

type Measured = Pick<Surroundings, 'log' | 'clock' | 'subscriptions' | 'pullPoints' | 'peerLinks'>;

/** The bound of the log as a whole: from the oldest message that anybody waits for to the newest. */
export class LogBound {
  readonly #parts: Measured;
  readonly #limitOf: () => BacklogLimits['engine'];
  #lowest = 0;
  #measuredAt = -Infinity;
  #through = 0;

  constructor(parts: Measured, limitOf: () => BacklogLimits['engine']) {
    this.#parts = parts;
    this.#limitOf = limitOf;
  }

  /** Everything up to here has to go; 0: nothing has. */
  get through(): number {
    return this.#through;
  }

  /** Numbers of the log: at most as many records. */
  get messages(): number {
    return Math.max(0, this.#parts.log.head - this.#lowest);
  }

  get bytes(): number {
    return this.#parts.log.extent.bytesAfter(this.#lowest);
  }

  cursors(): Iterable<Cursor> {
    return allCursors(this.#parts);
  }

  /** Finds the lowest position, and shows each cursor to `visit` on the way; the result is `through`. */
  measure(visit?: (cursor: Cursor) => void): number {
    const { log, clock } = this.#parts;
    this.#measuredAt = clock.monotonic();
    let lowest = log.head;
    for (const cursor of this.cursors()) {
      lowest = Math.min(lowest, cursor.position(log.head));
      visit?.(cursor);
    }
    this.#lowest = lowest;
    const { messages, bytes } = this.#limitOf();
    const isTight = this.messages > messages * RELIEF || this.bytes > bytes * RELIEF;
    this.#through = isTight
      ? Math.max(log.head - Math.floor(messages * AFTER_RELIEF), log.extent.positionFor(bytes * AFTER_RELIEF, log.head))
      : 0;
    return this.#through;
  }

  /** True: with `more` messages the log would be so near its limit that somebody has to give way. */
  isTightWith(more: number): boolean {
    return this.#exceeds(more, RELIEF);
  }

  /** True: with `more` messages the log would exceed its limit. */
  isFullWith(more: number): boolean {
    if (!this.#exceeds(more, 1)) return false;
    if (this.#parts.clock.monotonic() - this.#measuredAt >= AGAIN_MS) this.measure();
    return this.#exceeds(more, 1);
  }

  #exceeds(more: number, share: number): boolean {
    const { messages, bytes } = this.#limitOf();
    return this.#parts.log.assigned - this.#lowest + more > messages * share || this.bytes >= bytes * share;
  }
}
