import type { Cursor } from './cursor.ts';
import type { Surroundings } from './surroundings.ts';

/** All cursors of the engine. */
export function* allCursors({
  subscriptions,
  pullPoints,
  peerLinks,
}: Pick<Surroundings, 'subscriptions' | 'pullPoints' | 'peerLinks'>): Iterable<Cursor> {
  for (const { cursor } of subscriptions.all()) yield cursor;
  for (const { cursor } of pullPoints.all()) yield cursor;
  for (const { cursor } of peerLinks.all()) yield cursor;
}
