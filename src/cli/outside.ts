import { closeSync, openSync } from 'node:fs';
import type { LeaveWish, MemberOrder, TopologyWord } from '../app/member-child.ts';
import type { ListenerHandle } from '../http/listener/listener-options.ts';
import type { ToldOrder } from './io.ts';

/** What a process has of whoever started it. */
type Starting = Pick<NodeJS.Process, 'on' | 'channel' | 'connected'>;

/** Whoever started this process with an ipc channel, and what it says. */
export class Starter {
  readonly #source: Starting;
  readonly #drain: AbortSignal;
  /** Said before anybody asked. */
  readonly #unheard: string[] = [];
  #order: ((order: ToldOrder | undefined) => void) | undefined;
  #ordered: ToldOrder | undefined;
  #listener: ((text: string) => void) | undefined;
  readonly #leave = new AbortController();

  /** `drain`: aborts when this process is to end, whatever it was to become. */
  constructor(source: Starting, drain: AbortSignal) {
    this.#source = source;
    this.#drain = drain;
    if (!source.connected) return;
    source.on('message', (message: unknown, listener: unknown) => {
      // Node describes only the sockets that it has wrapped; this one comes as its network layer has it.
      this.#note(message as MemberOrder | TopologyWord | LeaveWish, listener as ListenerHandle | undefined);
    });
    // Nobody waits for a word by which the process could live on.
    source.channel?.unref();
  }

  /** Aborts when this process is to drain, for as long as that takes. */
  get leave(): AbortSignal {
    return this.#leave.signal;
  }

  /** What this process is to become; undefined: it is to end. Waits for it. */
  async told(): Promise<ToldOrder | undefined> {
    if (this.#ordered !== undefined || this.#drain.aborted) return this.#ordered;
    this.#source.channel?.ref();
    const end = (): void => this.#order?.(undefined);
    this.#drain.addEventListener('abort', end, { once: true });
    const order = await new Promise<ToldOrder | undefined>((resolve) => (this.#order = resolve));
    this.#drain.removeEventListener('abort', end);
    this.#source.channel?.unref();
    return order;
  }

  /** Calls `listener` with each topology that is sent after the order, also those that came already, until `signal` aborts. */
  onTopology(listener: (text: string) => void, signal: AbortSignal): void {
    this.#listener = listener;
    signal.addEventListener('abort', () => (this.#listener = undefined), { once: true });
    for (const text of this.#unheard.splice(0)) listener(text);
  }

  #note(message: MemberOrder | TopologyWord | LeaveWish, listener: ListenerHandle | undefined): void {
    if ('isLeaving' in message) {
      this.#leave.abort();
    } else if ('role' in message) {
      this.#ordered = { ...message, listener };
      this.#order?.(this.#ordered);
    } else if (this.#listener === undefined) this.#unheard.push(message.topology);
    else this.#listener(message.topology);
  }
}

/**
 * SIGHUP. Services reload at it; for a process of a terminal it also means that the terminal is gone, and then the
 * process has to end. Before anybody listens it ends the process, as it does by default.
 */
export class HangupSignals {
  readonly #listeners = new Set<() => void>();

  /** `onGone`: the terminal is gone, or nobody listens. */
  constructor(process: Pick<NodeJS.Process, 'on'>, onGone: () => void) {
    const hadTerminal = hasTerminal();
    process.on('SIGHUP', () => {
      if (this.#listeners.size === 0 || (hadTerminal && !hasTerminal())) onGone();
      else for (const listener of [...this.#listeners]) listener();
    });
  }

  listen(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
