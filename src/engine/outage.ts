import { pack } from '../kernel/packed.ts';
import type { Parts } from './parts.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import { pullPointRecord } from './pull-points.ts';
import type { StoredAlive } from './records.ts';
import { registrationRecord } from './registrations.ts';
import { subscriptionRecord } from './subscriptions.ts';

/** Resources whose new termination times are written in one batch. */
const MAX_PUT = 2_000;
/** Shorter outages than this nobody could have missed a renewal for. */
const LEAST_OUTAGE_MS = 100;

/** The record by which the next tenure knows how long nobody was there. */
export function aliveRecord(at: number): KeyedRecord {
  const stored: StoredAlive = { at };
  return { space: 'alive', key: 'engine', value: pack(stored) };
}

/**
 * Gives back the time in which nobody could renew: what lived when the engine was last seen alive, and ends before the
 * outage would have been made up for, lives as much longer as the outage was. Done twice (when the process dies in the middle) it
 * gives more than that, which is allowed.
 */
export async function prolong(parts: Parts): Promise<void> {
  const { clock, writer, logger, alive } = parts;
  const now = clock.now();
  const outageMs = alive.at === undefined ? 0 : now - alive.at;
  let put: KeyedRecord[] = [];
  let count = 0;
  if (outageMs >= LEAST_OUTAGE_MS) {
    for (const record of prolonged(parts, now - outageMs, outageMs)) {
      put.push(record);
      count += 1;
      if (put.length < MAX_PUT) continue;
      await writer.commit({ put }, () => undefined);
      put = [];
    }
  }
  await writer.commit({ put: [...put, aliveRecord(now)] }, () => undefined);
  if (count > 0) logger.info('Resources live longer: nobody could renew them', { resources: count, outageMs });
}

function* prolonged(parts: Parts, aliveAt: number, outageMs: number): Iterable<KeyedRecord> {
  const { subscriptions, pullPoints, registrations, conduct } = parts;
  const from = aliveAt - conduct.renewGraceMs;
  const until = aliveAt + 2 * outageMs;
  const later = (time: number | null): number | undefined =>
    time !== null && time > from && time < until ? time + outageMs : undefined;
  for (const one of subscriptions.all()) {
    const terminationTime = later(one.terminationTime);
    if (terminationTime === undefined) continue;
    one.terminationTime = terminationTime;
    yield subscriptionRecord(one);
  }
  for (const one of pullPoints.all()) {
    const terminationTime = later(one.terminationTime);
    if (terminationTime === undefined) continue;
    one.terminationTime = terminationTime;
    yield pullPointRecord(one);
  }
  for (const one of registrations.all()) {
    const terminationTime = later(one.terminationTime);
    if (terminationTime === undefined || one.source !== undefined) continue;
    one.terminationTime = terminationTime;
    yield registrationRecord(one);
  }
}
