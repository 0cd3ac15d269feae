import { BusEngines } from '../bus/bus-engines.ts';
import { answerEngineCalls, ENGINE_CHANNEL } from '../bus/engine-calls.ts';
import { EngineDirectory } from '../cluster/engine-directory.ts';
import { Failback } from '../cluster/failback.ts';
import { LeaseManager } from '../cluster/lease-manager.ts';
import { decodeRoutes, encodeRoutes } from '../cluster/route-codec.ts';
import { HttpListener, type HttpListenerOptions } from '../http/listener.ts';
import { HttpSender } from '../http/client.ts';
import { SOAP_CHANNEL } from '../http/relay.ts';
import { defaultEngineLimits } from '../engine/limits.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { Deadline } from '../kernel/deadline.ts';
import { deferred } from '../kernel/deferred.ts';
import { messageOf } from '../kernel/errors.ts';
import { randomId } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import { pack, unpack } from '../kernel/packed.ts';
import { answerDirect, answerRelayed } from '../service-point/edges.ts';
import { ReplyMail } from '../service-point/reply-mail.ts';
import { ServicePoint } from '../service-point/service-point.ts';
import { SqliteStorage } from '../storage/sqlite/sqlite-storage.ts';
import type { EngineSpec, ServerSpec, Topology } from '../topology/model.ts';
import type { WireChannels } from '../wire/channels.ts';
import { WireDialer } from '../wire/dialer.ts';
import { WireListener } from '../wire/listener.ts';
import type { TopicModel } from '../wsn/topics/topic-model.ts';
import { VERSION } from './version.ts';
import { XPathSandbox } from '../xml/xpath/sandbox.ts';
import {
  HANDOVER_CHANNEL,
  ROUTES_CHANNEL,
  STATUS_CHANNEL,
  type HandoverRequest,
  type ServerStatus,
} from './channels.ts';
import { topicSetWith } from './broker-documents.ts';
import { EngineHost } from './engine-host.ts';
import { EXIT } from './exit-codes.ts';
import type { EventSink } from './member-events.ts';
import { isMemberRoute } from './topology-routes.ts';

/** How long the holder of an engine may take to drain before it is handed over all the same. */
const HANDOVER_DRAIN_MS = 2_000;

export interface ServerMemberOptions {
  readonly topology: Topology;
  readonly name: string;
  readonly secret: Uint8Array;
  readonly wsdlDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventSink;
  readonly topicModel: TopicModel;
  /** This process must end, with this code; called at most once. */
  readonly onFailed: (exitCode: number) => void;
}

/** One server: its service point, the engines that it hosts or stands by for, and its ties to the other members. */
export class ServerMember implements Component {
  readonly #options: ServerMemberOptions;
  readonly #spec: ServerSpec;
  readonly #directory: EngineDirectory;
  readonly #engines: BusEngines;
  readonly #dialers: ReadonlyMap<string, WireDialer>;
  readonly #wire: WireListener;
  readonly #http: HttpListener;
  readonly #sender = new HttpSender();
  readonly #xpath = new XPathSandbox();
  readonly #storage: SqliteStorage;
  readonly #leases: ReadonlyMap<string, LeaseManager>;
  readonly #failbacks: readonly Failback[];
  readonly #admin = deferred<HttpListenerOptions['fallback']>();
  readonly #ended = new AbortController();
  #hasFailed = false;

  constructor(options: ServerMemberOptions) {
    const { topology, name, clock } = options;
    const spec = topology.servers.find((server) => server.name === name);
    if (spec === undefined) throw new Error(`No server "${name}" in topology "${topology.name}"`);
    this.#options = options;
    this.#spec = spec;
    this.#directory = new EngineDirectory({ isKnown: (route) => isMemberRoute(topology, route) });
    this.#dialers = this.#createDialers();
    this.#engines = new BusEngines(
      topology.engines.map((engine) => engine.name),
      this.#directory,
      (server) => this.#dialers.get(server),
    );
    const servicePoint = this.#createServicePoint();
    this.#wire = this.#createWire(servicePoint);
    this.#http = this.#createHttp(servicePoint);
    this.#storage = new SqliteStorage({ directory: topology.store.directory, clock, logger: options.logger });
    const hosted = topology.engines.filter(({ candidates }) => candidates.includes(name));
    this.#leases = new Map(hosted.map((engine) => [engine.name, this.#createLeaseManager(engine)]));
    this.#failbacks = hosted
      .filter((engine) => isPreferred(engine, name))
      .map((engine) => this.#createFailback(engine));
  }

  /** Resolves when the service point serves; which engines run here is decided by the leases. */
  async start(signal: AbortSignal): Promise<void> {
    const { events, name, logger } = this.#options;
    this.#directory.onChange((route) => {
      if (route.server === name) this.#wire.broadcast(ROUTES_CHANNEL, encodeRoutes([route]));
    }, this.#ended.signal);
    this.#storage.checkDirectory();
    await this.#wire.start(signal);
    await Promise.all([...this.#dialers.values()].map((dialer) => dialer.start(signal)));
    await Promise.all([...this.#leases.values()].map((manager) => manager.start(signal)));
    await this.#http.start(signal);
    const { host, port } = this.#http.address();
    events({ event: 'serving', name, url: `http://${host}:${port}`, pid: process.pid });
    await Promise.all(this.#failbacks.map((failback) => failback.start(this.#ended.signal)));
    await this.#openAdmin();
    // Who needs it before waits for it then; nothing else has to.
    this.#xpath.start().catch((error: unknown) => logger.warn('XPath cannot be started', { error: messageOf(error) }));
  }

  /** Gives its engines to others, finishes what is in flight, closes. */
  async stop(deadline: AbortSignal): Promise<void> {
    await Promise.all(this.#failbacks.map((failback) => failback.stop()));
    await Promise.all([...this.#leases.values()].map((manager) => manager.stop(deadline)));
    await Promise.all([this.#http.stop(deadline), this.#wire.stop(deadline)]);
    this.#ended.abort();
    await Promise.all([...this.#dialers.values()].map((dialer) => dialer.stop(deadline)));
    await this.#sender.close();
    await this.#xpath.dispose();
    await this.#storage.dispose();
  }

  #createDialers(): ReadonlyMap<string, WireDialer> {
    const { topology, name, secret, clock, logger } = this.#options;
    const others = topology.servers.filter((server) => server.name !== name);
    const channels = { calls: {}, news: { [ROUTES_CHANNEL]: (payload: Buffer) => this.#learn(payload) } };
    return new Map(
      others.map(({ name: expect, wire: address }) => {
        return [expect, new WireDialer({ name, role: 'server', expect, secret, address, channels, logger, clock })];
      }),
    );
  }

  #learn(payload: Buffer): void {
    for (const route of decodeRoutes(payload)) this.#directory.learn(route);
  }

  #createServicePoint(): ServicePoint {
    const { topology, topicModel, clock, logger } = this.#options;
    const { publicUrl, limits, conduct } = topology;
    const { maxSubscriptions, maxPullPoints } = defaultEngineLimits;
    return new ServicePoint({
      engines: this.#engines,
      publicUrl,
      maxBodyBytes: limits.maxBodyBytes,
      conduct,
      topics: { fixed: topicModel.fixed, element: (grown) => topicSetWith(topicModel, grown) },
      xpath: this.#xpath,
      onvif: {
        identity: { firmwareVersion: VERSION, serialNumber: topology.name },
        capacity: { maxSubscriptions, maxPullPoints },
      },
      mail: new ReplyMail(this.#sender, logger),
      clock,
      logger,
    });
  }

  #createWire(servicePoint: ServicePoint): WireListener {
    const { name, secret, clock, logger } = this.#options;
    const channels: WireChannels = {
      calls: {
        [SOAP_CHANNEL]: answerRelayed(servicePoint, name),
        [ENGINE_CHANNEL]: answerEngineCalls((engine) => this.#engines.findHere(engine)),
        [HANDOVER_CHANNEL]: async (payload) => pack(await this.#handOver(unpack(payload) as HandoverRequest)),
        [STATUS_CHANNEL]: () => Promise.resolve(pack(this.#status())),
      },
      news: {},
    };
    return new WireListener({
      name,
      secret,
      listen: this.#spec.wire,
      channels,
      clock,
      logger,
      onMember: (member) => member.tell(ROUTES_CHANNEL, encodeRoutes(this.#directory.all())),
    });
  }

  #createHttp(servicePoint: ServicePoint): HttpListener {
    const { topology, name, logger } = this.#options;
    return new HttpListener({
      listen: this.#spec.listen,
      onPost: answerDirect(servicePoint, name),
      fallback: (request, response) => {
        this.#admin.promise.then(
          (app) => app(request, response),
          () => response.writeHead(503).end(),
        );
      },
      limits: { maxBodyBytes: topology.limits.maxBodyBytes },
      logger,
    });
  }

  /** Loads what serves WSDL and pages, after the engines: a takeover must not wait for it. */
  async #openAdmin(): Promise<void> {
    const { topology, name, wsdlDirectory, logger } = this.#options;
    try {
      const { createAdminApp } = await import('../admin/app.ts');
      const health = () => ({ serving: !this.#ended.signal.aborted, details: { server: name } });
      this.#admin.resolve(createAdminApp({ wsdlDirectory, publicUrl: topology.publicUrl, health, logger }));
    } catch (error) {
      this.#admin.reject(error);
      throw error;
    }
  }

  #createLeaseManager({ name: engine, candidates }: EngineSpec): LeaseManager {
    const { topology, name, clock, logger, events } = this.#options;
    const host = new EngineHost({
      engine,
      server: name,
      topology,
      storage: this.#storage,
      engines: this.#engines,
      directory: this.#directory,
      sender: this.#sender,
      xpath: this.#xpath,
      topicModel: this.#options.topicModel,
      clock,
      logger: logger.child({ engine }),
      onActive: (epoch) => events({ event: 'engine', name: engine, server: name, epoch }),
      onBroken: (exitCode) => this.#fail(exitCode),
    });
    return new LeaseManager({
      engine,
      rank: candidates.indexOf(name),
      candidates,
      contender: { server: name, incarnation: randomId() },
      leases: this.#storage.leases,
      times: topology.lease,
      clock,
      logger,
      activate: (tenure) => host.activate(tenure),
      onDeposed: () => this.#fail(EXIT.deposed),
    });
  }

  #createFailback({ name: engine, failbackDelayMs }: EngineSpec): Failback {
    const { name, clock, logger } = this.#options;
    return new Failback({
      engine,
      failbackDelayMs,
      isReady: () => this.#leases.get(engine)?.state === 'standby',
      holder: () => {
        const server = this.#directory.find(engine)?.server;
        const isOther = server !== undefined && server !== name;
        return isOther && this.#dialers.get(server)?.state === 'connected' ? server : undefined;
      },
      requestHandover: (wanted, holder) => this.#requestHandover(wanted, holder),
      clock,
      logger,
    });
  }

  async #requestHandover(engine: string, holder: string): Promise<boolean> {
    const request: HandoverRequest = { engine, to: this.#options.name };
    using deadline = new Deadline(HANDOVER_DRAIN_MS * 2);
    const { signal } = deadline;
    const answer = await this.#dialers.get(holder)?.call(HANDOVER_CHANNEL, pack(request), { signal });
    return answer !== undefined && (unpack(answer) as { isReleased: boolean }).isReleased;
  }

  async #handOver({ engine, to }: HandoverRequest): Promise<{ isReleased: boolean }> {
    const manager = this.#leases.get(engine);
    const isReachable = this.#dialers.get(to)?.state === 'connected';
    if (manager === undefined || !isReachable) return { isReleased: false };
    try {
      using deadline = new Deadline(HANDOVER_DRAIN_MS);
      return { isReleased: await manager.handOver(to, deadline.signal) };
    } catch (error) {
      this.#options.logger.warn('Handover failed', { engine, to, error: messageOf(error) });
      return { isReleased: false };
    }
  }

  #status(): ServerStatus {
    const engines = [...this.#leases.values()].map(({ engine, state, epoch }) => {
      return { name: engine, state, ...(epoch === undefined ? {} : { epoch }) };
    });
    return { server: this.#options.name, pid: process.pid, engines };
  }

  #fail(exitCode: number): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.onFailed(exitCode);
  }
}

function isPreferred({ candidates, failback }: EngineSpec, server: string): boolean {
  return candidates[0] === server && candidates.length > 1 && failback === 'automatic';
}
