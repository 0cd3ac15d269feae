import type { Gap } from '../ports/gap.ts';

/** Two gaps of one reader as one; `later` has the higher numbers. */
export function joinGaps(earlier: Gap | undefined, later: Gap): Gap {
  if (earlier === undefined) return later;
  return {
    dropped: earlier.dropped + later.dropped,
    first: earlier.first,
    last: later.last,
    since: earlier.since,
    reasons: [...new Set([...earlier.reasons, ...later.reasons])],
  };
}

/** What is left of a gap to tell after `told` has been: it may have grown meanwhile. */
export function gapBeyond(gap: Gap | undefined, told: Gap | undefined): Gap | undefined {
  if (gap === undefined || told === undefined) return gap;
  const dropped = gap.dropped - told.dropped;
  return dropped <= 0 ? undefined : { ...gap, dropped, first: told.last + 1 };
}
