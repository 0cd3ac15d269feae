import type { IncomingMessage } from 'node:http';
import type { HttpReply } from '../messages.ts';

/** Headers of one request. */
export const MAX_HEADERS = 100;
/** Requests that one connection may have open at once, by pipelining. */
const MAX_PIPELINED = 16;

/** The answer to a request that is not even looked at, because there is too much of something; undefined: it may come in. */
export function refusalOf(request: IncomingMessage, openRequests: number): HttpReply | undefined {
  if (request.rawHeaders.length > 2 * MAX_HEADERS) return text(431, `More than ${MAX_HEADERS} headers`);
  if (openRequests > MAX_PIPELINED) return text(503, `More than ${MAX_PIPELINED} requests at once on one connection`);
  return undefined;
}

/** An answer in plain text. */
export function text(status: number, line: string): HttpReply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: Buffer.from(`${line}\n`) };
}

/** The status line for what is no HTTP, by the code of Node's error. */
export function garbageStatus(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  return '400 Bad Request';
}
