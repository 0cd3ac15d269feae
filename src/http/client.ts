import type { IncomingHttpHeaders } from 'node:http';
import type { Agent, Dispatcher } from 'undici';
import { codeOf, InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { Processed } from '../kernel/errors.ts';
import type { AgentKind } from './agent.ts';

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

/** A peer may announce that it is busy (1xx) this often before it answers. */
const MAX_INTERIM_REPLIES = 8;
const MAX_WARM_ORIGINS = 4_096;
/** How a connection ends that the peer has closed while nobody used it. */
const CLOSED_BY_PEER: ReadonlySet<string | undefined> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Sends POSTs over kept-alive connections, at most 64 to each origin. */
export class HttpSender {
  readonly #agents = new Map<string, Agent>();
  readonly #warm = new WarmOrigins();
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
    const { origin, pathname, search } = target;
    const dispatched = { origin, path: `${pathname}${search}`, method: 'POST', headers, body } as const;
    return new Promise((resolve, reject) => {
      const exchange: Exchange = new Exchange(request, {
        resolve: (reply) => {
          this.#warm.add(origin);
          resolve(reply);
        },
        reject,
        repeat: () => {
          if (request.mayRepeat !== true || !this.#warm.delete(origin) || this.#isClosed) return false;
          this.#dispatch(dispatched, exchange, { connectTimeoutMs, isKept: false });
          return true;
        },
      });
      this.#dispatch(dispatched, exchange, { connectTimeoutMs, isKept: true });
    });
  }

  #dispatch(what: Dispatcher.DispatchOptions, exchange: Exchange, kind: AgentKind): void {
    const agent = this.#agents.get(agentKey(kind));
    if (agent === undefined) {
      this.#createAgent(kind)
        .then((created) => created.dispatch(what, exchange))
        .catch((error: unknown) => exchange.onResponseError(undefined, error));
      return;
    }
    try {
      agent.dispatch(what, exchange);
    } catch (error) {
      exchange.onResponseError(undefined, error);
    }
  }

  /** Cuts every connection; posts under way reject. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  /** Loads undici at the first use: a server that takes an engine over must not wait for it. */
  async #createAgent(kind: AgentKind): Promise<Agent> {
    const { createAgent } = await import('./agent.ts');
    if (this.#isClosed) throw failure('shutting-down', 'This end is shutting down', 'no');
    const key = agentKey(kind);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = createAgent(kind);
    this.#agents.set(key, agent);
    return agent;
  }
}

function agentKey({ connectTimeoutMs, isKept }: AgentKind): string {
  return `${connectTimeoutMs} ${isKept}`;
}

/** Origins that have answered lately, so that a connection to them may have been kept. Bounded; the oldest go first. */
class WarmOrigins {
  readonly #origins = new Set<string>();

  add(origin: string): void {
    this.#origins.add(origin);
    if (this.#origins.size <= MAX_WARM_ORIGINS) return;
    for (const oldest of this.#origins) {
      this.#origins.delete(oldest);
      return;
    }
  }

  /** True: it was there. */
  delete(origin: string): boolean {
    return this.#origins.delete(origin);
  }
}

/** What becomes of an exchange. */
interface ExchangeEnd {
  readonly resolve: (reply: HttpPostReply) => void;
  readonly reject: (error: InfrastructureError) => void;
  /** The connection broke before a byte of the reply: true when the request is sent once more. */
  readonly repeat: () => boolean;
}

/** One request and its reply, as undici reports on them. Settles once; whatever comes after that is ignored. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpPost;
  readonly #end: ExchangeEnd;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #length = 0;
  #interim = 0;
  /** Waits for the header of the reply, then for each piece of its body. */
  #patience: NodeJS.Timeout | undefined;
  #hasHeader = false;
  #isSettled = false;

  constructor(request: HttpPost, end: ExchangeEnd) {
    this.#request = request;
    this.#end = end;
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
      this.#waitFor(this.#request.headerTimeoutMs, 'No reply');
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
    this.#hasHeader = true;
    this.#waitFor(this.#request.idleBodyTimeoutMs, 'The reply stands still');
    if (Number(headers['content-length'] ?? 0) > this.#request.maxReplyBytes) this.#failTooLarge();
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#length += chunk.length;
    this.#patience?.refresh();
    if (this.#length > this.#request.maxReplyBytes) this.#failTooLarge();
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#settle()) this.#resolve();
  }

  onResponseError(_controller: unknown, error: unknown): void {
    const isFresh = this.#controller === undefined || this.#hasHeader || this.#isSettled;
    if (!isFresh && CLOSED_BY_PEER.has(codeOf(error)) && this.#end.repeat()) return;
    this.#fail('unreachable', messageOf(error), error);
  }

  #resolve(): void {
    this.#end.resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks) });
  }

  #waitFor(ms: number | undefined, what: string): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    if (ms === undefined || this.#isSettled) return;
    this.#patience = setTimeout(() => {
      this.#fail('timed-out', `${what} for ${ms} ms`);
    }, ms);
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
    const isAnswered = this.#hasHeader && this.#request.isStatusEnough === true;
    if (isAnswered && this.#request.signal?.aborted !== true) {
      this.#resolve();
      controller?.abort(new Error(reason));
      return;
    }
    const message = `POST to ${this.#request.url} failed: ${reason}`;
    this.#end.reject(failure(code, message, controller === undefined ? 'no' : 'unknown', cause));
    if (controller?.aborted === false) controller.abort(new Error(reason));
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
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
