import { connect, type Socket } from 'node:net';
import { NOWHERE } from '../../../kernel/crowd.ts';
import type { Exchange } from '../exchange.ts';
import type { Watch, Watched } from '../../watch.ts';
import { writeMessage } from '../../write-message.ts';
import { ReplyReader, type Reading } from './reply-reader.ts';

/** A request that is ready to be written. */
export interface Outgoing {
  readonly exchange: Exchange;
  /** The request's head with the empty line at its end. */
  readonly head: string;
}

/** To whom a connection belongs. */
export interface ConnectionOwner {
  /** It may be used for the next exchange. */
  onFree(connection: Connection): void;
  /** It is no more. `tell`: tells its exchange, which may need its place at once. */
  onGone(connection: Connection, tell: () => void): void;
}

/** Whereto, and what all connections share. */
export interface ConnectionSite {
  readonly host: string;
  readonly port: number;
  /** Where what comes is put, for as long as it takes to read it. */
  readonly buffer: Buffer;
  readonly watch: Watch;
}

/** A connection that is not used is kept for so long, when the peer says nothing about it. */
const KEPT_MS = 4_000;
const MAX_KEPT_MS = 600_000;
/** So much earlier than the peer, which must not close it while a request is on its way. */
const EARLIER_MS = 1_000;
const PROBE_MS = 60_000;

/** A connection over which one exchange goes at a time. */
export class Connection implements Watched {
  place = NOWHERE;
  readonly #owner: ConnectionOwner;
  readonly #site: ConnectionSite;
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  #connecting: NodeJS.Timeout | undefined;
  #exchange: Exchange | undefined;
  #isGone = false;
  #idleUntil = Infinity;

  /** Opens it for `first`. */
  constructor(site: ConnectionSite, owner: ConnectionOwner, first: Outgoing) {
    const { host, port, buffer } = site;
    this.#owner = owner;
    this.#site = site;
    this.#exchange = first.exchange;
    const callback = (length: number): boolean => {
      this.#read(length);
      return true;
    };
    const keeping = { noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_MS };
    this.#socket = connect({ host, port, ...keeping, onread: { buffer, callback } });
    this.#socket.once('connect', () => this.#connected(first));
    this.#socket.on('error', (error) => this.#over(error));
    this.#socket.once('end', () => this.#ended());
    this.#socket.once('close', () => this.#over(closedByPeer()));
    const { connectTimeoutMs } = first.exchange.request;
    const giveUp = (): void => this.abort(new Error(`Connect timeout: no connection within ${connectTimeoutMs} ms`));
    this.#connecting = setTimeout(giveUp, connectTimeoutMs).unref();
  }

  get dueAt(): number {
    return this.#idleUntil;
  }

  overdue(): void {
    this.abort(new Error('It was not used'));
  }

  /** Writes a request. False: it may not begin any more. Only for a connection that is free. */
  send({ exchange, head }: Outgoing): boolean {
    this.#site.watch.delete(this);
    if (!exchange.begin(this)) return false;
    this.#exchange = exchange;
    this.#reader.next();
    writeMessage(this.#socket, head, exchange.body);
    return true;
  }

  /** It waits for its next exchange. */
  rest(): void {
    this.#idleUntil = performance.now() + this.#keptMs;
    this.#site.watch.add(this);
  }

  /** Cuts it, with whatever goes over it. */
  abort(error: Error): void {
    this.#over(error);
  }

  #connected(first: Outgoing): void {
    clearTimeout(this.#connecting);
    this.#connecting = undefined;
    this.#exchange = undefined;
    if (!this.#isGone && !this.send(first)) this.#owner.onFree(this);
  }

  #read(length: number): void {
    const exchange = this.#exchange;
    if (this.#isGone) return;
    if (exchange === undefined) this.#over(new Error('Something came that nobody had asked for'));
    else this.#judge(this.#reader.read(this.#site.buffer, length, exchange), exchange);
  }

  #ended(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || this.#connecting !== undefined || this.#reader.isBetween) this.#over(closedByPeer());
    else if (this.#reader.end() === 'complete') this.#judge('complete', exchange);
    else this.#over(new Error('The other side closed the connection in the middle of its reply'));
  }

  #judge(reading: Reading, exchange: Exchange): void {
    if (reading === 'going-on') return;
    if (reading === 'broken') {
      if (this.#reader.isComplete) this.#complete(exchange);
      this.#over(new Error('Expected HTTP, found a reply that cannot be read'));
      return;
    }
    // What is not written yet would come before the next request.
    const isFree = this.#keptMs > 0 && this.#socket.writableLength === 0;
    this.#complete(exchange);
    if (isFree) this.#owner.onFree(this);
    else this.#over(new Error('The connection is not kept'));
  }

  /** How long it may wait for its next exchange. */
  get #keptMs(): number {
    const { isKept = true, keptSeconds } = this.#reader.lastHead ?? {};
    if (!isKept) return 0;
    return keptSeconds === undefined ? KEPT_MS : Math.min(MAX_KEPT_MS, 1_000 * keptSeconds - EARLIER_MS);
  }

  #complete(exchange: Exchange): void {
    this.#exchange = undefined;
    exchange.end();
  }

  /** Once, whatever the cause. */
  #over(error: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#connecting);
    this.#site.watch.delete(this);
    this.#socket.destroy();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#owner.onGone(this, () => exchange?.broken(error));
  }
}

/** As the system says it where it is told by a reset. */
function closedByPeer(): Error {
  return Object.assign(new Error('The other side closed the connection'), { code: 'ECONNRESET' });
}
