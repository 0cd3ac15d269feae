import type { IncomingHttpHeaders } from 'node:http';
import { memoized } from '../../../kernel/memo.ts';

/** Where the body of a reply ends: after so many bytes, after its last chunk, or with the connection. */
export type Framing = number | 'chunked' | 'connection';

/** The head of a reply. */
export interface ReplyHead {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly framing: Framing;
  /** True: the peer keeps the connection after it. */
  readonly isKept: boolean;
  /** For how long it says that it keeps it, in seconds. */
  readonly keptSeconds: number | undefined;
}

/** Kept of the heads that come again and again, as those of a consumer within a second do. */
const MAX_KEPT_HEADS = 1_024;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/;
const FIELD = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*(.*)$/;
/** What must not be in a line: what some take for its end, and what some take for the end of a text. */
const FORBIDDEN = /[\0\r\n]/;
const FOLD = /\r\n[ \t]+/g;
const LENGTH = /^\d{1,15}$/;

/**
 * Reads a head, of which `text` is all but the empty line at its end, a character for each byte. Undefined: it is none, or
 * nobody can say for sure where its reply ends (RFC 9112 §6.3).
 */
export const parseReplyHead: (text: string) => ReplyHead | 'no-head' = memoized(parsed, MAX_KEPT_HEADS);

function parsed(text: string): ReplyHead | 'no-head' {
  const [first = '', ...lines] = text.replace(FOLD, ' ').split('\r\n');
  const [matched, minor, statusText] = STATUS_LINE.exec(first) ?? [];
  const fields = fieldsOf(lines);
  if (matched === undefined || FORBIDDEN.test(first) || fields === undefined) return 'no-head';
  const status = Number(statusText);
  const framing = framingOf(status, fields);
  if (framing === undefined) return 'no-head';
  const tokens = (fields.get('connection') ?? [])
    .join(',')
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/);
  const isWilling = minor === '1' ? !tokens.includes('close') : tokens.includes('keep-alive');
  const headers = headersOf(fields);
  return {
    status,
    headers,
    framing,
    isKept: isWilling && framing !== 'connection',
    keptSeconds: keptSecondsOf(fields),
  };
}

type Fields = ReadonlyMap<string, readonly string[]>;

function fieldsOf(lines: readonly string[]): Fields | undefined {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const [matched, name = '', value = ''] = FIELD.exec(line) ?? [];
    if (matched === undefined || FORBIDDEN.test(line)) return undefined;
    const key = name.toLowerCase();
    const values = fields.get(key);
    if (values === undefined) fields.set(key, [value.trimEnd()]);
    else values.push(value.trimEnd());
  }
  return fields;
}

/** Without a prototype: a peer chooses the names. */
function headersOf(fields: Fields): IncomingHttpHeaders {
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (const [name, values] of fields) {
    const [only = '', second] = values;
    headers[name] = second === undefined ? only : [...values];
  }
  return headers;
}

function framingOf(status: number, fields: Fields): Framing | undefined {
  if (status < 200 || status === 204 || status === 304) return 0;
  const codings = fields.get('transfer-encoding');
  const lengths = fields.get('content-length');
  if (codings !== undefined) {
    if (lengths !== undefined) return undefined;
    return codings.join(',').toLowerCase().split(',').at(-1)?.trim() === 'chunked' ? 'chunked' : 'connection';
  }
  if (lengths === undefined) return 'connection';
  const [length = '', second] = lengths;
  return second === undefined && LENGTH.test(length) ? Number(length) : undefined;
}

function keptSecondsOf(fields: Fields): number | undefined {
  const seconds = /(?:^|[ ,])timeout=(\d{1,6})(?:$|[ ,])/i.exec(fields.get('keep-alive')?.[0] ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
