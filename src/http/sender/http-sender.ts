import { Recent } from '../../kernel/recent.ts';
import { Gathering } from '../../kernel/gathering.ts';
import { Exchange, failure, shuttingDown, type ExchangeOwner } from './exchange.ts';
import { PlainHttp } from './plain/plain-http.ts';
import type { HttpPost, HttpPostReply } from './post.ts';
import { parseTarget, type Target } from './target.ts';
import { TlsHttp } from './tls/tls-http.ts';
import { Watch } from '../watch.ts';

export type { HttpPost, HttpPostReply } from './post.ts';

/** Addresses of which is kept what they were taken apart into. */
const MAX_TARGETS = 4_096;
const NO_TARGET = 'none';
const MAX_WARM_ORIGINS = 8_192;
const isWarm = (): true => true;

/** Sends POSTs over kept-alive connections, at most 64 to each origin: its own without TLS, undici's with it. */
export class HttpSender {
  readonly #targets = new Recent<string, Target | typeof NO_TARGET>(MAX_TARGETS);
  readonly #watch = new Watch();
  /** Origins that have answered lately, so that a connection to them may have been kept. */
  readonly #warm = new Recent<string, true>(MAX_WARM_ORIGINS);
  readonly #plain = new PlainHttp(this.#watch);
  readonly #tls = new TlsHttp();
  /** What is asked for together is written together, and those whose replies come together learn of them together. */
  readonly #asked = new Gathering<Exchange>(
    (work) => process.nextTick(work),
    (exchange) => this.#dispatch(exchange, false),
  );
  readonly #answered = new Gathering<Exchange>(setImmediate, (exchange) => exchange.conclude());
  readonly #owner: ExchangeOwner = {
    answered: (exchange) => {
      this.#warm.get(exchange.target.origin, isWarm);
      this.#answered.add(exchange);
    },
    repeat: (exchange) => {
      if (exchange.request.mayRepeat !== true || !this.#warm.delete(exchange.target.origin)) return false;
      return this.#dispatch(exchange, true);
    },
  };
  #isClosed = false;

  /**
   * Posts and reads the reply. Rejects with InfrastructureError: `timed-out` when the total time is over or the signal
   * aborts; `unreachable` for everything else, which includes a reply that is no HTTP, that breaks off, or that is
   * larger than `maxReplyBytes` (what is read of it cannot be judged, so it does not count as an answer).
   * `processed` is `no` only if no byte of the request can have reached the peer: name lookup, TCP or TLS failed.
   */
  post(request: HttpPost): Promise<HttpPostReply> {
    if (this.#isClosed) return Promise.reject(shuttingDown());
    const { url } = request;
    if (request.signal?.aborted === true) {
      return Promise.reject(failure('timed-out', `POST to ${url} was given up before it began`, 'no'));
    }
    const target = this.#targets.get(url, targetOf);
    if (target === NO_TARGET) {
      return Promise.reject(failure('unreachable', `Cannot post to "${url}": expected an http or https URL`, 'no'));
    }
    const exchange = new Exchange(target, request, this.#watch, this.#owner);
    this.#asked.add(exchange);
    return exchange.outcome;
  }

  /** `isFresh`: over a connection that was not used before. False: this end is shutting down. */
  #dispatch(exchange: Exchange, isFresh: boolean): boolean {
    if (this.#isClosed) {
      exchange.refuse(shuttingDown());
      return false;
    }
    try {
      if (exchange.target.isPlain) this.#plain.dispatch(exchange, isFresh);
      else this.#tls.dispatch(exchange, isFresh);
    } catch (error) {
      exchange.broken(error);
    }
    return true;
  }

  /** Cuts every connection; posts under way reject. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#plain.destroy(new Error('The sender was closed'));
    await this.#tls.destroy();
    this.#watch.clear();
  }
}

function targetOf(url: string): Target | typeof NO_TARGET {
  return parseTarget(url) ?? NO_TARGET;
}
