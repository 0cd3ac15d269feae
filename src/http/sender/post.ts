import type { IncomingHttpHeaders } from 'node:http';

/** A POST and how long it may take. */
export interface HttpPost {
  /** http: or https:. The certificate of an https: peer must be valid for its name. */
  readonly url: string;
  /** Content-Length is added. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must not be changed until the reply has come. */
  readonly body: Uint8Array | readonly Uint8Array[];
  /** For name lookup, TCP and TLS together. Few distinct values, please: with TLS each has its own pool of connections. */
  readonly connectTimeoutMs: number;
  /** From the call of post() to the last byte of the reply. */
  readonly totalTimeoutMs: number;
  readonly maxReplyBytes: number;
  /** From the first byte written to the end of the reply's header; without it only the total time counts. */
  readonly headerTimeoutMs?: number;
  /** Between two pieces of the reply's body; without it only the total time counts. */
  readonly idleBodyTimeoutMs?: number;
  /**
   * True: the reply counts as soon as its header has come. A body that is too long, stalls or breaks off is cut, and what
   * there is of it is in the reply.
   */
  readonly isStatusEnough?: boolean;
  /**
   * True: the peer may be asked twice. When a connection that was kept alive turns out to have been closed meanwhile, the
   * request is sent once more over a new one.
   */
  readonly mayRepeat?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Asked when there is a connection, immediately before the first byte is written; false: nothing is written. */
  readonly mayBegin?: () => boolean;
}

/** What the peer answered, whatever its status: redirects are never followed. */
export interface HttpPostReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly body: Buffer;
}
