import type { Directory } from '../cluster/ports/directory.ts';
import type { EngineName } from '../kernel/names.ts';
import { rendezvous } from '../kernel/rendezvous.ts';
import type { Upstream, Upstreams } from './upstreams.ts';

/** What the proxy read from a request. */
export interface RouteKey {
  /** The engine that the path or the reference parameters name. */
  readonly engine?: EngineName | undefined;
  readonly messageId?: string | undefined;
}

/** Where a request goes at this try. */
export interface Target {
  readonly upstream: Upstream;
  /** For a request without affinity: the engine that shall serve it. */
  readonly engine?: EngineName;
}

/** Routes requests to members of the topology, and never anywhere else. */
export class Router {
  readonly #upstreams: Upstreams;
  readonly #directory: Directory;
  readonly #engines: () => ReadonlySet<EngineName>;
  #turn = 0;

  /** `engines`: the names of all engines of the topology, asked at each request. */
  constructor(upstreams: Upstreams, directory: Directory, engines: () => ReadonlySet<EngineName>) {
    this.#upstreams = upstreams;
    this.#directory = directory;
    this.#engines = engines;
  }

  /**
   * The target of the next try. `pinned` is the engine of a try whose outcome is unknown: only that engine can tell
   * whether the request had its effect. Undefined: nobody can take the request now.
   */
  choose(key: RouteKey, pinned?: EngineName): Target | undefined {
    if (key.engine !== undefined && this.#engines().has(key.engine)) return this.#host(key.engine);
    const upstream = this.#upstreams.next();
    if (upstream === undefined) return undefined;
    // A name that is no engine of the topology: any service point gives the right fault.
    if (key.engine !== undefined) return { upstream };
    const engine = pinned ?? this.#engineFor(key, upstream);
    return engine === undefined ? undefined : { upstream, engine };
  }

  #host(engine: EngineName): Target | undefined {
    const route = this.#directory.find(engine);
    if (route?.state !== 'active') return undefined;
    const upstream = this.#upstreams.find(route.server);
    // A suspect host is frozen or starved: what is not sent to it surely has no effect there.
    return upstream?.state === 'connected' ? { upstream, engine } : undefined;
  }

  #engineFor({ messageId }: RouteKey, upstream: Upstream): EngineName | undefined {
    const up = this.#directory.all().filter(({ state, server }) => {
      return state === 'active' && this.#upstreams.find(server)?.state === 'connected';
    });
    if (messageId !== undefined) {
      return rendezvous(
        messageId,
        up.map(({ engine }) => engine),
      );
    }
    const here = up.filter(({ server }) => server === upstream.server);
    const choice = here.length > 0 ? here : up;
    this.#turn += 1;
    return choice[this.#turn % choice.length]?.engine;
  }
}
