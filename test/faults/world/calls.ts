import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { send, type Answer } from '../../support/soap-client.ts';
import type { Completion, History, OperationKind, Outcome, Subject } from '../history.ts';

/** Longer than a proxy holds a request. */
const PATIENCE_MS = 15_000;
/** How long one operation may be sent again; its id is remembered for longer. */
const RETRY_MS = 60_000;

export interface CallOptions {
  readonly history: History;
  readonly kind: OperationKind;
  readonly by: string;
  readonly subject: Subject;
  readonly url: () => string;
  readonly body: string;
  readonly headers?: string;
  /** With an id of its own, and sent again with it until the outcome is known. */
  readonly isRepeated?: boolean;
  /** What the outcome has to say beside its status. Runs before it is noted. */
  readonly conclude?: (answer: Answer) => Partial<Completion>;
}

/** One operation of a client, noted with its outcome. Gives the answer when it succeeded. */
export async function call(options: CallOptions): Promise<Answer | undefined> {
  const { history, kind, by, subject, url, body, isRepeated = false, conclude } = options;
  const id = `<wsa:MessageID>urn:uuid:${randomUUID()}</wsa:MessageID>`;
  const headers = `${options.headers ?? ''}${isRepeated ? id : ''}`;
  const done = history.invoke(kind, by, subject);
  const end = performance.now() + RETRY_MS;
  let wasUnknown = false;
  for (let tries = 1; ; tries += 1) {
    const { answer, isRefused, ...tried } = await attempt(url, body, headers);
    // That nobody listens now says nothing about what became of an earlier try.
    const outcome: Outcome = isRefused === true && !wasUnknown ? 'failed' : tried.outcome;
    wasUnknown ||= outcome === 'unknown';
    if (outcome === 'unknown' && isRepeated && performance.now() < end) {
      await delay(50);
      continue;
    }
    const isOk = outcome === 'ok' && answer !== undefined;
    done({ ...tried, outcome, tries, ...(isOk ? conclude?.(answer) : {}) });
    return isOk ? answer : undefined;
  }
}

interface Tried extends Omit<Completion, 'type' | 'op'> {
  readonly answer?: Answer;
  /** Nobody listened: nothing was sent. */
  readonly isRefused?: boolean;
}

async function attempt(url: () => string, body: string, headers: string): Promise<Tried> {
  try {
    const answer = await send(url(), body, { headers, timeoutMs: PATIENCE_MS });
    const { status, fault, retryAfter } = answer;
    const outcome: Outcome = status < 300 ? 'ok' : status === 503 || fault === undefined ? 'unknown' : 'failed';
    return { outcome, status, hasRetryAfter: retryAfter !== null, answer, ...(fault === undefined ? {} : { fault }) };
  } catch (error) {
    return { outcome: 'unknown', isRefused: isRefused(error), error: reasonOf(error) };
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && (error.cause as { code?: string } | undefined)?.code === 'ECONNREFUSED';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
