import { setMaxListeners } from 'node:events';
import { EngineDirectory } from '../cluster/engine-directory.ts';
import { HttpListener } from '../http/listener/http-listener.ts';
import type { ListenerHandle } from '../http/listener/listener-options.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName, ServerName } from '../kernel/names.ts';
import { FrontDoor } from '../proxy/front-door.ts';
import { createPassThrough } from '../proxy/pass-through.ts';
import { RequestRelay } from '../proxy/relay-request.ts';
import { Router } from '../proxy/route.ts';
import { Upstreams, type Upstream } from '../proxy/upstreams.ts';
import type { EngineSpec, Topology } from '../topology/model.ts';
import { viewOf, type LiveTopology } from '../topology/live.ts';
import type { WireDialer } from '../wire/dialer.ts';
import type { EventSink } from './member-events.ts';
import { leaveCall } from './operator-calls.ts';
import { Peers } from './peers.ts';
import { TopologyNews } from './topology-news.ts';
import { isMemberRoute } from './topology-routes.ts';

export interface ProxyMemberOptions {
  readonly live: LiveTopology;
  readonly name: string;
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventSink;
  /** An operator wants this process to drain and to end with code 0; perhaps more than once. */
  readonly onLeave: () => void;
  /** This process is not the proxy itself but a further one, which accepts from the same listening socket. */
  readonly isWorker: boolean;
  /** The listening socket of the one that this proxy succeeds, or whose worker this is. */
  readonly inherited?: ListenerHandle;
  /** The front door is open; its listening socket may be kept for a successor. */
  readonly onListening?: (listener: ListenerHandle) => void;
  /** This member is no longer in the topology: it has to end. */
  readonly onLeft: () => void;
  /** Another member has a higher version of the topology. */
  readonly onNewer: () => void;
}

/** How long a worker waits for its first server before it accepts all the same. */
const SIGHT_MS = 2_000;
/** How long a front door that closes still answers who is connected. */
const LINGER_MS = 1_000;

/** One proxy: the front door, and a wire to each server. It keeps nothing that matters. */
export class ProxyMember implements Component {
  readonly #options: ProxyMemberOptions;
  readonly #directory: EngineDirectory;
  readonly #peers: Peers;
  readonly #upstreams: Upstreams;
  readonly #relay: RequestRelay;
  readonly #http: HttpListener;
  #engines: ReadonlySet<EngineName>;
  readonly #known = new WeakMap<WireDialer, Upstream>();
  readonly #ended = new AbortController();

  constructor(options: ProxyMemberOptions) {
    const { live, name, isWorker, secret, clock, logger, onNewer } = options;
    const topology = live.current;
    const spec = topology.proxies.find((proxy) => proxy.name === name);
    if (spec === undefined) throw new Error(`No proxy "${name}" in topology "${topology.name}"`);
    this.#options = options;
    // Every server that comes is listened to until then.
    setMaxListeners(0, this.#ended.signal);
    this.#engines = namesOf(topology.engines);
    this.#directory = new EngineDirectory({ isKnown: (route) => isMemberRoute(live, route) });
    const directory = this.#directory;
    this.#peers = new Peers(topology.servers, {
      ...{ name, role: isWorker ? 'worker' : 'proxy', secret, directory, clock, logger },
      calls: leaveCall(options.onLeave),
      news: new TopologyNews({ live, logger, onNewer }),
    });
    this.#upstreams = new Upstreams(this.#reachable());
    this.#peers.onChange(() => this.#upstreams.replace(this.#reachable()), this.#ended.signal);
    const router = new Router(this.#upstreams, this.#directory, () => this.#engines);
    const limits = viewOf(() => live.current.limits);
    this.#relay = new RequestRelay({ router, upstreams: this.#upstreams, directory, limits, logger });
    const frontDoor = new FrontDoor({ name, relay: this.#relay, limits, logger });
    this.#http = new HttpListener({
      listen: spec.listen,
      ...(options.inherited === undefined ? {} : { inherited: options.inherited }),
      lingerMs: LINGER_MS,
      onPost: (request, signal) => frontDoor.answer(request, signal),
      fallback: createPassThrough({ name, upstreams: this.#upstreams, servers: () => live.current.servers, logger }),
      limits,
      logger,
    });
  }

  /** Resolves when the front door is open; requests are held until servers and engines are there. */
  async start(signal: AbortSignal): Promise<void> {
    const { events, name, isWorker, live, onListening } = this.#options;
    live.onChange((topology) => this.#adopt(topology), this.#ended.signal);
    this.#relay.watch(this.#ended.signal);
    this.#directory.onChange(() => this.#reportSight(), this.#ended.signal);
    this.#upstreams.onChange(() => this.#reportSight(), this.#ended.signal);
    await this.#peers.start(signal);
    if (isWorker) await this.#awaitServer();
    await this.#http.start(signal);
    onListening?.(this.#http.listeningSocket());
    const { host, port } = this.#http.address();
    events({ event: 'serving', name, url: `http://${host}:${port}`, pid: process.pid });
    this.#reportSight();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    await this.#http.stop(deadline);
    this.#ended.abort();
    await this.#peers.stop(deadline);
  }

  #adopt({ proxies, servers, engines }: Topology): void {
    const { name, onLeft } = this.#options;
    this.#engines = namesOf(engines);
    this.#peers.replace(servers);
    this.#directory.reconsider();
    if (!proxies.some((proxy) => proxy.name === name)) onLeft();
  }

  /** The others accept meanwhile: nobody has to be told here that no server is up. */
  async #awaitServer(): Promise<void> {
    const seen = new AbortController();
    const look = (): void => {
      if (this.#upstreams.healthy().length > 0) seen.abort();
    };
    this.#upstreams.onChange(look, seen.signal);
    look();
    await this.#options.clock.sleep(SIGHT_MS, seen.signal).catch(() => undefined);
    seen.abort();
  }

  /** The same object for the same connection. */
  #reachable(): readonly Upstream[] {
    return [...this.#peers.all()].map(([server, dialer]) => {
      const known = this.#known.get(dialer) ?? upstreamOver(server, dialer);
      this.#known.set(dialer, known);
      return known;
    });
  }

  #reportSight(): void {
    const servers = this.#upstreams.healthy().map(({ server }) => server);
    const engines = this.#directory.all().filter(({ state }) => state === 'active');
    this.#options.events({
      event: 'sees',
      name: this.#options.name,
      servers,
      engines: engines.map(({ engine }) => engine),
    });
  }
}

function namesOf(engines: readonly EngineSpec[]): ReadonlySet<EngineName> {
  return new Set(engines.map(({ name }) => name));
}

function upstreamOver(server: ServerName, dialer: WireDialer): Upstream {
  return {
    server,
    get state() {
      return dialer.state;
    },
    call: (channel, payload, options) => dialer.call(channel, payload, options),
    onState: (listener, signal) => dialer.onState(listener, signal),
  };
}
