import { spawn, type ChildProcess, type SendHandle } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ListenerHandle } from '../http/listener/listener-options.ts';
import { parseMemberEvent, type MemberEvent } from './member-events.ts';
import type { Environment } from './secret.ts';

/** Which member a process is. */
export interface MemberIdentity {
  readonly name: string;
  readonly role: 'server' | 'proxy';
  /** A further process of that proxy, not the member itself. */
  readonly isWorker?: boolean;
}

/** What a process is told to become, and the text of the topology in which it is that. */
export interface MemberOrder extends MemberIdentity {
  readonly topology: string;
}

/** What a process is told later: the topology that holds now. */
export interface TopologyWord {
  readonly topology: string;
}

/** What a process is told later: to drain, for as long as that takes. */
export interface LeaveWish {
  readonly isLeaving: true;
}

/** How a member's operating-system process ended. */
export interface MemberExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** How long it had served; 0 if it never did. */
  readonly servedMs: number;
}

/** Learns what a member tells, and its end. */
export interface MemberListener {
  readonly onEvent: (event: MemberEvent) => void;
  readonly onExit: (exit: MemberExit) => void;
  /** A proxy's listening socket, to keep for its successor. */
  readonly onListening?: (listener: ListenerHandle) => void;
}

export interface MemberChildOptions {
  /** The program's entry file, run by the same Node.js. */
  readonly program: string;
  readonly topologyFile: string;
  /** The text that holds: what has been refused since it was read must not reach a member by the file. */
  readonly topologyText: () => string;
  readonly environment: Environment;
}

/**
 * Memory for what is young, in MiB, of which Node.js gives 16: with twice as much the collector runs half as often, and finds that
 * more is garbage (docs/adr/0030-flow.md).
 */
const RUNTIME_FLAGS = ['--max-semi-space-size=32'];

/**
 * One operating-system process: a member, or a spare that has loaded everything and waits to become one. Loading is
 * most of a start; with a spare the clients of a dead server wait for a fraction of it.
 */
export class MemberChild {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #listener: MemberListener;
  #servingSince: number | undefined;
  readonly #topologyText: () => string;
  #isWaiting = false;
  #hasOrder = false;
  #identity: MemberIdentity | undefined;
  #inherited: ListenerHandle | undefined;

  /** `inherited`: for a proxy, the listening socket that it shares. */
  constructor(
    options: MemberChildOptions,
    identity: MemberIdentity | undefined,
    listener: MemberListener,
    inherited?: ListenerHandle,
  ) {
    const { program, topologyFile, topologyText, environment } = options;
    this.#topologyText = topologyText;
    const words = identity === undefined ? ['spare'] : [identity.role, identity.name, '--told'];
    this.#listener = listener;
    this.#inherited = inherited;
    // The ipc channel is also there to be cut: a member whose starter is gone drains and ends.
    this.#child = spawn(process.execPath, [...RUNTIME_FLAGS, program, ...words, '--topology', topologyFile, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: environment,
    });
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#note(parseMemberEvent(line)));
    }
    this.#child.on('message', (_message, listener) => {
      if (listener !== undefined) this.#listener.onListening?.(listener as unknown as ListenerHandle);
    });
    this.#exited = once(this.#child, 'close').catch(() => undefined);
    this.#child.once('close', (code, signal) => {
      const servedMs = this.#servingSince === undefined ? 0 : performance.now() - this.#servingSince;
      this.#listener.onExit({ code, signal, servedMs });
    });
    this.#child.on('error', () => this.#child.kill('SIGKILL'));
    if (identity !== undefined) this.#order(identity);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /**
   * A spare becomes a member, as soon as it has loaded everything: it began earlier than anything started now.
   * `inherited`: for a proxy, the listening socket of the one before. False: it has ended.
   */
  become(identity: MemberIdentity, listener: MemberListener, inherited?: ListenerHandle): boolean {
    if (!this.#child.connected) return false;
    this.#listener = listener;
    this.#identity = identity;
    this.#inherited = inherited;
    if (this.#isWaiting) this.#order(identity);
    return true;
  }

  /** Asks the member to drain; kills it when `deadline` aborts. Resolves when it has ended. */
  stop(deadline: AbortSignal): Promise<void> {
    this.#child.kill('SIGTERM');
    return this.#end(deadline);
  }

  /** As stop(), but `deadline` alone bounds what it still has to answer. */
  leave(deadline: AbortSignal): Promise<void> {
    if (!this.#hasOrder || !this.#child.connected) return this.stop(deadline);
    const wish: LeaveWish = { isLeaving: true };
    this.#child.send(wish);
    return this.#end(deadline);
  }

  /** The topology has changed. A process that is no member yet gets it when it becomes one. */
  tell(topology: string): void {
    const word: TopologyWord = { topology };
    if (this.#hasOrder && this.#child.connected) this.#child.send(word);
  }

  async #end(deadline: AbortSignal): Promise<void> {
    const kill = (): boolean => this.#child.kill('SIGKILL');
    if (deadline.aborted) kill();
    deadline.addEventListener('abort', kill, { once: true });
    await this.#exited;
    deadline.removeEventListener('abort', kill);
  }

  #order(identity: MemberIdentity): void {
    const order: MemberOrder = { ...identity, topology: this.#topologyText() };
    this.#hasOrder = true;
    // Node passes the sockets of its own network layer, and describes only what it wraps them in.
    if (this.#child.connected) this.#child.send(order, this.#inherited as unknown as SendHandle);
  }

  #note(event: MemberEvent | undefined): void {
    if (event === undefined) return;
    if (event.event === 'waiting') {
      this.#isWaiting = true;
      if (this.#identity !== undefined) this.#order(this.#identity);
    }
    if (event.event === 'serving') this.#servingSince = performance.now();
    this.#listener.onEvent(event);
  }
}
