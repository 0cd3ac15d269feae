import type { Clock } from '../kernel/clock.ts';

/** Resolves when one of `signals` has aborted; at once if one already has. Listens no longer once `over` aborts. */
export async function untilAborted(signals: readonly AbortSignal[], over?: AbortSignal): Promise<void> {
  const listening = over === undefined ? { once: true } : { once: true, signal: over };
  await new Promise<void>((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), listening);
    }
  });
}

/** How long something may take at most. */
export interface TimeLimit {
  readonly ms: number;
  readonly clock: Clock;
}

/**
 * True when `work` settled; false when one of `signals` aborted or the time was over before. Rejects when `work`
 * rejects. Leaves no timer and no listener behind.
 */
export async function settlesBefore(
  work: Promise<unknown>,
  signals: readonly AbortSignal[],
  limit?: TimeLimit,
): Promise<boolean> {
  const over = new AbortController();
  const ends = [untilAborted(signals, over.signal)];
  if (limit !== undefined) ends.push(slept(limit.clock, limit.ms, over.signal).then(() => undefined));
  try {
    return await Promise.race([work.then(() => true), ...ends.map((end) => end.then(() => false))]);
  } finally {
    // With a plain reason: otherwise an error would be made, with its stack, at each of twenty looks a second.
    over.abort('over');
  }
}

/** True when `work` settled within `ms`, false when it is still under way then. Rejects when `work` rejects. */
export async function settlesWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  return settlesBefore(work, [], { ms, clock });
}

/** Sleeps. False when `signal` aborted first; rejects only when the clock is broken. */
export async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return !signal.aborted;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
