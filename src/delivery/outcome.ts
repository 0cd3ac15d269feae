import { isSenderFault } from './sender-fault.ts';
import type { NotificationReply } from './sender.ts';

/** A try that did not succeed. */
export interface Failure {
  readonly kind: 'failed';
  readonly reason: string;
  /** The HTTP status; undefined: there was no answer. */
  readonly status?: number;
  /** The consumer asked for at least this pause, in milliseconds. */
  readonly retryAfterMs?: number;
  /** True: a SOAP fault that blames the message. The consumer is well. */
  readonly isRefusal?: boolean;
}

/** What a try has led to. */
export type Outcome = { readonly kind: 'delivered' } | { readonly kind: 'gone' } | Failure;

/** A consumer that asks for a longer pause gets this one. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Reads a reply. Only 2xx is success, whatever its body is: the consumer has taken the message, and would be sent it for
 * ever. A redirect is a failure, its target is never looked at. `now`: the wall clock.
 */
export function outcomeOf({ status, headers, body }: NotificationReply, now: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  if (status >= 400 && body !== undefined && isSenderFault(body)) {
    return { kind: 'failed', reason: `SOAP fault of the sender (HTTP status ${status})`, status, isRefusal: true };
  }
  const failed = { kind: 'failed', reason: `HTTP status ${status}`, status } as const;
  if (status !== 429 && status !== 503) return failed;
  const header = headers['retry-after'];
  const retryAfterMs = typeof header === 'string' ? parseRetryAfter(header, now) : undefined;
  return retryAfterMs === undefined ? failed : { ...failed, retryAfterMs };
}

/**
 * A Retry-After header (RFC 9110 §10.2.3) in milliseconds from `now`: seconds, or a date in the form that senders must
 * generate. At least 0, at most an hour. Undefined when it is neither.
 */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim();
  if (/^\d{1,15}$/.test(text)) return Math.min(MAX_RETRY_AFTER_MS, Number(text) * 1000);
  const at = parseHttpDate(text);
  return at === undefined ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, at - now));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;

/** `Sun, 06 Nov 1994 08:49:37 GMT` in milliseconds since 1970. */
function parseHttpDate(text: string): number | undefined {
  const [matched, day, month, year, hours, minutes, seconds] = HTTP_DATE.exec(text) ?? [];
  const monthIndex = MONTHS.indexOf(month ?? '');
  if (matched === undefined || monthIndex === -1) return undefined;
  const days = daysSince1970(Number(year), monthIndex + 1, Number(day));
  return (((days * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

/** Of the Gregorian calendar. Years are counted from March, so that the leap day is the last day of a year. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const monthsFromMarch = (month + 9) % 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  const daysBeforeMonth = Math.floor((153 * monthsFromMarch + 2) / 5);
  return marchYear * 365 + leapDays + daysBeforeMonth + day - 1 - DAYS_BEFORE_1970;
}

/** From 1 March of year 0 to 1 January 1970. */
const DAYS_BEFORE_1970 = 719_468;
