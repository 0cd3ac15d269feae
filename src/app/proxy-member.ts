import { EngineDirectory } from '../cluster/engine-directory.ts';
import { HttpListener, type ListenerHandle } from '../http/listener.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import type { Logger } from '../kernel/log.ts';
import { FrontDoor } from '../proxy/front-door.ts';
import { createPassThrough } from '../proxy/pass-through.ts';
import { RequestRelay } from '../proxy/relay-request.ts';
import { Router } from '../proxy/route.ts';
import { Upstreams } from '../proxy/upstreams.ts';
import type { Topology } from '../topology/model.ts';
import type { EventSink } from './member-events.ts';
import { leaveCall } from './operator-calls.ts';
import { Peers } from './peers.ts';
import { isMemberRoute } from './topology-routes.ts';

export interface ProxyMemberOptions {
  readonly topology: Topology;
  readonly name: string;
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventSink;
  /** An operator wants this process to drain and to end with code 0; perhaps more than once. */
  readonly onLeave: () => void;
  /** The listening socket of the one that this proxy succeeds. */
  readonly inherited?: ListenerHandle;
  /** The front door is open; its listening socket may be kept for a successor. */
  readonly onListening?: (listener: ListenerHandle) => void;
}

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
  readonly #ended = new AbortController();

  constructor(options: ProxyMemberOptions) {
    const { topology, name, secret, clock, logger } = options;
    const spec = topology.proxies.find((proxy) => proxy.name === name);
    if (spec === undefined) throw new Error(`No proxy "${name}" in topology "${topology.name}"`);
    this.#options = options;
    this.#directory = new EngineDirectory({ isKnown: (route) => isMemberRoute(topology, route) });
    const directory = this.#directory;
    const calls = leaveCall(options.onLeave);
    this.#peers = new Peers(topology.servers, { name, role: 'proxy', secret, directory, calls, clock, logger });
    this.#upstreams = new Upstreams(
      [...this.#peers.all()].map(([server, dialer]) => ({
        server,
        get state() {
          return dialer.state;
        },
        call: (channel, payload, callOptions) => dialer.call(channel, payload, callOptions),
        onState: (listener, signal) => dialer.onState(listener, signal),
      })),
    );
    const engines = topology.engines.map((engine) => engine.name);
    const router = new Router(this.#upstreams, this.#directory, engines);
    const { limits, servers } = topology;
    this.#relay = new RequestRelay({ router, upstreams: this.#upstreams, directory, limits, logger });
    const frontDoor = new FrontDoor({ name, relay: this.#relay, maxBodyBytes: limits.maxBodyBytes, logger });
    this.#http = new HttpListener({
      listen: spec.listen,
      ...(options.inherited === undefined ? {} : { inherited: options.inherited }),
      lingerMs: LINGER_MS,
      onPost: (request, signal) => frontDoor.answer(request, signal),
      fallback: createPassThrough({ name, upstreams: this.#upstreams, servers, logger }),
      limits,
      logger,
    });
  }

  /** Resolves when the front door is open; requests are held until servers and engines are there. */
  async start(signal: AbortSignal): Promise<void> {
    const { events, name, onListening } = this.#options;
    this.#relay.watch(this.#ended.signal);
    this.#directory.onChange(() => this.#reportSight(), this.#ended.signal);
    for (const [, dialer] of this.#peers.all()) dialer.onState(() => this.#reportSight(), this.#ended.signal);
    await this.#peers.start(signal);
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
