import type { IncomingHttpHeaders } from 'node:http';

/** A POST that has arrived whole. */
export interface HttpRequest {
  readonly method: string;
  /** As sent, without the query, not decoded. */
  readonly path: string;
  /** Without the question mark; '' if there is none. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly body: Buffer;
  readonly remoteAddress: string;
}

/** An answer, which nobody changes any more. Content-Length, Date and Connection are set by the listener, whatever `headers` says. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
