import { once } from 'node:events';
import { InfrastructureError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { CallAnswerer, CallOptions, NewsTaker, WirePeer } from './channels.ts';
import type { Link } from './link.ts';
import { IncomingCalls } from './incoming-calls.ts';
import { OutgoingCalls } from './outgoing-calls.ts';
import { Outbox } from './outbox.ts';
import { decodeChannel, encodeChannel } from './payloads.ts';
import type { Hello } from './payloads.ts';
import { FRAME, MAX_CHANNEL_BYTES, MAX_FRAME_PAYLOAD, WireProtocolError } from './protocol.ts';
import type { FrameType, WireLimits } from './protocol.ts';
import { Pulse } from './pulse.ts';

/** What both ends of every connection of one member share. */
export interface ConnectionSettings {
  readonly calls: ReadonlyMap<string, CallAnswerer>;
  readonly news: ReadonlyMap<string, NewsTaker>;
  readonly limits: WireLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pingEveryMs: number;
  readonly silenceMs: number;
}

export interface ConnectionEvents {
  /** The other end takes no new calls any more. */
  readonly onGoodbye: () => void;
  readonly onSuspect: (isSuspect: boolean) => void;
  /** Called once, when nothing goes through any more. `cause` is undefined after an orderly end. */
  readonly onEnded: (cause: Error | undefined) => void;
}

/** How long an other end that does not read may delay the end of a connection. */
const LAST_WORDS_MS = 2000;

/** One connection between two members that have proven themselves: calls and news in both directions. */
export class WireConnection implements WirePeer {
  readonly name: string;
  readonly role: WirePeer['role'];
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #outgoing: OutgoingCalls;
  readonly #incoming: IncomingCalls;
  readonly #pulse: Pulse;
  readonly #gone = new AbortController();
  #owesPong = false;
  #saidGoodbye = false;
  #heardGoodbye = false;
  #saidFinished = false;
  #heardFinished = false;

  /** Takes over `link`, from within the greeting's onProven. */
  constructor(link: Link, hello: Hello, settings: ConnectionSettings, events: ConnectionEvents) {
    this.name = hello.name;
    this.role = hello.role;
    this.#settings = settings;
    this.#events = events;
    this.#link = link;
    const { limits, clock, logger, pingEveryMs, silenceMs } = settings;
    const outbox = (): Outbox => this.#outbox;
    this.#outgoing = new OutgoingCalls(limits, hello.windowBytes, outbox, () => {
      this.#finishIfDone();
    });
    const peer: WirePeer = { name: hello.name, role: hello.role };
    this.#incoming = new IncomingCalls({ peer, answerers: settings.calls, limits, logger, outbox });
    this.#outbox = new Outbox({
      socket: link.socket,
      nextCall: () => this.#outgoing.next(),
      beforeFlush: () => {
        this.#writeDues();
      },
      onOverflow: () => {
        this.#end(new Error(`The other end leaves more than ${limits.maxUnsentBytes} bytes unread`));
      },
      maxUnsentBytes: limits.maxUnsentBytes,
    });
    this.#pulse = new Pulse({
      clock,
      pingEveryMs,
      silenceMs,
      ping: () => {
        this.#outbox.frame(FRAME.ping, 0);
      },
      onSuspect: events.onSuspect,
      onSilence: () => {
        this.#end(new Error(`The other end has been silent for ${silenceMs} ms`));
      },
    });
    link.maxPayloadBytes = MAX_FRAME_PAYLOAD;
    link.user = {
      onFrame: (type, id, payload) => {
        this.#take(type, id, payload);
      },
      onHeard: () => {
        this.#pulse.heard();
      },
      onLost: (cause) => {
        this.#end(this.#saidFinished && this.#heardFinished ? undefined : cause);
      },
    };
    this.#pulse.start();
  }

  /** Aborts when the connection has ended. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get isSuspect(): boolean {
    return this.#pulse.isSuspect;
  }

  /** Calls the other end. Rejects with InfrastructureError. The reply is a view: copy what must outlive its use. */
  call(channel: string, payload: Uint8Array, options?: CallOptions): Promise<Buffer> {
    if (this.#gone.signal.aborted) return refused('unreachable', `"${this.name}" is not connected`);
    if (this.#saidGoodbye) return refused('shutting-down', 'This end is shutting down');
    if (this.#heardGoodbye) return refused('shutting-down', `"${this.name}" is shutting down`);
    return this.#outgoing.call(channel, payload, options);
  }

  /**
   * Sends news. False: it surely does not arrive. News overtakes calls and replies. An end that does not read its news
   * is disconnected rather than left with gaps. Throws RangeError for more than 16 MiB.
   */
  tell(channel: string, payload: Uint8Array): boolean {
    if (this.#gone.signal.aborted) return false;
    if (payload.byteLength > MAX_FRAME_PAYLOAD - MAX_CHANNEL_BYTES - 1) {
      throw new RangeError(`News of ${payload.byteLength} bytes on "${channel}": expected at most 16 MiB`);
    }
    this.#outbox.frame(FRAME.news, 0, encodeChannel(channel), payload);
    return true;
  }

  /**
   * Says goodbye, lets both ends finish their calls, and resolves when the connection has ended: orderly, or by force
   * when `deadline` aborts.
   */
  async finish(deadline: AbortSignal): Promise<void> {
    if (!this.#saidGoodbye && !this.#gone.signal.aborted) {
      this.#saidGoodbye = true;
      this.#incoming.refuseNew();
      this.#outbox.frame(FRAME.goodbye, 0);
      this.#finishIfDone();
    }
    await anyAborted(this.#gone.signal, deadline);
    this.#end(new Error('The connection was closed at the end of its grace'));
    const { socket } = this.#link;
    if (deadline.aborted) socket.destroy();
    if (!socket.closed) await once(socket, 'close');
  }

  /** Ends the connection at once. */
  destroy(reason: string): void {
    this.#end(new Error(reason));
  }

  #take(type: FrameType, id: number, payload: Buffer): void {
    switch (type) {
      case FRAME.call:
        this.#incoming.onCall(id, payload);
        return;
      case FRAME.part:
        this.#incoming.onPart(id, payload);
        return;
      case FRAME.cancel:
        this.#incoming.onCancel(id);
        return;
      case FRAME.reply:
        this.#outgoing.onReply(id, payload);
        return;
      case FRAME.replyPart:
        this.#outgoing.onReplyPart(id, payload);
        return;
      case FRAME.failure:
        this.#outgoing.onFailure(id, payload);
        return;
      case FRAME.credit:
        this.#outgoing.onCredit(payload);
        return;
      case FRAME.news:
        this.#takeNews(payload);
        return;
      case FRAME.ping:
        this.#owesPong = true;
        this.#outbox.schedule();
        return;
      case FRAME.pong:
        return;
      case FRAME.goodbye:
        this.#takeGoodbye();
        return;
      case FRAME.finished:
        this.#heardFinished = true;
        this.#hangUpIfDone();
        return;
      case FRAME.hello:
      case FRAME.proof:
        throw new WireProtocolError(`Frame of type ${type} after the greeting`);
    }
  }

  #takeNews(payload: Buffer): void {
    const { channel, end } = decodeChannel(payload);
    const take = this.#settings.news.get(channel);
    if (take === undefined) {
      this.#settings.logger.debug('News on an unknown channel', { channel });
      return;
    }
    try {
      take(payload.subarray(end), { name: this.name, role: this.role });
    } catch (error) {
      this.#settings.logger.error('Cannot take news', { channel, error });
    }
  }

  #takeGoodbye(): void {
    if (this.#heardGoodbye) return;
    this.#heardGoodbye = true;
    this.#outgoing.failUnsent('shutting-down', `"${this.name}" is shutting down`);
    this.#events.onGoodbye();
    this.#finishIfDone();
  }

  /** What is said once for each turn, however often it came up. */
  #writeDues(): void {
    if (this.#owesPong) {
      this.#owesPong = false;
      this.#outbox.frame(FRAME.pong, 0);
    }
    for (let grant = this.#incoming.takeGrant(); grant > 0; grant -= 0xffff_ffff) {
      const amount = Buffer.allocUnsafe(4);
      amount.writeUInt32BE(Math.min(grant, 0xffff_ffff));
      this.#outbox.frame(FRAME.credit, 0, amount);
    }
  }

  /** After a goodbye no end makes new calls: the last reply is the end of what this one waits for. */
  #finishIfDone(): void {
    if (this.#saidFinished || !(this.#saidGoodbye || this.#heardGoodbye) || this.#outgoing.size > 0) return;
    this.#saidFinished = true;
    this.#outbox.frame(FRAME.finished, 0);
    this.#hangUpIfDone();
  }

  #hangUpIfDone(): void {
    if (!this.#saidFinished || !this.#heardFinished) return;
    // Not at once: this may run while frames are being taken or written.
    queueMicrotask(() => {
      if (this.#gone.signal.aborted) return;
      this.#outbox.flush();
      this.#end(undefined);
    });
  }

  #end(cause: Error | undefined): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    this.#pulse.stop();
    this.#outbox.close();
    this.#link.release();
    this.#hangUp(cause === undefined);
    this.#outgoing.failAll(`The connection to "${this.name}" ended: ${cause?.message ?? 'goodbye'}`);
    this.#incoming.close();
    this.#events.onEnded(cause);
  }

  #hangUp(isOrderly: boolean): void {
    const { socket } = this.#link;
    if (!isOrderly) {
      socket.destroy();
      return;
    }
    socket.setTimeout(LAST_WORDS_MS, () => {
      socket.destroy();
    });
    socket.destroySoon();
  }
}

function refused(code: 'unreachable' | 'shutting-down', message: string): Promise<never> {
  return Promise.reject(new InfrastructureError(code, message, { processed: 'no' }));
}

/** Resolves when one of the signals has aborted; leaves no listener behind. */
async function anyAborted(...signals: readonly AbortSignal[]): Promise<void> {
  const listening = new AbortController();
  await new Promise<void>((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true, signal: listening.signal });
    }
  });
  listening.abort();
}
