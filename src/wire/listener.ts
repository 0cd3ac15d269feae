import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { InvariantError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { CallOptions, WireChannels, WirePeer } from './channels.ts';
import { WireConnection } from './connection.ts';
import type { ConnectionSettings } from './connection.ts';
import { Greeting } from './greeting.ts';
import type { GreetingError } from './greeting.ts';
import type { Link } from './link.ts';
import type { Hello } from './payloads.ts';
import type { WireLimits } from './protocol.ts';
import { connectionSettings, GREETING_MS } from './settings.ts';

export type { CallOptions, WireChannels, WirePeer } from './channels.ts';

export interface WireListenerOptions {
  readonly name: string;
  readonly secret: Uint8Array;
  /** Port 0 takes any free one: see address(). */
  readonly listen: { readonly host: string; readonly port: number };
  readonly channels: WireChannels;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Called for each connection of a proven member, before anything that it sends is taken. */
  readonly onMember?: (member: WireMember) => void;
  /** 1,000 by default. */
  readonly pingEveryMs?: number;
  /** The connection is destroyed after this long without a byte; 10,000 by default. */
  readonly silenceMs?: number;
  readonly limits?: Partial<WireLimits>;
}

/** A connection of a member to this listener. A member that restarts has two for a while. */
export interface WireMember extends WirePeer {
  /** Aborts when the connection has ended. */
  readonly gone: AbortSignal;
  /** Sends news. False: it surely does not arrive. Throws RangeError for more than 16 MiB. */
  tell(channel: string, payload: Uint8Array): boolean;
  /** Calls back over the connection that the member made. Rejects as WireDialer.call() does. */
  call(channel: string, payload: Uint8Array, options?: CallOptions): Promise<Buffer>;
}

/** Connections that have not proven themselves yet; more are cut at once. */
const MAX_GREETINGS = 256;
/** The same refusal is a warning once in this time: anybody who reaches the port can provoke it. */
const REPEAT_WARNING_MS = 60_000;

/** Where the other members connect. */
export class WireListener implements Component {
  readonly #options: WireListenerOptions;
  readonly #settings: ConnectionSettings;
  readonly #logger: Logger;
  readonly #greetings = new Set<Greeting>();
  readonly #members = new Set<WireConnection>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #lastRefusal = { reason: '', at: -Infinity };

  constructor(options: WireListenerOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ module: 'wire' });
    this.#settings = connectionSettings({ ...options, logger: this.#logger });
  }

  /** Resolves when the port is open. Rejects with the system's error (EADDRINUSE …) when it cannot be. */
  start(signal: AbortSignal): Promise<void> {
    this.#started ??= this.#start(signal);
    return this.#started;
  }

  /**
   * Accepts nobody any more, tells the members goodbye, answers new calls `shutting-down`, waits for those under way
   * until `deadline` aborts, then closes.
   */
  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(deadline);
    return this.#stopped;
  }

  /** Where it listens. Throws InvariantError before start() has resolved. */
  address(): { host: string; port: number } {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) throw new InvariantError('The wire listener is not started');
    return { host: address.address, port: address.port };
  }

  /** Sends news to every connected member. */
  broadcast(channel: string, payload: Uint8Array): void {
    for (const member of [...this.#members]) member.tell(channel, payload);
  }

  /** The connections of proven members at this moment. */
  members(): readonly WireMember[] {
    return [...this.#members];
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#greet(socket);
    });
    const { host, port } = this.#options.listen;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => {
      this.#logger.error('Cannot accept connections', { error });
    });
    this.#server = server;
    this.#logger.info('Wire is open', this.address());
  }

  async #stop(deadline: AbortSignal): Promise<void> {
    // A start under way is waited for: its server must not outlive this.
    await this.#started?.catch(() => undefined);
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    for (const greeting of [...this.#greetings]) greeting.fail('stopped', 'This end is shutting down');
    await Promise.all([...this.#members].map((member) => member.finish(deadline)));
    // What is left has been refused or has said its last words.
    for (const socket of this.#sockets) if (deadline.aborted) socket.destroy();
    await closed;
  }

  #greet(socket: Socket): void {
    if (this.#greetings.size >= MAX_GREETINGS || this.#stopped !== undefined) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const { name, secret, clock } = this.#options;
    const from = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    const over = new AbortController();
    const greeting: Greeting = new Greeting({
      socket,
      side: 'listener',
      self: { name, role: 'server', windowBytes: this.#settings.limits.windowBytes },
      expect: '',
      secret,
      onProven: (hello, link) => {
        over.abort();
        this.#greetings.delete(greeting);
        this.#admit(link, hello, from);
      },
      onRefused: (error) => {
        over.abort();
        this.#greetings.delete(greeting);
        this.#logRefusal(error, from);
      },
    });
    this.#greetings.add(greeting);
    clock.sleep(GREETING_MS, over.signal).then(
      () => {
        greeting.fail('timed-out', `No greeting within ${GREETING_MS} ms`);
      },
      () => undefined,
    );
  }

  #admit(link: Link, hello: Hello, from: string): void {
    const logger = this.#logger.child({ member: hello.name, role: hello.role, from });
    const connection = new WireConnection(link, hello, this.#settings, {
      onGoodbye: () => {
        logger.debug('Member is shutting down');
      },
      onSuspect: (isSuspect) => {
        logger.warn(isSuspect ? 'Member is silent' : 'Member is heard again');
      },
      onEnded: (cause) => {
        this.#members.delete(connection);
        logger.info('Member disconnected', cause === undefined ? {} : { error: cause });
      },
    });
    this.#members.add(connection);
    logger.info('Member connected');
    try {
      this.#options.onMember?.(connection);
    } catch (error) {
      logger.error('Cannot welcome a member', { error });
      connection.destroy('It could not be welcomed');
    }
  }

  #logRefusal(error: GreetingError, from: string): void {
    if (error.code === 'stopped') return;
    const now = this.#options.clock.monotonic();
    const fields = { error, from, claimed: error.claimed };
    const isRepeated = error.message === this.#lastRefusal.reason && now - this.#lastRefusal.at < REPEAT_WARNING_MS;
    if (isRepeated || error.code === 'lost') {
      this.#logger.debug('Refused a connection', fields);
      return;
    }
    this.#lastRefusal = { reason: error.message, at: now };
    this.#logger.warn('Refused a connection', fields);
  }
}
