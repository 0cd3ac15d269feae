export const ENGINE = 'ME1';
export const TIMES = { ttlMs: 900, renewEveryMs: 150, guardMs: 300 };
/** How long a renewal carries. */
export const LIFE_MS = TIMES.ttlMs - TIMES.guardMs;
export const FAILBACK = { delayMs: 400, everyMs: 3_000 };

/**
 * How long the engine may be away while one candidate is well all the time: TTL, handoff grace, the cold start of the
 * last of four candidates, the pause after a second failed activation, and what a restart, a look and a loading take;
 * all of it on a clock that is a tenth too slow.
 */
export const OUTAGE_BOUND_MS = (TIMES.ttlMs + 1_500 + 3_000 + 2_500 + 1_000) * 1.12;
