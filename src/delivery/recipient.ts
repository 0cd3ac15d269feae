import type { Claim } from '../engine/ports/outbox.ts';
import type { Destination } from './turns.ts';

/** A subscription that has something to deliver. Forgotten as soon as it has nothing. */
export interface Recipient {
  readonly subscription: string;
  state: 'queued' | 'busy' | 'resting';
  /** It was reported ready while it was busy. */
  isReadyAgain: boolean;
  destination: Destination<Recipient> | undefined;
  /** False: no claim of it has been looked at yet, so it may still have to wait for what failed in an earlier tenure. */
  isKnown: boolean;
  /** What a batch that failed leaves behind: up to this number, messages go one by one. */
  alone: { readonly through: number; readonly attempts: number } | undefined;
  /** How often its destination had succeeded when it was last tried. */
  successesSeen: number;
  /** On the monotonic clock; while it rests. */
  restsUntil: number;
}

export function newRecipient(subscription: string): Recipient {
  return {
    subscription,
    state: 'queued',
    isReadyAgain: false,
    destination: undefined,
    isKnown: false,
    alone: undefined,
    successesSeen: 0,
    restsUntil: 0,
  };
}

/** Which try of the messages it is, over all tenures; from 1. */
export function attemptOf({ earlier, messages }: Claim, { alone }: Recipient): number {
  const [first] = messages;
  if (earlier !== undefined) return earlier.attempts + 1;
  if (first?.again !== undefined) return first.again.attempts + 1;
  return alone !== undefined && first !== undefined && first.seq <= alone.through ? alone.attempts + 1 : 1;
}

/** Scheme, host and port. Addresses that are no URL share one destination, and nothing else fails with them. */
export function destinationOf(address: string): string {
  if (!URL.canParse(address)) return '';
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}
