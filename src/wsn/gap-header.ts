import { escapeAttribute } from '../xml/writer.ts';
import { formatDateTime } from './date-time.ts';
import { DELIVERY_NAMESPACE } from './loop.ts';

/** What a reader did not get, and why. */
interface ToldGap {
  readonly dropped: number;
  readonly first: number;
  readonly last: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly reasons: readonly string[];
}

/**
 * A complete header block d:Gap, which nobody has to understand: so many messages, with numbers from `first` to `last`
 * and published from `since` on, were dropped because of a limit (`reason`: messages, bytes, age, engine).
 */
export function gapHeader({ dropped, first, last, since, reasons }: ToldGap): string {
  return (
    `<d:Gap xmlns:d="${DELIVERY_NAMESPACE}" dropped="${dropped}" first="${first}" last="${last}"` +
    ` since="${formatDateTime(since)}" reason="${escapeAttribute(reasons.join(' '))}"/>`
  );
}
