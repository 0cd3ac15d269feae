import type { IncomingHttpHeaders } from 'node:http';
import { codeOf, InfrastructureError, messageOf, type Processed } from '../kernel/errors.ts';
import type { Abortable, Abortables } from './abortion.ts';
import type { HttpPost, HttpPostReply } from './post.ts';
import type { Deadlines, Due } from './deadlines.ts';

/** A peer may announce that it is busy (1xx) this often before it answers. */
const MAX_INTERIM_REPLIES = 8;
/** How a connection ends that the peer has closed while nobody used it. */
const CLOSED_BY_PEER: ReadonlySet<string | undefined> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const NOTHING = Buffer.alloc(0);

/** What becomes of an exchange. */
export interface ExchangeEnd {
  readonly resolve: (reply: HttpPostReply) => void;
  readonly reject: (error: InfrastructureError) => void;
  /** The connection broke before a byte of the reply: true when the request is sent once more. */
  readonly repeat: () => boolean;
}

/** What an exchange goes over. */
export interface Way {
  /** Cuts the connection. */
  abort(reason: Error): void;
}

/** One request and its reply, as a connection reports on them. Settles once; whatever comes after that is ignored. */
export class Exchange implements Due, Abortable {
  readonly #request: HttpPost;
  readonly #end: ExchangeEnd;
  readonly #deadlines: Deadlines;
  readonly #abortables: Abortables;
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

  constructor(request: HttpPost, deadlines: Deadlines, abortables: Abortables, end: ExchangeEnd) {
    this.#request = request;
    this.#end = end;
    this.#deadlines = deadlines;
    this.#abortables = abortables;
    this.#totalAt = performance.now() + request.totalTimeoutMs;
    deadlines.add(this);
    if (request.signal !== undefined) abortables.add(request.signal, this);
  }

  get dueAt(): number {
    return Math.min(this.#totalAt, this.#patienceAt);
  }

  overdue(now: number): void {
    const { totalTimeoutMs, headerTimeoutMs, idleBodyTimeoutMs } = this.#request;
    if (now >= this.#totalAt) this.#fail('timed-out', `No complete reply within ${totalTimeoutMs} ms`);
    else if (this.#hasHeader) this.#fail('timed-out', `The reply stands still for ${idleBodyTimeoutMs} ms`);
    else this.#fail('timed-out', `No reply for ${headerTimeoutMs} ms`);
  }

  abort(signal: AbortSignal): void {
    this.#fail('timed-out', 'It was given up', signal.reason);
  }

  /** There is a connection, over which the request is written next. False: it must not be. */
  begin(way: Way): boolean {
    if (this.#isSettled) return false;
    if (this.#request.mayBegin?.() === false) {
      this.#fail('unreachable', 'It may not begin any more');
      return false;
    }
    this.#way = way;
    this.#waitFor(this.#request.headerTimeoutMs);
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
    this.#waitFor(this.#request.idleBodyTimeoutMs);
    if (Number(headers['content-length'] ?? 0) > this.#request.maxReplyBytes) this.#failTooLarge();
  }

  /** A piece of its body, in the order of the body. */
  piece(bytes: Buffer): void {
    this.#length += bytes.length;
    this.#waitFor(this.#request.idleBodyTimeoutMs);
    if (this.#length > this.#request.maxReplyBytes) this.#failTooLarge();
    else (this.#pieces ??= []).push(bytes);
  }

  /** The reply is there. */
  end(): void {
    if (this.#settle()) this.#resolve();
  }

  /** The connection broke, or there never was one. */
  broken(error: unknown): void {
    const isFresh = this.#way === undefined || this.#hasHeader || this.#isSettled;
    if (!isFresh && CLOSED_BY_PEER.has(codeOf(error)) && this.#end.repeat()) return;
    this.#fail('unreachable', messageOf(error), error);
  }

  #resolve(): void {
    const body = this.#pieces === undefined ? NOTHING : Buffer.concat(this.#pieces);
    this.#end.resolve({ status: this.#status, headers: this.#headers, body });
  }

  #waitFor(ms: number | undefined): void {
    if (this.#isSettled) return;
    this.#patienceAt = ms === undefined ? Infinity : performance.now() + ms;
    this.#deadlines.sooner(this);
  }

  #failTooLarge(): void {
    this.#fail('unreachable', `The reply (status ${this.#status}) is over ${this.#request.maxReplyBytes} bytes`);
  }

  #fail(code: 'unreachable' | 'timed-out', reason: string, cause?: unknown): void {
    if (!this.#settle()) return;
    const way = this.#way;
    const isAnswered = this.#hasHeader && this.#request.isStatusEnough === true;
    if (isAnswered && this.#request.signal?.aborted !== true) {
      this.#resolve();
      way?.abort(new Error(reason));
      return;
    }
    const message = `POST to ${this.#request.url} failed: ${reason}`;
    this.#end.reject(failure(code, message, way === undefined ? 'no' : 'unknown', cause));
    way?.abort(new Error(reason));
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#deadlines.delete(this);
    if (this.#request.signal !== undefined) this.#abortables.delete(this.#request.signal, this);
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
