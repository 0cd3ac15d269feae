import type { ServerName } from '../kernel/names.ts';

/** A server as the proxy reaches it; the wire's dialers are such. */
export interface Upstream {
  readonly server: ServerName;
  readonly state: 'connecting' | 'connected' | 'suspect';
  /** Rejects with InfrastructureError, which says whether the call may have had an effect. */
  call(channel: string, payload: Uint8Array, options?: { signal?: AbortSignal }): Promise<Buffer>;
  onState(listener: () => void, signal: AbortSignal): void;
}

/** The servers of the topology, with a turn that goes round those that are healthy. */
export class Upstreams {
  readonly #all: readonly Upstream[];
  #turn = 0;

  constructor(all: readonly Upstream[]) {
    this.#all = all;
  }

  find(server: ServerName): Upstream | undefined {
    return this.#all.find((upstream) => upstream.server === server);
  }

  all(): readonly Upstream[] {
    return this.#all;
  }

  healthy(): readonly Upstream[] {
    return this.#all.filter(({ state }) => state === 'connected');
  }

  /** The next healthy server, each in its turn. Undefined: none is healthy. */
  next(): Upstream | undefined {
    const count = this.#all.length;
    for (let step = 0; step < count; step += 1) {
      const upstream = this.#all[(this.#turn + step) % count];
      if (upstream?.state === 'connected') {
        this.#turn = (this.#turn + step + 1) % count;
        return upstream;
      }
    }
    return undefined;
  }
}
