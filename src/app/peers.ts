import { decodeRoutes } from '../cluster/route-codec.ts';
import type { EngineDirectory } from '../cluster/engine-directory.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { ServerName } from '../kernel/names.ts';
import type { ServerSpec } from '../topology/model.ts';
import type { WireChannels } from '../wire/channels.ts';
import { WireDialer } from '../wire/dialer.ts';
import { ROUTES_CHANNEL } from './channels.ts';

export interface PeersOptions {
  /** The member that dials. */
  readonly name: string;
  readonly role: 'server' | 'proxy';
  readonly secret: Uint8Array;
  /** Learns what the servers say of where engines run. */
  readonly directory: EngineDirectory;
  /** What the member answers to servers that call back; nothing by default. */
  readonly calls?: WireChannels['calls'];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A member's connections to the servers. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #dialers = new Map<ServerName, WireDialer>();

  constructor(servers: readonly ServerSpec[], options: PeersOptions) {
    this.#options = options;
    for (const server of servers) this.#dialers.set(server.name, this.#createDialer(server));
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
    await Promise.all([...this.#dialers.values()].map((dialer) => dialer.start(signal)));
  }

  async stop(deadline: AbortSignal): Promise<void> {
    await Promise.all([...this.#dialers.values()].map((dialer) => dialer.stop(deadline)));
  }

  #createDialer({ name: expect, wire: address }: ServerSpec): WireDialer {
    const { name, role, secret, directory, calls = {}, clock, logger } = this.#options;
    const learn = (payload: Buffer): void => {
      for (const route of decodeRoutes(payload)) directory.learn(route);
    };
    const channels = { calls, news: { [ROUTES_CHANNEL]: learn } };
    return new WireDialer({ name, role, expect, secret, address, channels, logger, clock });
  }
}
