import { setMaxListeners } from 'node:events';
import { decodeRoutes } from '../cluster/route-codec.ts';
import type { EngineDirectory } from '../cluster/engine-directory.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import type { Logger } from '../kernel/log.ts';
import type { ServerName } from '../kernel/names.ts';
import type { ServerSpec } from '../topology/model.ts';
import type { WireChannels, WireRole } from '../wire/channels.ts';
import { WireDialer } from '../wire/dialer.ts';
import { ROUTES_CHANNEL, TOPOLOGY_CHANNEL } from './channels.ts';
import type { TopologyNews } from './topology-news.ts';

/** How long the calls that are under way to a server that leaves may take. */
const LET_GO_MS = 10_000;

export interface PeersOptions {
  /** The member that dials. */
  readonly name: string;
  readonly role: Exclude<WireRole, 'tool'>;
  readonly secret: Uint8Array;
  /** Learns what the servers say of where engines run. */
  readonly directory: EngineDirectory;
  /** What the member answers to servers that call back; nothing by default. */
  readonly calls?: WireChannels['calls'];
  readonly news: TopologyNews;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A member's connections to the servers. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #dialers = new Map<ServerName, WireDialer>();
  /** No servers of the topology any more; let go as soon as no engine runs there. */
  readonly #leaving = new Set<ServerName>();
  readonly #listeners = new Set<() => void>();
  readonly #ended = new AbortController();
  readonly #lettingGo = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(servers: readonly ServerSpec[], options: PeersOptions) {
    this.#options = options;
    setMaxListeners(0, this.#ended.signal);
    this.replace(servers);
    options.directory.onChange(() => this.#letGoUnused(), this.#ended.signal);
  }

  /** From now on these are the servers. One that is none any more stays connected while an engine runs there. */
  replace(servers: readonly ServerSpec[]): void {
    const wanted = new Set(servers.map(({ name }) => name));
    for (const server of servers) {
      // It may have come back at another address.
      if (this.#leaving.has(server.name)) this.#letGo(server.name);
      if (!this.#dialers.has(server.name)) this.#add(server);
    }
    for (const name of this.#dialers.keys()) if (!wanted.has(name)) this.#leaving.add(name);
    this.#letGoUnused();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` when a server came or went. */
  onChange(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  find(server: ServerName): WireDialer | undefined {
    return this.#dialers.get(server);
  }

  all(): Iterable<readonly [ServerName, WireDialer]> {
    return this.#dialers;
  }

  isConnected(server: ServerName): boolean {
    return this.#dialers.get(server)?.state === 'connected';
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await Promise.all([...this.#dialers.values()].map((dialer) => dialer.start(signal)));
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#ended.abort();
    await Promise.all([...this.#dialers.values()].map((dialer) => dialer.stop(deadline)));
    await Promise.all(this.#lettingGo);
  }

  #add(server: ServerSpec): void {
    const dialer = this.#createDialer(server);
    this.#dialers.set(server.name, dialer);
    dialer.onState(() => this.#letGoUnused(), this.#ended.signal);
    if (this.#signal !== undefined && !this.#ended.signal.aborted) void dialer.start(this.#signal);
  }

  #letGoUnused(): void {
    for (const name of [...this.#leaving]) {
      const isUsed = this.#options.directory.all().some(({ server, state }) => server === name && state === 'active');
      if (isUsed && this.#dialers.get(name)?.state !== 'connecting') continue;
      this.#letGo(name);
      for (const listener of [...this.#listeners]) listener();
    }
  }

  #letGo(name: ServerName): void {
    const dialer = this.#dialers.get(name);
    this.#leaving.delete(name);
    this.#dialers.delete(name);
    const stopping = stopWithin(dialer).finally(() => this.#lettingGo.delete(stopping));
    this.#lettingGo.add(stopping);
  }

  #createDialer({ name: expect, wire: address }: ServerSpec): WireDialer {
    const { name, role, secret, directory, news, calls = {}, clock, logger } = this.#options;
    const learn = (payload: Buffer): void => {
      for (const route of decodeRoutes(payload)) directory.learn(route);
    };
    const hear = (payload: Buffer): void => news.hear(expect, payload);
    const channels = { calls, news: { [ROUTES_CHANNEL]: learn, [TOPOLOGY_CHANNEL]: hear } };
    return new WireDialer({ name, role, expect, secret, address, channels, logger, clock });
  }
}

async function stopWithin(dialer: WireDialer | undefined): Promise<void> {
  using deadline = new Deadline(LET_GO_MS);
  await dialer?.stop(deadline.signal);
}
