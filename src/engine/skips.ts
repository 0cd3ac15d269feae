import type { PauseRetention } from '../wsn/messages.ts';
import type { Skip } from './records.ts';

/** Stretches that one subscription may have at a time: it grows by one with each pause that nothing is delivered after. */
export const MAX_SKIPS = 64;

/** Whether the record of that number is left out. */
export function isSkipped(skips: readonly Skip[], seq: number): boolean {
  return skips.some(({ after, through = Infinity, kept, keepsLast }) => {
    if (seq <= after || seq > through || seq === kept) return false;
    return through !== Infinity || keepsLast !== true;
  });
}

/** The stretches of a subscription that is paused now; `newest`: the newest number given out. */
export function openSkip(skips: readonly Skip[], retention: PauseRetention, newest: number): readonly Skip[] {
  return retention === 'all' ? skips : [...skips, { after: newest, keepsLast: retention === 'last' }];
}

/** The stretches of a subscription that is resumed now: the open one ends at `through`, `kept` is not left out. */
export function closeSkip(skips: readonly Skip[], through: number, kept: number | undefined): readonly Skip[] {
  return skips.map((skip) => {
    if (skip.through !== undefined) return skip;
    return { after: skip.after, through, ...(kept === undefined ? {} : { kept }) };
  });
}

/** The stretches that still matter to a cursor at `position`. */
export function liveSkips(skips: readonly Skip[], position: number): readonly Skip[] {
  return skips.filter(({ through = Infinity }) => through > position);
}
