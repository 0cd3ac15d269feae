import { BusEngines } from '../bus/bus-engines.ts';
import { answerEngineCalls, ENGINE_CHANNEL } from '../bus/engine-calls.ts';
import { EngineDirectory } from '../cluster/engine-directory.ts';
import { encodeRoutes } from '../cluster/route-codec.ts';
import { HttpListener } from '../http/listener/http-listener.ts';
import type { HttpListenerOptions } from '../http/listener/listener-options.ts';
import { HttpSender } from '../http/sender/http-sender.ts';
import { SOAP_CHANNEL } from '../http/relay.ts';
import { defaultEngineLimits } from '../engine/limits.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { deferred } from '../kernel/deferred.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import { pack } from '../kernel/packed.ts';
import { answerDirect, answerRelayed } from '../service-point/edges.ts';
import { ReplyMail } from '../service-point/reply-mail.ts';
import { ServicePoint } from '../service-point/service-point.ts';
import { SqliteStorage } from '../storage/sqlite/sqlite-storage.ts';
import { viewOf, type LiveTopology } from '../topology/live.ts';
import type { ServerSpec, Topology } from '../topology/model.ts';
import type { WireChannels } from '../wire/channels.ts';
import { WireListener } from '../wire/listener.ts';
import type { TopicModel } from '../wsn/topics/topic-model.ts';
import { VERSION } from './version.ts';
import { XPathSandbox } from '../xml/xpath/sandbox.ts';
import { topicSetWith } from './broker-documents.ts';
import { Candidacies } from './candidacies.ts';
import {
  BACKUP_CHANNEL,
  DEAD_LETTERS_CHANNEL,
  ROUTES_CHANNEL,
  STATUS_CHANNEL,
  TOPOLOGY_CHANNEL,
  type ServerStatus,
} from './channels.ts';
import { answerDeadLetterCalls } from './dead-letters.ts';
import { answerBackups } from './engine-backups.ts';
import { EngineHost } from './engine-host.ts';
import { EXIT } from './exit-codes.ts';
import type { EventSink } from './member-events.ts';
import { operatorCalls } from './operator-calls.ts';
import { Peers } from './peers.ts';
import { markOf, TopologyNews } from './topology-news.ts';
import { isMemberRoute } from './topology-routes.ts';

export interface ServerMemberOptions {
  readonly live: LiveTopology;
  readonly name: string;
  readonly secret: Uint8Array;
  readonly wsdlDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventSink;
  readonly topicModel: TopicModel;
  /** This process must end, with this code; called at most once. */
  readonly onFailed: (exitCode: number) => void;
  /** An operator wants this process to drain and to end with code 0; perhaps more than once. */
  readonly onLeave: () => void;
  /** This member is no longer in the topology and has given everything up: it has to end. */
  readonly onLeft: () => void;
  /** Another member has a higher version of the topology. */
  readonly onNewer: () => void;
}

/** One server: its service point, the engines that it hosts or stands by for, and its ties to the other members. */
export class ServerMember implements Component {
  readonly #options: ServerMemberOptions;
  readonly #spec: ServerSpec;
  readonly #directory: EngineDirectory;
  readonly #engines: BusEngines;
  readonly #peers: Peers;
  readonly #news: TopologyNews;
  readonly #wire: WireListener;
  readonly #http: HttpListener;
  readonly #sender = new HttpSender();
  readonly #xpath = new XPathSandbox();
  readonly #storage: SqliteStorage;
  readonly #candidacies: Candidacies;
  readonly #admin = deferred<HttpListenerOptions['fallback']>();
  readonly #ended = new AbortController();
  #hasFailed = false;

  constructor(options: ServerMemberOptions) {
    const { live, name, secret, clock, logger, onNewer } = options;
    const topology = live.current;
    const spec = topology.servers.find((server) => server.name === name);
    if (spec === undefined) throw new Error(`No server "${name}" in topology "${topology.name}"`);
    this.#options = options;
    this.#spec = spec;
    this.#directory = new EngineDirectory({ isKnown: (route) => isMemberRoute(live, route) });
    const others = topology.servers.filter((server) => server.name !== name);
    this.#news = new TopologyNews({ live, logger, onNewer });
    const tie = { name, role: 'server', secret, directory: this.#directory, news: this.#news, clock, logger } as const;
    this.#peers = new Peers(others, tie);
    this.#engines = new BusEngines(
      topology.engines.map((engine) => engine.name),
      this.#directory,
      (server) => this.#peers.find(server),
    );
    const servicePoint = this.#createServicePoint();
    this.#wire = this.#createWire(servicePoint);
    this.#http = this.#createHttp(servicePoint);
    const { directory, ballastBytes, onRegression } = topology.store;
    this.#storage = new SqliteStorage({ directory, tuning: { ballastBytes, onRegression }, clock, logger });
    this.#candidacies = new Candidacies(topology.engines, {
      ...{
        server: name,
        leases: this.#storage.leases,
        placements: this.#storage.placements,
        times: topology.lease,
        clock,
        logger,
      },
      ...{ directory: this.#directory, peers: this.#peers },
      hostOf: (engine) => this.#createHost(engine),
      onDeposed: () => this.#fail(EXIT.deposed),
    });
  }

  /** Resolves when the service point serves; which engines run here is decided by the leases. */
  async start(signal: AbortSignal): Promise<void> {
    const { events, name, logger, live } = this.#options;
    live.onChange((topology) => this.#adopt(topology), this.#ended.signal);
    this.#directory.onChange((route) => {
      if (route.server === name) this.#wire.broadcast(ROUTES_CHANNEL, encodeRoutes([route]));
    }, this.#ended.signal);
    this.#storage.checkDirectory();
    await this.#wire.start(signal);
    await this.#peers.start(signal);
    await this.#candidacies.start(signal);
    await this.#http.start(signal);
    const { host, port } = this.#http.address();
    events({ event: 'serving', name, url: `http://${host}:${port}`, pid: process.pid });
    await this.#candidacies.startFailback(this.#ended.signal);
    await this.#openAdmin();
    // Who needs it before waits for it then; nothing else has to.
    this.#xpath.start().catch((error: unknown) => logger.warn('XPath cannot be started', { error: messageOf(error) }));
  }

  /** Gives its engines to others, finishes what is in flight, closes. */
  async stop(deadline: AbortSignal): Promise<void> {
    await this.#candidacies.stop(deadline);
    await Promise.all([this.#http.stop(deadline), this.#wire.stop(deadline)]);
    this.#ended.abort();
    await this.#peers.stop(deadline);
    await this.#sender.close();
    await this.#xpath.dispose();
    await this.#storage.dispose();
  }

  #status(): ServerStatus {
    const { name, live } = this.#options;
    const { moves } = this.#candidacies;
    const engines = this.#candidacies.status();
    return { server: name, pid: process.pid, topology: markOf(live.current), isDrained: moves.isDrained, engines };
  }

  #createServicePoint(): ServicePoint {
    const { live, topicModel, clock, logger } = this.#options;
    const { publicUrl, name } = live.current;
    const { maxSubscriptions, maxPullPoints } = defaultEngineLimits;
    return new ServicePoint({
      engines: this.#engines,
      publicUrl,
      get maxBodyBytes() {
        return live.current.limits.maxBodyBytes;
      },
      get conduct() {
        return live.current.conduct;
      },
      topics: { fixed: topicModel.fixed, element: (grown) => topicSetWith(topicModel, grown) },
      xpath: this.#xpath,
      onvif: {
        identity: { firmwareVersion: VERSION, serialNumber: name },
        capacity: { maxSubscriptions, maxPullPoints },
      },
      mail: new ReplyMail(this.#sender, logger),
      clock,
      logger,
    });
  }

  #createWire(servicePoint: ServicePoint): WireListener {
    const { name, secret, live, clock, logger } = this.#options;
    const channels: WireChannels = {
      calls: {
        [SOAP_CHANNEL]: answerRelayed(servicePoint, name),
        [ENGINE_CHANNEL]: answerEngineCalls((engine) => this.#engines.findHere(engine)),
        [DEAD_LETTERS_CHANNEL]: answerDeadLetterCalls(this.#engines),
        [BACKUP_CHANNEL]: answerBackups(live.current.store, (engine) => {
          return this.#candidacies.status().some(({ name: own, state }) => own === engine && state === 'active');
        }),
        [STATUS_CHANNEL]: () => Promise.resolve(pack(this.#status())),
        ...operatorCalls({
          moves: () => this.#candidacies.moves,
          members: () => this.#wire.members(),
          leave: () => this.#options.onLeave(),
        }),
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
      onMember: (member) => {
        member.tell(TOPOLOGY_CHANNEL, this.#news.encode());
        member.tell(ROUTES_CHANNEL, encodeRoutes(this.#directory.all()));
      },
    });
  }

  #createHttp(servicePoint: ServicePoint): HttpListener {
    const { live, name, logger } = this.#options;
    return new HttpListener({
      listen: this.#spec.listen,
      onPost: answerDirect(servicePoint, name),
      fallback: (request, response) => {
        this.#admin.promise.then(
          (app) => app(request, response),
          () => response.writeHead(503).end(),
        );
      },
      limits: viewOf(() => live.current.limits),
      logger,
    });
  }

  /** Loads what serves WSDL and pages, after the engines: a takeover must not wait for it. */
  async #openAdmin(): Promise<void> {
    const { live, name, wsdlDirectory, logger } = this.#options;
    const { publicUrl } = live.current;
    try {
      const { createAdminApp } = await import('../admin/app.ts');
      const health = () => ({ serving: !this.#ended.signal.aborted, details: { server: name } });
      this.#admin.resolve(createAdminApp({ wsdlDirectory, publicUrl, health, logger }));
    } catch (error) {
      this.#admin.reject(error);
      throw error;
    }
  }

  #createHost(engine: string): EngineHost {
    const { live, name, clock, logger, events } = this.#options;
    return new EngineHost({
      engine,
      server: name,
      live,
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
  }

  /** The engines that come are known before anything that has to do with them. */
  #adopt({ servers, engines }: Topology): void {
    const { name, onLeft } = this.#options;
    this.#engines.meet(engines.map((engine) => engine.name));
    this.#peers.replace(servers.filter((server) => server.name !== name));
    this.#directory.reconsider();
    this.#wire.broadcast(TOPOLOGY_CHANNEL, this.#news.encode());
    const changed = this.#candidacies.replace(engines);
    if (!servers.some((server) => server.name === name)) void changed.then(onLeft);
  }

  #fail(exitCode: number): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.onFailed(exitCode);
  }
}
