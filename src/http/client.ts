import type { Agent } from 'undici';
import { Recent } from '../kernel/recent.ts';
import { Abortables } from './abortion.ts';
import type { AgentKind } from './agent.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange, failure } from './exchange.ts';
import { PlainHttp } from './plain/plain-http.ts';
import type { HttpPost, HttpPostReply } from './post.ts';
import { parseTarget, type Target } from './target.ts';
import { TlsHandler } from './tls-handler.ts';

export type { HttpPost, HttpPostReply } from './post.ts';

const MAX_WARM_ORIGINS = 4_096;
/** Addresses of which is kept what they were taken apart into. */
const MAX_TARGETS = 4_096;
const NO_TARGET = 'none';

/** Sends POSTs over kept-alive connections, at most 64 to each origin: its own without TLS, undici's with it. */
export class HttpSender {
  readonly #agents = new Map<string, Agent>();
  readonly #warm = new WarmOrigins();
  readonly #targets = new Recent<string, Target | typeof NO_TARGET>(MAX_TARGETS);
  readonly #deadlines = new Deadlines();
  readonly #abortables = new Abortables();
  readonly #plain = new PlainHttp(this.#deadlines);
  #isClosed = false;

  /**
   * Posts and reads the reply. Rejects with InfrastructureError: `timed-out` when the total time is over or the signal
   * aborts; `unreachable` for everything else, which includes a reply that is no HTTP, that breaks off, or that is
   * larger than `maxReplyBytes` (what is read of it cannot be judged, so it does not count as an answer).
   * `processed` is `no` only if no byte of the request can have reached the peer: name lookup, TCP or TLS failed.
   */
  post(request: HttpPost): Promise<HttpPostReply> {
    if (this.#isClosed) return Promise.reject(failure('shutting-down', 'This end is shutting down', 'no'));
    const { url } = request;
    if (request.signal?.aborted === true) {
      return Promise.reject(failure('timed-out', `POST to ${url} was given up before it began`, 'no'));
    }
    const target = this.#targets.get(url, targetOf);
    if (target === NO_TARGET) {
      return Promise.reject(failure('unreachable', `Cannot post to "${url}": expected an http or https URL`, 'no'));
    }
    const body = request.body instanceof Uint8Array ? request.body : Buffer.concat(request.body);
    return new Promise((resolve, reject) => {
      const exchange: Exchange = new Exchange(request, this.#deadlines, this.#abortables, {
        resolve: (reply) => {
          this.#warm.add(target.origin);
          resolve(reply);
        },
        reject,
        repeat: () => {
          if (request.mayRepeat !== true || !this.#warm.delete(target.origin) || this.#isClosed) return false;
          this.#dispatch(target, request, body, exchange, false);
          return true;
        },
      });
      this.#dispatch(target, request, body, exchange, true);
    });
  }

  #dispatch(target: Target, request: HttpPost, body: Uint8Array, exchange: Exchange, isKept: boolean): void {
    if (!target.isPlain) {
      this.#dispatchTls(target, request, body, exchange, isKept);
      return;
    }
    try {
      this.#plain.dispatch(target, request, body, exchange, !isKept);
    } catch (error) {
      exchange.broken(error);
    }
  }

  #dispatchTls(target: Target, request: HttpPost, body: Uint8Array, exchange: Exchange, isKept: boolean): void {
    const { origin, path } = target;
    const { headers, connectTimeoutMs } = request;
    const what = { origin, path, method: 'POST', headers, body } as const;
    const handler = new TlsHandler(exchange);
    const agent = this.#agents.get(agentKey({ connectTimeoutMs, isKept }));
    if (agent === undefined) {
      this.#createAgent({ connectTimeoutMs, isKept })
        .then((created) => created.dispatch(what, handler))
        .catch((error: unknown) => exchange.broken(error));
      return;
    }
    try {
      agent.dispatch(what, handler);
    } catch (error) {
      exchange.broken(error);
    }
  }

  /** Cuts every connection; posts under way reject. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    this.#plain.destroy(new Error('The sender was closed'));
    await Promise.all(agents.map((agent) => agent.destroy()));
    this.#deadlines.clear();
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

function targetOf(url: string): Target | typeof NO_TARGET {
  return parseTarget(url) ?? NO_TARGET;
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
