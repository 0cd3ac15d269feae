import { createServer, type Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Component } from '../../kernel/component.ts';
import { InvariantError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import { Turn } from '../../kernel/turn.ts';
import { KEPT_SECONDS } from './lane/lane.ts';
import { Lanes } from './lane/lanes.ts';
import type { HttpListenerOptions, ListenerHandle } from './listener-options.ts';
import { NodeRequests } from './node-requests.ts';
import { MAX_HEADERS } from './refusals.ts';
import { Visits } from './visits.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Where clients come in. A connection begins in a lane, which takes plain POSTs and nothing else; with the first thing that is
 * anything else it goes to Node's HTTP server, and stays there.
 */
export class HttpListener implements Component {
  readonly #options: HttpListenerOptions;
  readonly #logger: Logger;
  readonly #visits = new Visits();
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
    this.#visits.close();
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
      keepAliveTimeout: 1_000 * KEPT_SECONDS,
      connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
      noDelay: true,
    });
    // Node drops headers over its count without a word: one more than allowed shows that there were too many.
    server.maxHeadersCount = MAX_HEADERS + 1;
    server.maxConnections = limits.maxConnections ?? 10_000;
    this.#openWays(server, headersTimeoutMs);
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

  #openWays(server: Server, silentMs: number): void {
    const { onPost, limits } = this.#options;
    const shared = { visits: this.#visits, turn: this.#turn, logger: this.#logger };
    new NodeRequests({ ...this.#options, ...shared }).listenTo(server);
    const readByNode = server.listeners('connection');
    const handOver = (socket: Socket, come: Buffer): void => {
      for (const read of readByNode) read.call(server, socket);
      if (come.length > 0) socket.unshift(come);
      socket.resume();
    };
    const lanes = new Lanes({ onPost, limits, silentMs, handOver, ...shared });
    server.removeAllListeners('connection');
    server.on('connection', (socket) => lanes.open(socket));
    server.on('close', () => lanes.close());
  }

  async #stop(deadline: AbortSignal): Promise<void> {
    // A start under way is waited for: its server must not outlive this.
    await this.#started?.catch(() => undefined);
    const server = this.#server;
    if (server === undefined) return;
    const visits = this.#visits;
    const closed = new Promise<void>((resolve) => {
      // An HTTP server would close what is idle at once.
      NetServer.prototype.close.call(server, () => {
        resolve();
      });
    });
    const cut = (): void => visits.cut();
    const { lingerMs = 0 } = this.#options;
    const linger = lingerMs > 0 ? setTimeout(() => visits.closeIdle(), lingerMs) : undefined;
    if (linger === undefined) visits.closeIdle();
    if (deadline.aborted) cut();
    else deadline.addEventListener('abort', cut, { once: true });
    await closed;
    clearTimeout(linger);
    deadline.removeEventListener('abort', cut);
    // Ends what else an HTTP server keeps going.
    server.close();
  }
}
