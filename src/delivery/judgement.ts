import type { Claim, Tries, Verdict } from '../engine/ports/outbox.ts';
import type { Failure } from './outcome.ts';

/** A message that fails so often, each time while others at the same destination succeed, is given up. */
const MAX_STRIKES = 20;
/** A message that is refused so often by a fault that blames it is given up. */
const MAX_REFUSALS = 3;
/** Several messages that fail together so often go one by one from then on. */
const TOGETHER_TRIES = 3;
/** The pause after such a fault, in first retries: to send at once what was just refused helps nobody. */
const REFUSAL_PAUSE = 10;
/** With these a consumer says that it is busy, not that something is wrong with what it was sent. */
const BUSY: ReadonlySet<number | undefined> = new Set([429, 503]);

/** A try that failed, and all that counts for what follows. */
export interface FailedTry {
  readonly claim: Claim;
  readonly failure: Failure;
  /** Which try it was, from 1. */
  readonly attempt: number;
  /** Others at the same destination have succeeded since the try before. */
  readonly isAlone: boolean;
  /** The pause that the back-off asks for. */
  readonly backoffMs: number;
  readonly firstRetryMs: number;
}

/** Try again after a pause, or never. */
export type Judgement =
  | { readonly kind: 'retry'; readonly tries: Tries; readonly waitMs: number }
  | { readonly kind: 'give-up'; readonly verdict: Verdict };

/** What becomes of messages whose try has failed. Several are never given up together: the bad one is looked for. */
export function judge(failed: FailedTry): Judgement {
  const { claim, failure, attempt } = failed;
  const { messages } = claim;
  const { reason, status } = failure;
  const tries = triesOf(failed);
  const isOne = messages.length === 1;
  if (isOne && (tries.strikes >= MAX_STRIKES || tries.refusals >= MAX_REFUSALS)) {
    return { kind: 'give-up', verdict: { reason, attempts: attempt, ...(status === undefined ? {} : { status }) } };
  }
  const waitMs = pauseOf(failed);
  if (isOne || !mayBeOneOfThem(failure, tries)) return { kind: 'retry', tries, waitMs };
  const aloneThrough = messages.at(-1)?.seq ?? 0;
  return { kind: 'retry', tries: { count: 1, attempts: attempt, strikes: 0, refusals: 0, aloneThrough }, waitMs };
}

function triesOf({ claim, failure, attempt, isAlone }: FailedTry): Tries {
  const { strikes = 0, refusals = 0, aloneThrough } = claim.earlier ?? {};
  const isRefusal = failure.isRefusal === true;
  return {
    count: claim.messages.length,
    attempts: attempt,
    strikes: isAlone && !isRefusal ? strikes + 1 : strikes,
    refusals: isRefusal ? refusals + 1 : refusals,
    ...(aloneThrough === undefined ? {} : { aloneThrough }),
  };
}

function pauseOf({ claim, failure, backoffMs, firstRetryMs }: FailedTry): number {
  const isRefused = failure.isRefusal === true && claim.messages.length === 1;
  return Math.max(backoffMs, failure.retryAfterMs ?? 0, isRefused ? REFUSAL_PAUSE * firstRetryMs : 0);
}

/** Whether it looks as if one of several messages that failed together were to blame. */
function mayBeOneOfThem({ status, isRefusal }: Failure, { strikes, attempts }: Tries): boolean {
  const isAnswered = status !== undefined && status >= 400 && !BUSY.has(status);
  return isRefusal === true || strikes >= TOGETHER_TRIES || (isAnswered && attempts >= TOGETHER_TRIES);
}
