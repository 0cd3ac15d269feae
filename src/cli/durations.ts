import { UsageError } from './failure.ts';

/** How long a subscription is asked for. `text` goes into the message; undefined asks for no end. */
export interface TerminationArgument {
  readonly text: string | undefined;
  /** True for a length of time: it can be asked for again and again. False for a fixed end and for no end. */
  readonly isRenewable: boolean;
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const PLAIN_DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

/** `90s`, `1.5h`, `250ms`: milliseconds. Throws UsageError naming `option`. */
export function parseMilliseconds(text: string, option: string): number {
  const ms = plainMilliseconds(text);
  if (ms === undefined)
    throw new UsageError(`${option} takes a time such as 500ms, 2s, 10m, 1h or 1d, but got "${text}"`);
  return ms;
}

/** `1h`, an xsd:duration (`PT1H`), an xsd:dateTime, or `forever`. Throws UsageError. */
export function parseTermination(text: string): TerminationArgument {
  if (text === 'forever') return { text: undefined, isRenewable: false };
  const ms = plainMilliseconds(text);
  if (ms !== undefined) return { text: `PT${ms / 1000}S`, isRenewable: true };
  if (/^P(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/.test(text)) {
    return { text, isRenewable: true };
  }
  if (/^\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/.test(text)) return { text, isRenewable: false };
  throw new UsageError(`--for takes 1h, PT1H, 2030-01-01T00:00:00Z or forever, but got "${text}"`);
}

/** A whole number in [least, 10^9]. Throws UsageError naming `option`. */
export function parseCount(text: string, option: string, least = 1): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= least)) throw new UsageError(`${option} takes a whole number of at least ${least}, but got "${text}"`);
  return count;
}

function plainMilliseconds(text: string): number | undefined {
  const [, amount, unit] = PLAIN_DURATION.exec(text) ?? [];
  return amount === undefined || unit === undefined
    ? undefined
    : Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
