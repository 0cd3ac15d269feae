import type { IncomingHttpHeaders } from 'node:http';
import { NOWHERE } from '../../kernel/crowd.ts';
import { codeOf, InfrastructureError, messageOf, type Processed } from '../../kernel/errors.ts';
import type { HttpPost, HttpPostReply } from './post.ts';
import type { Target } from './target.ts';
import type { Watch, Watched } from '../watch.ts';

/** A peer may announce that it is busy (1xx) this often before it answers. */
const MAX_INTERIM_REPLIES = 8;
/** How a connection ends that the peer has closed while nobody used it. */
const CLOSED_BY_PEER: ReadonlySet<string | undefined> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const NOTHING = Buffer.alloc(0);

/** Who has exchanges dispatched, and sees to it that each is concluded. */
export interface ExchangeOwner {
  /** It has its reply, and is to be concluded. */
  answered(exchange: Exchange): void;
  /** The connection broke before a byte of the reply: true when the request is sent once more, or the exchange refused. */
  repeat(exchange: Exchange): boolean;
}

/** What an exchange goes over. */
export interface Way {
  /** Cuts the connection. */
  abort(reason: Error): void;
}

/** One request and its reply, as a connection reports on them. Settles once; whatever comes after that is ignored. */
export class Exchange implements Watched {
  readonly target: Target;
  readonly request: HttpPost;
  readonly body: Uint8Array;
  /** The reply, or an InfrastructureError. */
  readonly outcome: Promise<HttpPostReply>;
  place = NOWHERE;
  readonly #watch: Watch;
  readonly #owner: ExchangeOwner;
  #resolve!: (reply: HttpPostReply) => void;
  #reject!: (error: InfrastructureError) => void;
  /** When the total time is over. */
  readonly #totalAt: number;
  /** When the header of the reply, or the next piece of its body, has to be there. */
  #patienceAt = Infinity;
  #pieces: Buffer[] | undefined;
  #way: Way | undefined;
  #status = 0;
  #headers: Readonly<IncomingHttpHeaders> = {};
  #length = 0;
  #interim = 0;
  #hasHeader = false;
  #isSettled = false;

  constructor(target: Target, request: HttpPost, watch: Watch, owner: ExchangeOwner) {
    this.target = target;
    this.request = request;
    this.body = request.body instanceof Uint8Array ? request.body : Buffer.concat(request.body);
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#watch = watch;
    this.#owner = owner;
    this.#totalAt = performance.now() + request.totalTimeoutMs;
    watch.add(this);
  }

  /** True: nothing of it needs to be sent any more. */
  get isOver(): boolean {
    return this.#isSettled;
  }

  get dueAt(): number {
    return Math.min(this.#totalAt, this.#patienceAt);
  }

  overdue(now: number): void {
    const { totalTimeoutMs, headerTimeoutMs, idleBodyTimeoutMs } = this.request;
    if (now >= this.#totalAt) this.#fail('timed-out', `No complete reply within ${totalTimeoutMs} ms`);
    else if (this.#hasHeader) this.#fail('timed-out', `The reply stands still for ${idleBodyTimeoutMs} ms`);
    else this.#fail('timed-out', `No reply for ${headerTimeoutMs} ms`);
  }

  get signal(): AbortSignal | undefined {
    return this.request.signal;
  }

  giveUp(): void {
    this.#fail('timed-out', 'It was given up', this.signal?.reason);
  }

  /** There is a connection, over which the request is written next. False: it must not be. */
  begin(way: Way): boolean {
    if (this.#isSettled) return false;
    if (this.request.mayBegin?.() === false) {
      this.#fail('unreachable', 'It may not begin any more');
      return false;
    }
    this.#way = way;
    this.#waitFor(this.request.headerTimeoutMs);
    return true;
  }

  /** The head of a reply. */
  head(status: number, headers: Readonly<IncomingHttpHeaders>): void {
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM_REPLIES)
        this.#fail('unreachable', `More than ${MAX_INTERIM_REPLIES} 1xx replies`);
      return;
    }
    this.#status = status;
    this.#headers = headers;
    this.#hasHeader = true;
    this.#waitFor(this.request.idleBodyTimeoutMs);
    if (Number(headers['content-length'] ?? 0) > this.request.maxReplyBytes) this.#failTooLarge();
  }

  /** A piece of its body, in the order of the body. */
  piece(bytes: Buffer): void {
    this.#length += bytes.length;
    this.#waitFor(this.request.idleBodyTimeoutMs);
    if (this.#length > this.request.maxReplyBytes) this.#failTooLarge();
    else (this.#pieces ??= []).push(bytes);
  }

  /** The reply is there. */
  end(): void {
    if (this.#settle()) this.#owner.answered(this);
  }

  /** The connection broke, or there never was one. */
  broken(error: unknown): void {
    const isFresh = this.#way === undefined || this.#hasHeader || this.#isSettled;
    if (!isFresh && CLOSED_BY_PEER.has(codeOf(error)) && this.#owner.repeat(this)) return;
    this.#fail('unreachable', messageOf(error), error);
  }

  /** Gives the reply, which has come, to who waits for it. */
  conclude(): void {
    const body = this.#pieces === undefined ? NOTHING : Buffer.concat(this.#pieces);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  /** It is not tried any more. */
  refuse(error: InfrastructureError): void {
    if (this.#settle()) this.#reject(error);
  }

  #waitFor(ms: number | undefined): void {
    if (this.#isSettled) return;
    this.#patienceAt = ms === undefined ? Infinity : performance.now() + ms;
    this.#watch.sooner(this);
  }

  #failTooLarge(): void {
    this.#fail('unreachable', `The reply (status ${this.#status}) is over ${this.request.maxReplyBytes} bytes`);
  }

  #fail(code: 'unreachable' | 'timed-out', reason: string, cause?: unknown): void {
    if (!this.#settle()) return;
    const way = this.#way;
    const isAnswered = this.#hasHeader && this.request.isStatusEnough === true;
    if (isAnswered && this.request.signal?.aborted !== true) {
      this.#owner.answered(this);
      way?.abort(new Error(reason));
      return;
    }
    const message = `POST to ${this.request.url} failed: ${reason}`;
    this.#reject(failure(code, message, way === undefined ? 'no' : 'unknown', cause));
    way?.abort(new Error(reason));
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#watch.delete(this);
    return true;
  }
}

/** What a post rejects with. */
export function failure(
  code: 'unreachable' | 'timed-out' | 'shutting-down',
  message: string,
  processed: Processed,
  cause?: unknown,
): InfrastructureError {
  return new InfrastructureError(code, message, cause === undefined ? { processed } : { processed, cause });
}

/** What a post rejects with that comes too late. */
export function shuttingDown(): InfrastructureError {
  return failure('shutting-down', 'This end is shutting down', 'no');
}
