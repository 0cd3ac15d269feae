import type { Cursor } from '../cursor.ts';
import type { Surroundings } from '../surroundings.ts';

/** Reads the log once for all cursors with a stretch that nobody has counted, and counts what matches. */
export async function recountAll(
  { log, life, distribution }: Pick<Surroundings, 'log' | 'life' | 'distribution'>,
  cursors: () => Iterable<Cursor>,
): Promise<void> {
  while (!life.hasEnded) {
    const open = [...cursors()].filter((cursor) => cursor.beyond?.uncounted !== undefined);
    if (open.length === 0) return;
    const from = Math.min(...open.map((cursor) => startOf(cursor, log.head)));
    if (from >= log.head) {
      for (const { beyond } of open) beyond?.countedThrough(log.head);
      return;
    }
    const { headers, through } = await log.chunkAfter(from);
    for (const header of headers) {
      distribution.route(header, (cursor) => cursor.beyond?.count(header.place, cursor.scanned(log.head)));
    }
    for (const cursor of open) {
      if (startOf(cursor, log.head) <= through) cursor.beyond?.countedThrough(through);
    }
  }
}

/** Up to here it is counted, or in the queue. */
function startOf(cursor: Cursor, head: number): number {
  return Math.max(cursor.beyond?.uncounted?.after ?? 0, cursor.scanned(head));
}
