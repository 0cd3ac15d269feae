import { backlogChange } from './backlog-record.ts';
import type { CatchUp } from '../catch-up.ts';
import type { Cursor } from '../cursor.ts';
import { joinGaps } from './gap.ts';
import type { MessageLog } from '../log.ts';
import type { DropReason, Gap } from '../ports/gap.ts';
import type { Place } from '../entry.ts';
import type { Writer } from '../writer.ts';

interface DroppingOptions {
  readonly log: MessageLog;
  readonly writer: Writer;
  readonly catchUp: CatchUp;
  readonly queueLength: number;
  /** They are gone, and that is on the disk. `isFirst`: nothing was dropped of this reader that it has not been told of. */
  readonly onDropped: (cursor: Cursor, dropped: Dropped, isFirst: boolean) => void;
}

/** What was dropped at once. */
export interface Dropped {
  readonly messages: number;
  readonly bytes: number;
  readonly reason: DropReason;
}

/** Why the oldest of a backlog has to go, given what would be left with it; undefined: it may stay. */
export type Verdict = (oldest: Place, left: { messages: number; bytes: number }) => DropReason | undefined;

/** Takes the oldest messages of a backlog away. What is dropped is written down in the same commit: the gap. */
export class Dropping {
  readonly #options: DroppingOptions;

  constructor(options: DroppingOptions) {
    this.#options = options;
  }

  /** Drops from the oldest on, as long as `verdict` gives a reason. Nobody else may take from the cursor meanwhile. */
  async drop(cursor: Cursor, verdict: Verdict): Promise<void> {
    const { catchUp, queueLength } = this.#options;
    while (!cursor.isEnded) {
      if (cursor.length === 0 && cursor.mayHaveMore) await catchUp.fill(cursor, 1, queueLength);
      const { places, reason } = this.#choose(cursor, verdict);
      if (reason === undefined) return;
      await this.#commit(cursor, places, reason);
    }
  }

  /** As many of the queue as have to go for the same reason. */
  #choose(cursor: Cursor, verdict: Verdict): { places: readonly Place[]; reason: DropReason | undefined } {
    const places: Place[] = [];
    const left = { messages: cursor.waiting, bytes: cursor.waitingBytes };
    let reason: DropReason | undefined;
    for (const place of cursor.places(cursor.length)) {
      const found = verdict(place, left);
      if (found === undefined || (reason !== undefined && found !== reason)) break;
      reason = found;
      places.push(place);
      left.messages -= 1;
      left.bytes -= place.size;
    }
    return { places, reason };
  }

  async #commit(cursor: Cursor, places: readonly Place[], reason: DropReason): Promise<void> {
    const { log, writer, onDropped } = this.#options;
    const first = places[0]?.seq ?? 0;
    const last = places.at(-1)?.seq ?? 0;
    const dropped = { messages: places.length, bytes: places.reduce((sum, { size }) => sum + size, 0), reason };
    const news: Gap = { dropped: places.length, first, last, since: places[0]?.at ?? 0, reasons: [reason] };
    // A peer cannot be told: what it lacks is lost to its subscribers without a word, but for the log of the operator.
    const gap = cursor.kind === 'link' ? undefined : joinGaps(cursor.gap, news);
    const isFirst = cursor.gap === undefined;
    cursor.isMoving = true;
    try {
      const change = backlogChange(cursor, { position: last, head: log.head, gap });
      await writer.commit({ ...change, cursors: [{ id: cursor.id, seq: last }] }, () => {
        cursor.dropThrough(last);
        cursor.stored = last;
        cursor.gap = gap;
      });
    } catch (error) {
      cursor.hasRecord = true;
      throw error;
    } finally {
      cursor.isMoving = false;
    }
    onDropped(cursor, dropped, isFirst);
  }
}
