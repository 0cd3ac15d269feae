import type { HttpRequest } from '../messages.ts';

/** Path and query of a request. */
export type RequestTarget = Pick<HttpRequest, 'path' | 'query'>;

/** Takes a target in origin form apart (RFC 9112 §3.2.1). */
export function readTarget(target: string): RequestTarget {
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}
