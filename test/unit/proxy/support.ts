import { EngineDirectory } from '../../../src/cluster/engine-directory.ts';
import { packReply, unpackRequest, type RelayedReply, type RelayedRequest } from '../../../src/http/relay.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { RequestRelay } from '../../../src/proxy/relay-request.ts';
import { Router } from '../../../src/proxy/route.ts';
import { Upstreams, type Upstream } from '../../../src/proxy/upstreams.ts';

/** A server in memory: answers what `answer` says and remembers what it was asked. */
export class MemoryUpstream implements Upstream {
  readonly server: string;
  readonly asked: RelayedRequest[] = [];
  answer: (request: RelayedRequest, signal: AbortSignal) => Promise<Partial<RelayedReply>> = () => Promise.resolve({});
  #state: Upstream['state'] = 'connected';
  readonly #listeners = new Set<() => void>();

  constructor(server: string) {
    this.server = server;
  }

  get state(): Upstream['state'] {
    return this.#state;
  }

  become(state: Upstream['state']): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  async call(_channel: string, payload: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<Buffer> {
    const request = unpackRequest(payload);
    this.asked.push(request);
    const reply = await this.answer(request, options.signal ?? new AbortController().signal);
    return packReply({
      outcome: 'answered',
      status: 200,
      headers: {},
      body: Buffer.from(this.server),
      server: this.server,
      ...reply,
    });
  }

  onState(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }
}

/** A proxy's inner parts over servers in memory; each server hosts the engine of the same number. */
export function proxyOver(
  count: number,
  limits: { holdMs?: number; maxHeldRequests?: number; maxHeldBytes?: number } = {},
): {
  servers: MemoryUpstream[];
  directory: EngineDirectory;
  router: Router;
  relay: RequestRelay;
  over: AbortController;
} {
  const servers = Array.from({ length: count }, (_, index) => new MemoryUpstream(`server${String(index + 1)}`));
  const directory = new EngineDirectory();
  servers.forEach(({ server }, index) => {
    directory.learn({ engine: `ME${String(index + 1)}`, server, epoch: 1, state: 'active' });
  });
  const upstreams = new Upstreams(servers);
  const router = new Router(upstreams, directory, () => new Set(directory.all().map(({ engine }) => engine)));
  const relay = new RequestRelay({
    router,
    upstreams,
    directory,
    limits: { holdMs: 5_000, maxHeldRequests: 100, maxHeldBytes: 1_000_000, ...limits },
    logger: silentLogger,
  });
  const over = new AbortController();
  relay.watch(over.signal);
  return { servers, directory, router, relay, over };
}
