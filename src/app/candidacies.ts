import { FailbackDamping } from '../cluster/failback-damping.ts';
import { Failback } from '../cluster/failback.ts';
import { LeaseManager } from '../cluster/lease-manager.ts';
import type { Directory } from '../cluster/ports/directory.ts';
import type { LeaseStore } from '../cluster/ports/lease-store.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { messageOf } from '../kernel/errors.ts';
import { randomId } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName, ServerName } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';
import type { EngineSpec, LeaseTimes } from '../topology/model.ts';
import { HANDOVER_CHANNEL, type HandoverRequest, type ServerStatus } from './channels.ts';
import type { EngineHost } from './engine-host.ts';
import type { Peers } from './peers.ts';

/** How long the holder of an engine may take to drain before it is handed over all the same. */
const HANDOVER_DRAIN_MS = 2_000;

export interface CandidaciesOptions {
  readonly server: ServerName;
  readonly leases: LeaseStore;
  readonly times: LeaseTimes;
  readonly directory: Directory;
  readonly peers: Peers;
  readonly hostOf: (engine: EngineName) => EngineHost;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This process must end: a lease was lost against its will. */
  readonly onDeposed: () => void;
}

/** The engines that one server may host: contends for each, asks for those back that prefer it, hands them over. */
export class Candidacies {
  readonly #options: CandidaciesOptions;
  readonly #leases: ReadonlyMap<EngineName, LeaseManager>;
  readonly #failbacks: readonly Failback[];
  readonly #damping: ReadonlyMap<EngineName, FailbackDamping>;

  /** `engines`: all of the topology; those that name the server as a candidate count. */
  constructor(engines: readonly EngineSpec[], options: CandidaciesOptions) {
    this.#options = options;
    const { server } = options;
    const hosted = engines.filter(({ candidates }) => candidates.includes(server));
    this.#leases = new Map(hosted.map((engine) => [engine.name, this.#createLeaseManager(engine)]));
    const dampingOf = ({ failbackEveryMs: everyMs }: EngineSpec) =>
      new FailbackDamping({ everyMs, clock: options.clock });
    this.#damping = new Map(hosted.map((engine) => [engine.name, dampingOf(engine)]));
    this.#failbacks = hosted.filter((engine) => isPreferred(engine, server)).map((one) => this.#createFailback(one));
  }

  /** Begins to contend. Resolves at once; who gets what is decided by the leases. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#leases.values()].map((manager) => manager.start(signal)));
  }

  /** Begins to ask for engines that prefer this server, until `signal` aborts. */
  async startFailback(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#failbacks.map((failback) => failback.start(signal)));
  }

  /** Gives every engine to others. */
  async stop(deadline: AbortSignal): Promise<void> {
    await Promise.all(this.#failbacks.map((failback) => failback.stop()));
    await Promise.all([...this.#leases.values()].map((manager) => manager.stop(deadline)));
  }

  status(): ServerStatus['engines'] {
    return [...this.#leases.values()].map(({ engine, state, epoch, problem }) => {
      const of = { ...(epoch === undefined ? {} : { epoch }), ...(problem === undefined ? {} : { problem }) };
      return { name: engine, state, ...of };
    });
  }

  /** Hands an engine that runs here over to another server, at that server's wish. */
  async handOver({ engine, to, isFailback }: HandoverRequest): Promise<{ readonly isReleased: boolean }> {
    const manager = this.#leases.get(engine);
    if (manager === undefined || !this.#options.peers.isConnected(to)) return { isReleased: false };
    if (isFailback === true && this.#damping.get(engine)?.mayGrant() !== true) return { isReleased: false };
    try {
      using deadline = new Deadline(HANDOVER_DRAIN_MS);
      const isReleased = await manager.handOver(to, deadline.signal);
      if (isFailback === true && isReleased) this.#damping.get(engine)?.granted();
      return { isReleased };
    } catch (error) {
      this.#options.logger.warn('Handover failed', { engine, to, error: messageOf(error) });
      return { isReleased: false };
    }
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

  #createFailback({ name: engine, failbackDelayMs, failbackEveryMs }: EngineSpec): Failback {
    const { server: own, directory, peers, clock, logger } = this.#options;
    return new Failback({
      engine,
      failbackDelayMs,
      failbackEveryMs,
      isReady: () => this.#leases.get(engine)?.state === 'standby',
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
    using deadline = new Deadline(HANDOVER_DRAIN_MS * 2);
    const { signal } = deadline;
    const answer = await this.#options.peers.find(holder)?.call(HANDOVER_CHANNEL, pack(request), { signal });
    return answer !== undefined && (unpack(answer) as { isReleased: boolean }).isReleased;
  }
}

function isPreferred({ candidates, failback }: EngineSpec, server: string): boolean {
  return candidates[0] === server && candidates.length > 1 && failback === 'automatic';
}
