import { pack } from '../../kernel/packed.ts';
import type { Cursor } from '../cursor.ts';
import type { Gap } from '../ports/gap.ts';
import type { KeyedRecord, WriteBatch } from '../ports/engine-store.ts';
import { unpackRecord } from '../records.ts';

/** A reader's backlog as it is stored: what waited in (position, through], and what has been dropped untold. */
interface StoredBacklog {
  readonly position: number;
  readonly through: number;
  readonly messages: number;
  readonly bytes: number;
  /** False: not everything in that stretch was counted; only the gap counts. */
  readonly isCounted: boolean;
  readonly gap?: Gap | undefined;
}

type Change = Pick<WriteBatch, 'put' | 'remove'>;

/**
 * What has to go along with a position of the cursor so that its backlog is known after a takeover. Short backlogs without a
 * gap have no record: they are counted while they are read.
 */
export function backlogChange(
  cursor: Cursor,
  { position, head, gap }: { position: number; head: number; gap: Gap | undefined },
): Change {
  const behind = cursor.beyond?.messages ?? 0;
  if (behind === 0 && gap === undefined) {
    if (!cursor.hasRecord) return {};
    cursor.hasRecord = false;
    return { remove: [{ space: 'backlog', key: cursor.id }] };
  }
  const gone = takenBy(cursor, position);
  const stored: StoredBacklog = {
    position,
    through: head,
    messages: cursor.waiting - gone.messages,
    bytes: cursor.waitingBytes - gone.bytes,
    isCounted: cursor.beyond?.uncounted === undefined,
    gap,
  };
  cursor.hasRecord = true;
  cursor.recorded = behind;
  return { put: [{ space: 'backlog', key: cursor.id, value: pack(stored) }] };
}

/** Gives a cursor what was stored of its backlog. It must be where the store has it. */
export function restoreBacklog(cursor: Cursor, record: KeyedRecord | undefined, head: number): void {
  if (record === undefined) {
    cursor.startBehind(head);
    return;
  }
  const stored = unpackRecord(`backlog ${record.key}`, record.value) as StoredBacklog;
  cursor.hasRecord = true;
  cursor.gap = stored.gap;
  const isOfHere = stored.isCounted && stored.position === cursor.stored;
  cursor.startBehind(head, isOfHere ? stored : undefined);
  if (isOfHere) cursor.recorded = stored.messages;
}

/** What of the queue is done with at `position`. */
function takenBy(cursor: Cursor, position: number): { messages: number; bytes: number } {
  let messages = 0;
  let bytes = 0;
  for (const place of cursor.places(cursor.length)) {
    if (place.seq > position) break;
    messages += 1;
    bytes += place.size;
  }
  return { messages, bytes };
}
