/** Bounds of a full-jitter back-off, in milliseconds. */
export interface BackoffBounds {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** How long to wait before try `attempt` + 1, after `attempt` failures (from 1): uniform in [0, min(max, first · 2^(attempt−1))]. */
export function fullJitter(attempt: number, bounds: BackoffBounds, random: () => number = Math.random): number {
  const ceiling = Math.min(bounds.maxMs, bounds.firstMs * 2 ** Math.min(attempt - 1, 30));
  return random() * ceiling;
}
