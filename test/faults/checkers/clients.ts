import type { Completion, FaultNote } from '../history.ts';
import type { Operation, Run, Violation } from './run.ts';

/** How long after a fault of the front door a client may still meet a connection that it had before. */
const DOOR_AFTERMATH_MS = 5_000;

/** C-ack: what was acknowledged is there. A resource that nobody has ended is never unknown. */
export function checkAcknowledged(run: Run): Violation[] {
  const ends = new Map<string, number>();
  for (const { kind, recipient = '', at } of run.operations) {
    if (kind === 'unsubscribe' && !ends.has(recipient)) ends.set(recipient, at);
  }
  return run.operations.flatMap(({ kind, recipient = '', end }) => {
    if (end?.fault?.includes('ResourceUnknown') !== true) return [];
    const isEndingAgain = kind === 'unsubscribe' && (end.tries ?? 1) > 1;
    const hasEnded = kind !== 'unsubscribe' && (ends.get(recipient) ?? Infinity) < end.at;
    if (isEndingAgain || hasEnded) return [];
    return [{ checker: 'C-ack', message: `${kind} of ${recipient}: ${end.fault}` }];
  });
}

/**
 * C-client: whoever talks to the front door gets an answer that it can use: no reset and no gateway error while the
 * front door itself is unhurt, and every 503 is a SOAP fault with Retry-After. `isPlanned`: nothing but success there.
 */
export function checkClients(run: Run, isPlanned: boolean): Violation[] {
  const doors = doorFaults(run);
  return run.operations.flatMap((operation) => {
    const { kind, by, end, isDirect = false, op } = operation;
    if (end === undefined || end.outcome === 'ok') return [];
    const isHit = isDirect || doors.some((door) => overlaps(operation, door));
    const trouble = isPlanned && !isDirect ? ' in a planned operation' : troubleIn(end, isHit);
    if (trouble === undefined) return [];
    const what = `${kind} ${String(op)} of ${by}: ${end.fault ?? end.error ?? 'no fault'}`;
    return [{ checker: 'C-client', message: `${what} (HTTP ${String(end.status ?? 'none')})${trouble}` }];
  });
}

/** What is wrong with an answer that was no success; undefined: nothing. */
function troubleIn({ status, fault, hasRetryAfter }: Completion, isDoorHit: boolean): string | undefined {
  if (status === undefined) return isDoorHit ? undefined : ', and the front door was not hit';
  if (fault === undefined || status === 502 || status === 504) return ', which is no SOAP fault of ours';
  return status === 503 && hasRetryAfter !== true ? ' without Retry-After' : undefined;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function doorFaults(run: Run): readonly Span[] {
  const notes = run.entries.flatMap((entry) => (entry.type === 'fault' && entry.hitsDoor === true ? [entry] : []));
  return notes
    .filter(({ phase }) => phase === 'begin')
    .map(({ id, at }) => {
      const end = notes.find((note: FaultNote) => note.phase === 'end' && note.id === id);
      return { from: at, to: (end?.at ?? Infinity) + DOOR_AFTERMATH_MS };
    });
}

function overlaps({ at, end }: Operation, { from, to }: Span): boolean {
  return at <= to && (end?.at ?? Infinity) >= from;
}

/** Milliseconds of the longest time without a success, by kind of operation through the front door. */
export function longestGaps(run: Run): Readonly<Record<string, number>> {
  const times = new Map<string, number[]>();
  for (const { kind, end, isDirect } of run.operations) {
    if (end?.outcome !== 'ok' || isDirect === true) continue;
    const known = times.get(kind);
    if (known === undefined) times.set(kind, [end.at]);
    else known.push(end.at);
  }
  const gaps = [...times].map(([kind, ends]) => {
    ends.sort((a, b) => a - b);
    return [kind, Math.round(Math.max(0, ...ends.map((at, index) => at - (ends[index - 1] ?? at))))] as const;
  });
  return Object.fromEntries(gaps);
}

/** C-avail: no longer than `boundMs` without a success of this kind. */
export function checkAvailability(run: Run, kind: string, boundMs: number): Violation[] {
  const gap = longestGaps(run)[kind];
  if (gap !== undefined && gap <= boundMs) return [];
  const found = gap === undefined ? 'never succeeded' : `did not succeed for ${String(gap)} ms`;
  return [{ checker: 'C-avail', message: `${kind} ${found}, at most ${String(boundMs)} ms are allowed` }];
}

/** For each engine that a fault hit: milliseconds until a Renew that was begun after it succeeded. */
export function recoveriesIn(run: Run): readonly { readonly fault: string; readonly ms: number }[] {
  const renewals = run.operations.filter(({ kind, end }) => kind === 'renew' && end?.outcome === 'ok');
  const found: { fault: string; ms: number }[] = [];
  for (const entry of run.entries) {
    if (entry.type !== 'fault' || entry.phase !== 'begin') continue;
    for (const engine of entry.engines ?? []) {
      const ends = renewals.filter((one) => one.engine === engine && one.at >= entry.at).map(({ end }) => end!.at);
      if (ends.length > 0) found.push({ fault: entry.fault, ms: Math.round(Math.min(...ends) - entry.at) });
    }
  }
  return found;
}
