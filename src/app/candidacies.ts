import { Failback } from '../cluster/failback.ts';
import { LeaseManager } from '../cluster/lease-manager.ts';
import type { Directory } from '../cluster/ports/directory.ts';
import type { LeaseStore } from '../cluster/ports/lease-store.ts';
import type { Placements } from '../cluster/ports/placements.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { randomId } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName, ServerName } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';
import type { EngineSpec, LeaseTimes } from '../topology/model.ts';
import { HANDOVER_CHANNEL, type HandoverRequest, type MoveOutcome, type ServerStatus } from './channels.ts';
import type { EngineHost } from './engine-host.ts';
import { Moves } from './moves.ts';
import type { Peers } from './peers.ts';

/** How long a holder may take to hand an engine over: its drain, and the time until it is taken. */
const HANDOVER_MS = 4_000;

export interface CandidaciesOptions {
  readonly server: ServerName;
  readonly leases: LeaseStore;
  readonly placements: Placements;
  readonly times: LeaseTimes;
  readonly directory: Directory;
  readonly peers: Peers;
  readonly hostOf: (engine: EngineName) => EngineHost;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This process must end: a lease was lost against its will. */
  readonly onDeposed: () => void;
}

/** The engines that one server may host: contends for each, asks for those back that belong here, gives them away. */
export class Candidacies {
  /** How engines leave this server. */
  readonly moves: Moves;
  readonly #options: CandidaciesOptions;
  readonly #leases: ReadonlyMap<EngineName, LeaseManager>;
  readonly #failbacks: readonly Failback[];

  /** `engines`: all of the topology; those that name the server as a candidate count. */
  constructor(engines: readonly EngineSpec[], options: CandidaciesOptions) {
    this.#options = options;
    const { server } = options;
    const hosted = engines.filter(({ candidates }) => candidates.includes(server));
    this.#leases = new Map(hosted.map((engine) => [engine.name, this.#createLeaseManager(engine)]));
    this.moves = new Moves({ ...options, engines, leaseOf: (engine) => this.#leases.get(engine) });
    this.#failbacks = hosted.filter(mayMoveBack).map((engine) => this.#createFailback(engine));
  }

  /** Begins to contend. Resolves at once; who gets what is decided by the leases. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#leases.values()].map((manager) => manager.start(signal)));
  }

  /** Begins to ask for engines that belong on this server, until `signal` aborts. */
  async startFailback(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#failbacks.map((failback) => failback.start(signal)));
  }

  /** Gives every engine to the best of the others, or to nobody if there is none. */
  async stop(deadline: AbortSignal): Promise<void> {
    await Promise.all(this.#failbacks.map((failback) => failback.stop()));
    await this.moves.giveAllAway(deadline);
    await Promise.all([...this.#leases.values()].map((manager) => manager.stop(deadline)));
  }

  status(): ServerStatus['engines'] {
    return [...this.#leases.values()].map(({ engine, state, epoch, problem }) => {
      const of = { ...(epoch === undefined ? {} : { epoch }), ...(problem === undefined ? {} : { problem }) };
      return { name: engine, state, ...of };
    });
  }

  #createLeaseManager({ name: engine, candidates }: EngineSpec): LeaseManager {
    const { server, leases, times, clock, logger, hostOf, onDeposed } = this.#options;
    const host = hostOf(engine);
    return new LeaseManager({
      engine,
      rank: candidates.indexOf(server),
      candidates,
      contender: { server, incarnation: randomId() },
      leases,
      times,
      clock,
      logger,
      activate: (tenure) => host.activate(tenure),
      onDeposed,
    });
  }

  #createFailback(spec: EngineSpec): Failback {
    const { name: engine, failbackDelayMs, failbackEveryMs } = spec;
    const { server: own, directory, peers, clock, logger } = this.#options;
    return new Failback({
      engine,
      failbackDelayMs,
      failbackEveryMs,
      isReady: () => this.moves.readiness({ engine }).isReady && this.moves.homeOf(spec) === own,
      holder: () => {
        const server = directory.find(engine)?.server;
        return server !== undefined && server !== own && peers.isConnected(server) ? server : undefined;
      },
      requestHandover: (wanted, holder) => this.#requestHandover(wanted, holder),
      clock,
      logger,
    });
  }

  async #requestHandover(engine: EngineName, holder: ServerName): Promise<boolean> {
    const request: HandoverRequest = { engine, to: this.#options.server, isFailback: true };
    using deadline = new Deadline(HANDOVER_MS);
    const { signal } = deadline;
    const answer = await this.#options.peers.find(holder)?.call(HANDOVER_CHANNEL, pack(request), { signal });
    return answer !== undefined && (unpack(answer) as MoveOutcome).isMoved;
  }
}

function mayMoveBack({ candidates, failback }: EngineSpec): boolean {
  return candidates.length > 1 && failback === 'automatic';
}
