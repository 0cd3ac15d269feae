import type { IncomingHttpHeaders } from 'node:http';
import { memoized } from '../../../kernel/memo.ts';
import { MAX_HEADERS } from '../refusals.ts';
import { readTarget, type RequestTarget } from '../request-target.ts';

/** The head of a plain POST: one about whose end nobody can be of two minds. */
export interface PostHead extends RequestTarget {
  /** Names in lower case. Shared by all requests with the same head, and frozen. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly bodyBytes: number;
}

/** Clients send the same head again and again. */
const MAX_KEPT_HEADS = 1_024;
const REQUEST_LINE = /^POST (\/[\x21-\x7e]*) HTTP\/1\.1$/;
/** Blanks may be anywhere in a value; tabs, which may be too, but which Node does not take everywhere, are left to it. */
const FIELD = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):([\x20-\x7e]*)$/;
const LENGTH = /^\d{1,9}$/;
/** Fields that change how a request is read, or what has to be done before it is. */
const NOT_PLAIN: ReadonlySet<string> = new Set(['transfer-encoding', 'content-encoding', 'expect', 'upgrade']);

/**
 * Reads a head, of which `text` is all but the empty line at its end, a character for each byte. It takes only what is
 * strictly a POST of HTTP/1.1 with one Content-Length and one Host, each field once, and the connection kept (RFC 9112 §3, §5,
 * §6.2, §9.3); 'not-plain' says nothing about whether the rest is right or wrong.
 */
export const readPostHead: (text: string) => PostHead | 'not-plain' = memoized(read, MAX_KEPT_HEADS);

function read(text: string): PostHead | 'not-plain' {
  const lines = text.split('\r\n');
  const target = REQUEST_LINE.exec(lines[0] ?? '')?.[1];
  if (target === undefined || lines.length - 1 > MAX_HEADERS) return 'not-plain';
  const headers = fieldsOf(lines);
  if (headers === undefined) return 'not-plain';
  const length = headers['content-length'] ?? '';
  const connection = headers['connection'] ?? 'keep-alive';
  if (headers['host'] === undefined || !LENGTH.test(length) || connection.toLowerCase() !== 'keep-alive')
    return 'not-plain';
  const { path, query } = readTarget(target);
  return { path, query, headers, bodyBytes: Number(length) };
}

/** The fields behind the first line; undefined: they are not plain. */
function fieldsOf(lines: readonly string[]): Readonly<Record<string, string>> | undefined {
  // Without a prototype: a client chooses the names.
  const fields = Object.create(null) as Record<string, string>;
  for (let at = 1; at < lines.length; at += 1) {
    const [, name, value = ''] = FIELD.exec(lines[at] ?? '') ?? [];
    const key = name?.toLowerCase();
    if (key === undefined || key in fields || NOT_PLAIN.has(key)) return undefined;
    fields[key] = value.trim();
  }
  return Object.freeze(fields);
}
