import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Cancellation } from '../../kernel/cancellation.ts';
import { NOWHERE } from '../../kernel/crowd.ts';
import { codeOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Turn } from '../../kernel/turn.ts';
import { announcesTooMuch, discardBody, readBody } from './body.ts';
import { failureReply } from './failure-reply.ts';
import type { HttpListenerOptions } from './listener-options.ts';
import type { HttpReply, HttpRequest } from '../messages.ts';
import { isOwnHeader } from './own-headers.ts';
import { garbageStatus, refusalOf, text } from './refusals.ts';
import { readTarget } from './request-target.ts';
import { clientGone, type OpenRequest, type Visits } from './visits.ts';

type Options = Pick<HttpListenerOptions, 'onPost' | 'fallback' | 'onUpgrade' | 'tooLarge' | 'limits'>;

export interface NodeRequestsOptions extends Options {
  readonly visits: Visits;
  readonly turn: Turn;
  readonly logger: Logger;
}

/** What is read and thrown away of a refused body, so that the client gets to read why. */
const DISCARD_BYTES = 16 * 1024 * 1024;
const DISCARD_MS = 2000;

/** One whose answer is written by Node, too. */
class Exchange implements OpenRequest {
  place = NOWHERE;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for leave to send the body. */
  readonly expectsContinue: boolean;
  readonly cancellation = new Cancellation();
  /** True once `onPost` or `fallback` has it. */
  isTaken = false;

  constructor(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.request = request;
    this.response = response;
    this.expectsContinue = expectsContinue;
  }

  get isOwed(): boolean {
    return this.isTaken || this.request.complete;
  }
}

/** Requests of any kind, as Node's HTTP server reads them: POSTs are read whole within limits and answered whole; everything else goes to `fallback`. */
export class NodeRequests {
  readonly #options: NodeRequestsOptions;
  readonly #visits: Visits;
  readonly #logger: Logger;

  constructor(options: NodeRequestsOptions) {
    this.#options = options;
    this.#visits = options.visits;
    this.#logger = options.logger;
  }

  listenTo(server: Server): void {
    server.on('request', (request, response) => {
      this.#accept(new Exchange(request, response, false));
    });
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#accept(new Exchange(request, response, true));
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

  /** Counts a request in and out; everything that is not a POST leaves here. */
  #accept(open: Exchange): void {
    const { request, response } = open;
    const { socket } = request;
    const visit = this.#visits.of(socket);
    if (visit === undefined) {
      socket.destroy();
      return;
    }
    visit.add(open);
    response.on('close', () => {
      visit.delete(open);
      if (!response.writableFinished) open.cancellation.abort(clientGone());
      if (this.#visits.isClosing && visit.size === 0) socket.destroySoon();
    });
    // Express writes its replies itself: this is how they say it too.
    if (this.#visits.isClosing) response.setHeader('Connection', 'close');
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
    open.isTaken = true;
    if (expectsContinue) response.writeContinue();
    try {
      this.#options.fallback(request, response);
    } catch (error) {
      this.#fail(open, error);
    }
  }

  /** Never rejects. */
  async #servePost(open: Exchange): Promise<void> {
    const { request, response, expectsContinue, cancellation } = open;
    const { onPost, limits, turn } = this.#options;
    try {
      if (this.#refusesBody(open)) return;
      if (expectsContinue) response.writeContinue();
      const outcome = await readBody(request, limits.maxBodyBytes);
      if (outcome.kind === 'too-large') {
        this.#refuse(request, response, this.#tooLarge(headOf(request)));
      } else if (outcome.kind === 'whole') {
        open.isTaken = true;
        await turn.over();
        const { method, path, query, headers, remoteAddress } = headOf(request);
        const { body } = outcome;
        // Named one by one: of objects that are spread, V8 makes one of a class of its own each time.
        const reply = await onPost({ method, path, query, headers, remoteAddress, body }, cancellation);
        this.#answer(response, reply, false);
      }
    } catch (error) {
      this.#fail(open, error);
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
    if (isLast || this.#visits.isClosing) wanted['Connection'] = 'close';
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

  #fail({ response, cancellation }: Exchange, error: unknown): void {
    const reply = failureReply(error, cancellation, this.#logger);
    if (reply === undefined) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
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
    if (request.method !== 'GET' || this.#visits.isClosing) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    // It stays open for as long as the connection does.
    this.#visits.of(socket)?.add({ cancellation: new Cancellation(), isOwed: true, place: NOWHERE });
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
    const visit = this.#visits.of(socket);
    if (!socket.writable || visit === undefined || visit.all().some(({ isOwed }) => isOwed)) {
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
  const { path, query } = readTarget(url);
  return { method, path, query, headers, remoteAddress: socket.remoteAddress ?? '' };
}
