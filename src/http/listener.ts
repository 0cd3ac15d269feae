import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Cancellation, type CancelSignal } from '../kernel/cancellation.ts';
import type { Component } from '../kernel/component.ts';
import { Crowd, type Member, NOWHERE } from '../kernel/crowd.ts';
import { codeOf, InfrastructureError, InvariantError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import { memoized } from '../kernel/memo.ts';
import { Passing } from '../kernel/passing.ts';
import { Turn } from '../kernel/turn.ts';
import { announcesTooMuch, discardBody, readBody } from './body.ts';
import type { HttpReply, HttpRequest } from './messages.ts';
import { garbageStatus, MAX_HEADERS, refusalOf, text } from './refusals.ts';

export type { HttpReply, HttpRequest } from './messages.ts';

export interface HttpListenerOptions {
  /** Port 0 takes any free one: see address(). */
  readonly listen: { readonly host: string; readonly port: number };
  /** The socket that another process has opened at `listen` already, from its listeningSocket(): then nothing is opened here. */
  readonly inherited?: ListenerHandle;
  /**
   * How long stop() leaves connections open that have no request, in milliseconds; 0 by default. Who sends another one
   * in this time is answered, and told to close: otherwise its request might meet the closing.
   */
  readonly lingerMs?: number;
  /** Answers a POST. `signal` aborts when the client has gone away, and at the end of the grace of stop(). */
  readonly onPost: (request: HttpRequest, signal: CancelSignal) => Promise<HttpReply>;
  /** Everything that is not a POST: an express application. */
  readonly fallback: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes over a connection whose client asked to upgrade it. Without it such a request is served as a plain one. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly limits: {
    readonly maxBodyBytes: number;
    /** Open connections; more are closed at once. 10,000 by default. */
    readonly maxConnections?: number;
    /** For the headers, from the first byte; 10,000 by default. Checked each second or so. */
    readonly headersTimeoutMs?: number;
    /** For the whole request; 30,000 by default. */
    readonly requestTimeoutMs?: number;
  };
  /** Builds the answer to a body over the limit; by default 413 with a line of text. */
  readonly tooLarge?: (request: Omit<HttpRequest, 'body'>) => HttpReply;
  readonly logger: Logger;
}

const MAX_HEADER_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** What is read and thrown away of a refused body, so that the client gets to read why. */
const DISCARD_BYTES = 16 * 1024 * 1024;
const DISCARD_MS = 2000;
/** Set by the listener alone. */
const OWN_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

const isOwnHeader = memoized((name) => OWN_HEADERS.has(name.toLowerCase()));

/** A listening socket of the system, which can go to another process. */
export interface ListenerHandle {
  /** This process lets go of it. */
  close(): void;
}

/** A request whose answer is not yet through. */
interface OpenRequest extends Member {
  readonly request: IncomingMessage;
  readonly cancellation: Cancellation;
  /** True once `onPost` or `fallback` has it: an answer to it is owed. */
  isOwed: boolean;
}

/** One that has an answer of its own, which an upgraded connection has not. */
interface Exchange extends OpenRequest {
  readonly response: ServerResponse;
  /** The client waits for leave to send the body. */
  readonly expectsContinue: boolean;
}

/** Where clients come in: POSTs are read whole within limits and answered whole; everything else goes to `fallback`. */
export class HttpListener implements Component {
  readonly #options: HttpListenerOptions;
  readonly #logger: Logger;
  /** Every connection, with its open requests. */
  readonly #visits = new Passing<Duplex, Crowd<OpenRequest>>();
  readonly #turn = new Turn();
  #server: Server | undefined;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ module: 'http' });
  }

  /** Resolves when the port is open. Rejects with the system's error (EADDRINUSE …) when it cannot be. */
  start(signal: AbortSignal): Promise<void> {
    this.#started ??= this.#start(signal);
    return this.#started;
  }

  /**
   * Accepts nobody any more, closes the connections that have no request open, answers those that have with
   * `Connection: close`; when `deadline` aborts, what is left is cut.
   */
  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(deadline);
    return this.#stopped;
  }

  /** Where it listens. Throws InvariantError before start() has resolved. */
  address(): { host: string; port: number } {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) throw new InvariantError('The HTTP listener is not started');
    return { host: address.address, port: address.port };
  }

  /** The listening socket, for a successor. Throws InvariantError before start() has resolved. */
  listeningSocket(): ListenerHandle {
    // Node has it, and passes it between processes, but does not describe it.
    const handle = (this.#server as unknown as { readonly _handle?: ListenerHandle } | undefined)?._handle;
    if (handle === undefined) throw new InvariantError('The HTTP listener is not started');
    return handle;
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { limits } = this.#options;
    const { headersTimeoutMs = HEADERS_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = limits;
    const server = createServer({
      insecureHTTPParser: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
      noDelay: true,
    });
    // Node drops headers over its count without a word: one more than allowed shows that there were too many.
    server.maxHeadersCount = MAX_HEADERS + 1;
    server.maxConnections = limits.maxConnections ?? 10_000;
    this.#listenTo(server);
    const { listen, inherited } = this.#options;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(inherited ?? listen, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => {
      this.#logger.error('Cannot accept connections', { error });
    });
    this.#server = server;
    this.#logger.info('HTTP is open', this.address());
  }

  #listenTo(server: Server): void {
    server.on('connection', (socket) => {
      const open = new Crowd<OpenRequest>();
      this.#visits.set(socket, open);
      socket.once('close', () => {
        this.#visits.delete(socket);
        // Not every response hears of it: those behind another on the same connection do not.
        for (const { cancellation } of open.all()) cancellation.abort(clientGone());
      });
    });
    server.on('request', (request, response) => {
      this.#accept(request, response, false);
    });
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#accept(request, response, true);
    });
    server.on('clientError', (error, socket) => {
      this.#answerGarbage(error, socket);
    });
    const { onUpgrade } = this.#options;
    if (onUpgrade !== undefined) {
      server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
        this.#upgrade(onUpgrade, request, socket, head);
      });
    }
  }

  async #stop(deadline: AbortSignal): Promise<void> {
    // A start under way is waited for: its server must not outlive this.
    await this.#started?.catch(() => undefined);
    const server = this.#server;
    if (server === undefined) return;
    const cut = (): void => {
      const reason = new InfrastructureError('shutting-down', 'This end is shutting down', { processed: 'unknown' });
      for (const [socket, open] of this.#visits.entries()) {
        for (const { cancellation } of open.all()) cancellation.abort(reason);
        socket.destroy();
      }
    };
    const closed = new Promise<void>((resolve) => {
      // An HTTP server would close what is idle at once.
      NetServer.prototype.close.call(server, () => {
        resolve();
      });
    });
    const closeIdle = (): void => {
      for (const [socket, open] of this.#visits.entries()) if (open.size === 0) socket.destroy();
    };
    const { lingerMs = 0 } = this.#options;
    const linger = lingerMs > 0 ? setTimeout(closeIdle, lingerMs) : undefined;
    if (linger === undefined) closeIdle();
    if (deadline.aborted) cut();
    else deadline.addEventListener('abort', cut, { once: true });
    await closed;
    clearTimeout(linger);
    deadline.removeEventListener('abort', cut);
    // Ends what else an HTTP server keeps going.
    server.close();
  }

  /** Counts a request in and out; everything that is not a POST leaves here. */
  #accept(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const { socket } = request;
    const visit = this.#visits.get(socket);
    if (visit === undefined) {
      socket.destroy();
      return;
    }
    const open: Exchange = {
      request,
      response,
      expectsContinue,
      cancellation: new Cancellation(),
      isOwed: false,
      place: NOWHERE,
    };
    visit.add(open);
    response.on('close', () => {
      visit.delete(open);
      if (!response.writableFinished) open.cancellation.abort(clientGone());
      if (this.#stopped !== undefined && visit.size === 0) socket.destroySoon();
    });
    // Express writes its replies itself: this is how they say it too.
    if (this.#stopped !== undefined) response.setHeader('Connection', 'close');
    const refusal = refusalOf(request, visit.size);
    if (refusal !== undefined) {
      this.#refuse(request, response, refusal);
    } else if (request.method === 'POST') {
      void this.#servePost(open);
    } else {
      this.#fallBack(open);
    }
  }

  #fallBack(open: Exchange): void {
    const { request, response, expectsContinue } = open;
    open.isOwed = true;
    if (expectsContinue) response.writeContinue();
    try {
      this.#options.fallback(request, response);
    } catch (error) {
      this.#fail(response, error, open.cancellation);
    }
  }

  /** Never rejects. */
  async #servePost(open: Exchange): Promise<void> {
    const { request, response, expectsContinue, cancellation } = open;
    const { onPost, limits } = this.#options;
    try {
      if (this.#refusesBody(open)) return;
      if (expectsContinue) response.writeContinue();
      const outcome = await readBody(request, limits.maxBodyBytes);
      if (outcome.kind === 'too-large') {
        this.#refuse(request, response, this.#tooLarge(headOf(request)));
      } else if (outcome.kind === 'whole') {
        open.isOwed = true;
        await this.#turn.over();
        const { method, path, query, headers, remoteAddress } = headOf(request);
        const { body } = outcome;
        // Named one by one: of objects that are spread, V8 makes one of a class of its own each time.
        const reply = await onPost({ method, path, query, headers, remoteAddress, body }, cancellation);
        this.#answer(response, reply, false);
      }
    } catch (error) {
      this.#fail(response, error, cancellation);
    }
  }

  /** Refuses a body that need not be read to see that it is not taken. */
  #refusesBody({ request, response, expectsContinue }: Exchange): boolean {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
      this.#refuse(request, response, text(415, `Content-Encoding "${encoding}" is not supported: send it plain`));
      return true;
    }
    if (!announcesTooMuch(request, this.#options.limits.maxBodyBytes)) return false;
    const reply = this.#tooLarge(headOf(request));
    // Who waits for leave to send the body will not send it now.
    if (expectsContinue) this.#answer(response, reply, true);
    else this.#refuse(request, response, reply);
    return true;
  }

  #tooLarge(head: Omit<HttpRequest, 'body'>): HttpReply {
    const { tooLarge, limits } = this.#options;
    return tooLarge?.(head) ?? text(413, `The body is too large: at most ${limits.maxBodyBytes} bytes are accepted`);
  }

  /** Throws TypeError or RangeError for a status or header that HTTP cannot carry. */
  #answer(response: ServerResponse, reply: HttpReply, isLast: boolean): void {
    this.#writeHead(response, reply, isLast);
    // Without a second piece the head goes out by a plain write.
    if (reply.body.byteLength === 0) response.end();
    else response.end(reply.body);
  }

  #writeHead(response: ServerResponse, { status, headers, body }: HttpReply, isLast: boolean): void {
    const wanted: Record<string, string | number> = {};
    for (const name of Object.keys(headers)) if (!isOwnHeader(name)) wanted[name] = headers[name] ?? '';
    if (status !== 204 && status !== 304) wanted['Content-Length'] = body.byteLength;
    if (isLast || this.#stopped !== undefined) wanted['Connection'] = 'close';
    response.writeHead(status, wanted);
  }

  /** Answers before the body was read, lets the client finish within bounds, and closes. */
  #refuse(request: IncomingMessage, response: ServerResponse, reply: HttpReply): void {
    this.#writeHead(response, reply, true);
    response.write(reply.body);
    discardBody(request, DISCARD_BYTES, DISCARD_MS).then(
      () => {
        response.end();
      },
      () => undefined,
    );
  }

  /** The one place where the failure of a request is logged. */
  #fail(response: ServerResponse, error: unknown, signal: CancelSignal): void {
    if (signal.aborted) {
      this.#logger.debug('Request failed after its client had gone', { error });
      return;
    }
    this.#logger.error('Cannot answer a request', { error });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const reply = text(500, 'Internal error');
    for (const name of response.getHeaderNames()) if (name !== 'connection') response.removeHeader(name);
    this.#answer(response, reply, false);
  }

  #upgrade(
    onUpgrade: NonNullable<HttpListenerOptions['onUpgrade']>,
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
  ): void {
    // Only a GET can ask for WebSocket; anything else must not slip past the limits by its Upgrade header.
    if (request.method !== 'GET' || this.#stopped !== undefined) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    // It stays open for as long as the connection does.
    this.#visits.get(socket)?.add({ request, cancellation: new Cancellation(), isOwed: true, place: NOWHERE });
    try {
      onUpgrade(request, socket, head);
    } catch (error) {
      this.#logger.error('Cannot upgrade a connection', { error });
      socket.destroy();
    }
  }

  /** What is not HTTP gets a bare answer, unless the connection still owes an answer to another request. */
  #answerGarbage(error: Error, socket: Duplex): void {
    const status = garbageStatus(codeOf(error));
    this.#logger.debug('Refused what is not a request', { error, status });
    const open = this.#visits.get(socket);
    if (
      !socket.writable ||
      open === undefined ||
      open.all().some(({ request, isOwed }) => isOwed || request.complete)
    ) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => {
      socket.destroy();
    });
  }
}

function headOf(request: IncomingMessage): Omit<HttpRequest, 'body'> {
  const { method = '', url = '', headers, socket } = request;
  const mark = url.indexOf('?');
  const [path, query] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
  return { method, path, query, headers, remoteAddress: socket.remoteAddress ?? '' };
}

function clientGone(): InfrastructureError {
  return new InfrastructureError('unreachable', 'The client has gone away', { processed: 'unknown' });
}
