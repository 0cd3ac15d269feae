import type { IncomingHttpHeaders } from 'node:http';
import type { Agent, Dispatcher } from 'undici';
import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { Processed } from '../kernel/errors.ts';

export interface HttpPost {
  /** http: or https:. The certificate of an https: peer must be valid for its name. */
  readonly url: string;
  /** Content-Length is added. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must not be changed until the reply has come. */
  readonly body: Uint8Array | readonly Uint8Array[];
  /** For name lookup, TCP and TLS together. Few distinct values, please: each has its own pool of connections. */
  readonly connectTimeoutMs: number;
  /** From the call of post() to the last byte of the reply. */
  readonly totalTimeoutMs: number;
  readonly maxReplyBytes: number;
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

const CONNECTIONS_PER_ORIGIN = 64;
const MAX_REPLY_HEADER_BYTES = 16 * 1024;
/** A peer may announce that it is busy (1xx) this often before it answers. */
const MAX_INTERIM_REPLIES = 8;

/** Sends POSTs over kept-alive connections, at most 64 to each origin. */
export class HttpSender {
  readonly #agents = new Map<number, Agent>();
  #isClosed = false;

  /**
   * Posts and reads the reply. Rejects with InfrastructureError: `timed-out` when the total time is over or the signal
   * aborts; `unreachable` for everything else, which includes a reply that is no HTTP, that breaks off, or that is
   * larger than `maxReplyBytes` (what is read of it cannot be judged, so it does not count as an answer).
   * `processed` is `no` only if no byte of the request can have reached the peer: name lookup, TCP or TLS failed.
   */
  post(request: HttpPost): Promise<HttpPostReply> {
    if (this.#isClosed) return Promise.reject(failure('shutting-down', 'This end is shutting down', 'no'));
    const { url, headers, connectTimeoutMs } = request;
    if (request.signal?.aborted === true) {
      return Promise.reject(failure('timed-out', `POST to ${url} was given up before it began`, 'no'));
    }
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target === undefined || !['http:', 'https:'].includes(target.protocol)) {
      return Promise.reject(failure('unreachable', `Cannot post to "${url}": expected an http or https URL`, 'no'));
    }
    const body = request.body instanceof Uint8Array ? request.body : Buffer.concat(request.body);
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(request, resolve, reject);
      const dispatch = (agent: Agent): void => {
        agent.dispatch(
          { origin: target.origin, path: `${target.pathname}${target.search}`, method: 'POST', headers, body },
          exchange,
        );
      };
      const agent = this.#agents.get(connectTimeoutMs);
      if (agent === undefined) {
        this.#createAgent(connectTimeoutMs)
          .then(dispatch)
          .catch((error: unknown) => exchange.onResponseError(undefined, error));
        return;
      }
      try {
        dispatch(agent);
      } catch (error) {
        exchange.onResponseError(undefined, error);
      }
    });
  }

  /** Cuts every connection; posts under way reject. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  /** Loads undici at the first use: a server that takes an engine over must not wait for it. */
  async #createAgent(connectTimeoutMs: number): Promise<Agent> {
    const { Agent: UndiciAgent } = await import('undici');
    if (this.#isClosed) throw failure('shutting-down', 'This end is shutting down', 'no');
    const known = this.#agents.get(connectTimeoutMs);
    if (known !== undefined) return known;
    const agent = new UndiciAgent({
      connect: { timeout: connectTimeoutMs },
      connections: CONNECTIONS_PER_ORIGIN,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: MAX_REPLY_HEADER_BYTES,
      // One timer for the whole exchange watches over these.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#agents.set(connectTimeoutMs, agent);
    return agent;
  }
}

/** One request and its reply, as undici reports on them. Settles once; whatever comes after that is ignored. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpPost;
  readonly #resolve: (reply: HttpPostReply) => void;
  readonly #reject: (error: InfrastructureError) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #length = 0;
  #interim = 0;
  #isSettled = false;

  constructor(
    request: HttpPost,
    resolve: (reply: HttpPostReply) => void,
    reject: (error: InfrastructureError) => void,
  ) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => {
      this.#fail('timed-out', `No complete reply within ${request.totalTimeoutMs} ms`);
    }, request.totalTimeoutMs);
    request.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** There is a connection; the request is written next. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) {
      controller.abort(new Error('The request was given up'));
    } else if (this.#request.mayBegin?.() === false) {
      this.#fail('unreachable', 'It may not begin any more');
      controller.abort(new Error('The request may not begin any more'));
    } else {
      this.#controller = controller;
    }
  }

  onResponseStart(_controller: unknown, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM_REPLIES)
        this.#fail('unreachable', `More than ${MAX_INTERIM_REPLIES} 1xx replies`);
      return;
    }
    this.#status = status;
    this.#headers = headers;
    if (Number(headers['content-length'] ?? 0) > this.#request.maxReplyBytes) this.#failTooLarge();
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#request.maxReplyBytes) this.#failTooLarge();
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (!this.#settle()) return;
    this.#resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks, this.#length) });
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#fail('unreachable', messageOf(error), error);
  }

  readonly #onAbort = (): void => {
    this.#fail('timed-out', 'It was given up', this.#request.signal?.reason);
  };

  #failTooLarge(): void {
    this.#fail('unreachable', `The reply (status ${this.#status}) is over ${this.#request.maxReplyBytes} bytes`);
  }

  #fail(code: 'unreachable' | 'timed-out', reason: string, cause?: unknown): void {
    if (!this.#settle()) return;
    const controller = this.#controller;
    const message = `POST to ${this.#request.url} failed: ${reason}`;
    this.#reject(failure(code, message, controller === undefined ? 'no' : 'unknown', cause));
    if (controller?.aborted === false) controller.abort(new Error(reason));
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }
}

function failure(
  code: 'unreachable' | 'timed-out' | 'shutting-down',
  message: string,
  processed: Processed,
  cause?: unknown,
): InfrastructureError {
  return new InfrastructureError(code, message, cause === undefined ? { processed } : { processed, cause });
}
