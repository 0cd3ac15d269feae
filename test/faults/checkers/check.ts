import type { Entry } from '../history.ts';
import { checkAcknowledged, checkAvailability, checkClients } from './clients.ts';
import { checkDeliveries, checkDuplicates, checkOrder, checkOrigin } from './deliveries.ts';
import { checkEpochs, checkZombies } from './epochs.ts';
import { checkLeaks } from './leaks.ts';
import { checkExits } from './members.ts';
import { readRun, type Violation } from './run.ts';

export interface Expectations {
  /** No operation may end with anything but success. */
  readonly isPlanned?: boolean;
  /** Longest time without a success, in milliseconds, by kind of operation. */
  readonly gaps?: Readonly<Record<string, number>>;
  /** How late, in milliseconds, a push of a deposed engine may still arrive. */
  readonly zombieMs?: number;
}

/** All rules over one history. */
export function check(entries: readonly Entry[], expectations: Expectations = {}): readonly Violation[] {
  const { isPlanned = false, gaps = {}, zombieMs = 500 } = expectations;
  const run = readRun(entries);
  return [
    ...checkAcknowledged(run),
    ...checkDeliveries(run),
    ...checkOrder(run),
    ...checkDuplicates(run),
    ...checkOrigin(run),
    ...checkEpochs(run),
    ...checkZombies(run, zombieMs),
    ...checkClients(run, isPlanned),
    ...checkLeaks(run),
    ...checkExits(run),
    ...Object.entries(gaps).flatMap(([kind, ms]) => checkAvailability(run, kind, ms)),
  ];
}
