import { connect } from 'node:net';
import { fullJitter } from '../kernel/backoff.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { CallOptions, WireChannels, WireRole } from './channels.ts';
import { WireConnection } from './connection.ts';
import type { ConnectionSettings } from './connection.ts';
import { Greeting, GreetingError } from './greeting.ts';
import type { Link } from './link.ts';
import type { Hello } from './payloads.ts';
import { DEFAULT_LIMITS } from './protocol.ts';
import type { WireLimits } from './protocol.ts';
import { connectionSettings, GREETING_MS } from './settings.ts';

export type { CallOptions, WireChannels, WireRole } from './channels.ts';

/** `suspect`: connected, but nothing has been heard for two ping intervals. Calls still go out. */
export type WireState = 'connecting' | 'connected' | 'suspect';

export interface WireDialerOptions {
  readonly name: string;
  readonly role: WireRole;
  /** The name of the member at the other end; a listener with another name is refused. */
  readonly expect: string;
  readonly secret: Uint8Array;
  readonly address: { readonly host: string; readonly port: number };
  /** The other side may call and tell back on the same connection. */
  readonly channels: WireChannels;
  readonly logger: Logger;
  readonly clock: Clock;
  /** 1,000 by default. After two intervals of silence the state is `suspect`. */
  readonly pingEveryMs?: number;
  /** The connection is destroyed after this long without a byte; 10,000 by default. */
  readonly silenceMs?: number;
  readonly limits?: Partial<WireLimits>;
}

/** Half of each wait is fixed, the other half random: 50 ms at first, 200 ms at most: a member that comes back is waited for. */
const BACKOFF = { firstMs: 25, maxMs: 100 };
/** A connection that held this long was a good one: the next wait is the first again. */
const SETTLED_MS = 1000;

/** Keeps one connection to a member: dials, and dials again after every loss, until it is stopped. */
export class WireDialer implements Component {
  readonly #options: WireDialerOptions;
  readonly #settings: ConnectionSettings;
  readonly #logger: Logger;
  readonly #listeners = new Set<(state: WireState) => void>();
  readonly #stopping = new AbortController();
  #connection: WireConnection | undefined;
  #state: WireState = 'connecting';
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #lastFailure: string | undefined;

  constructor(options: WireDialerOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ module: 'wire', member: options.expect });
    this.#settings = connectionSettings({ ...options, logger: this.#logger });
  }

  get state(): WireState {
    return this.#state;
  }

  /** Resolves at once; the connection is made in the background. */
  start(signal: AbortSignal): Promise<void> {
    if (!signal.aborted && !this.#stopping.signal.aborted) this.#running ??= this.#run();
    return Promise.resolve();
  }

  /** Takes no new calls, waits for the replies of those under way until `deadline` aborts, then closes. */
  stop(deadline: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(deadline);
    return this.#stopped;
  }

  /**
   * Calls the member. Rejects with InfrastructureError: `unreachable` when not connected (`no`) or when the connection
   * was lost (`unknown` if any byte may have been written), `timed-out` when the signal aborts, `overloaded` (`no`)
   * when too many calls wait for credit, `shutting-down` (`no`), or what the answerer threw. `payload` must not be
   * changed afterwards. The reply is a view: copy what must outlive its use.
   */
  call(channel: string, payload: Uint8Array, options?: CallOptions): Promise<Buffer> {
    if (this.#stopping.signal.aborted) return this.#refuse('shutting-down', 'This end is shutting down');
    if (this.#connection === undefined) {
      return this.#refuse('unreachable', `"${this.#options.expect}" is not connected`);
    }
    return this.#connection.call(channel, payload, options);
  }

  /** Sends news. False: it surely does not arrive. Throws RangeError for more than 16 MiB. */
  tell(channel: string, payload: Uint8Array): boolean {
    return this.#connection?.tell(channel, payload) ?? false;
  }

  /** Calls `listener` at each change of the state, until `signal` aborts. */
  onState(listener: (state: WireState) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // Wrapped, so that the same function may listen twice.
    const listening = (state: WireState): void => {
      listener(state);
    };
    this.#listeners.add(listening);
    signal.addEventListener('abort', () => this.#listeners.delete(listening), { once: true });
  }

  /** Resolves as soon as there is a connection; rejects with the signal's reason when `signal` aborts before. */
  whenConnected(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state !== 'connecting') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = new AbortController();
      const onAbort = (): void => {
        done.abort();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true, signal: done.signal });
      this.onState((state) => {
        if (state === 'connecting') return;
        done.abort();
        resolve();
      }, done.signal);
    });
  }

  async #stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    await this.#connection?.finish(deadline);
    await this.#running;
    this.#listeners.clear();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const lived = await this.#connectOnce();
      if (lived >= SETTLED_MS) attempt = 1;
      const fixed = Math.min(BACKOFF.maxMs, BACKOFF.firstMs * 2 ** Math.min(attempt - 1, 30));
      await clock.sleep(fixed + fullJitter(attempt, BACKOFF), signal).catch(() => undefined);
    }
  }

  /** Resolves when the connection has ended, or could not be made, with how long it held in milliseconds. */
  async #connectOnce(): Promise<number> {
    const { clock } = this.#options;
    try {
      const { gone } = await this.#dial();
      const since = clock.monotonic();
      if (!gone.aborted) {
        await new Promise<void>((resolve) => {
          gone.addEventListener('abort', () => resolve(), { once: true });
        });
      }
      return clock.monotonic() - since;
    } catch (error) {
      this.#logFailure(error);
      return 0;
    }
  }

  #dial(): Promise<WireConnection> {
    const { name, role, expect, secret, address, clock, limits } = this.#options;
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      const greeting = new Greeting({
        socket: connect({ host: address.host, port: address.port, allowHalfOpen: true }),
        side: 'dialer',
        self: { name, role, windowBytes: limits?.windowBytes ?? DEFAULT_LIMITS.windowBytes },
        expect,
        secret,
        onProven: (hello, link) => {
          over.abort();
          resolve(this.#install(link, hello));
        },
        onRefused: (error) => {
          over.abort();
          reject(error);
        },
      });
      const onStop = (): void => {
        greeting.fail('stopped', 'This end is shutting down');
      };
      this.#stopping.signal.addEventListener('abort', onStop, { once: true, signal: over.signal });
      clock.sleep(GREETING_MS, over.signal).then(
        () => {
          greeting.fail('timed-out', `No connection within ${GREETING_MS} ms`);
        },
        () => undefined,
      );
    });
  }

  #install(link: Link, hello: Hello): WireConnection {
    const connection = new WireConnection(link, hello, this.#settings, {
      onGoodbye: () => {
        this.#logger.info('Member is shutting down');
        this.#enter('connecting');
      },
      onSuspect: (isSuspect) => {
        this.#logger.warn(isSuspect ? 'Member is silent' : 'Member is heard again');
        // After its goodbye a member is not connected any more, whether it is heard or not.
        if (this.#state !== 'connecting') this.#enter(isSuspect ? 'suspect' : 'connected');
      },
      onEnded: (cause) => {
        this.#connection = undefined;
        if (cause === undefined) this.#logger.info('Disconnected');
        else this.#logger.warn('Connection lost', { error: cause });
        this.#enter('connecting');
      },
    });
    this.#connection = connection;
    this.#lastFailure = undefined;
    this.#logger.info('Connected');
    this.#enter('connected');
    return connection;
  }

  #enter(state: WireState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        this.#logger.error('A listener for the state of a connection failed', { error });
      }
    }
  }

  /** Each reason once: it repeats with every attempt. */
  #logFailure(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const reason = messageOf(error);
    const isNew = reason !== this.#lastFailure;
    this.#lastFailure = reason;
    const mustAct = error instanceof GreetingError && ['secret', 'version', 'wrong-member'].includes(error.code);
    if (!isNew) this.#logger.debug('Cannot connect', { error });
    else if (mustAct) this.#logger.error('Cannot connect, and will not until the configuration changes', { error });
    // A member that is not up yet, or not any more, is nobody's mistake.
    else this.#logger.info('Cannot connect', { reason });
  }

  #refuse(code: 'unreachable' | 'shutting-down', message: string): Promise<never> {
    return Promise.reject(new InfrastructureError(code, message, { processed: 'no' }));
  }
}
