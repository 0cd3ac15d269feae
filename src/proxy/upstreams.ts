import type { CancelSignal } from '../kernel/cancellation.ts';
import type { ServerName } from '../kernel/names.ts';

/** A server as the proxy reaches it; the wire's dialers are such. */
export interface Upstream {
  readonly server: ServerName;
  readonly state: 'connecting' | 'connected' | 'suspect';
  /** Rejects with InfrastructureError, which says whether the call may have had an effect. */
  call(channel: string, payload: Uint8Array, options?: { signal?: CancelSignal }): Promise<Buffer>;
  onState(listener: () => void, signal: AbortSignal): void;
}

/** The servers of the topology, with a turn that goes round those that are healthy. */
export class Upstreams {
  #all: readonly Upstream[];
  readonly #listeners = new Set<() => void>();
  #turn = 0;

  constructor(all: readonly Upstream[]) {
    this.#all = all;
  }

  /** From now on these are the servers. */
  replace(all: readonly Upstream[]): void {
    this.#all = all;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` when a server came, went or changed its state, until `signal` aborts. */
  onChange(listener: () => void, signal: AbortSignal): void {
    const watched = new WeakSet<Upstream>();
    const watch = (): void => {
      for (const upstream of this.#all) {
        if (watched.has(upstream)) continue;
        watched.add(upstream);
        upstream.onState(() => listener(), signal);
      }
    };
    const changed = (): void => {
      watch();
      listener();
    };
    this.#listeners.add(changed);
    signal.addEventListener('abort', () => this.#listeners.delete(changed), { once: true });
    watch();
  }

  find(server: ServerName): Upstream | undefined {
    return this.#all.find((upstream) => upstream.server === server);
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
