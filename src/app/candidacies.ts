import { isDeepStrictEqual } from 'node:util';
import { Failback } from '../cluster/failback.ts';
import { LeaseManager } from '../cluster/lease-manager.ts';
import type { Directory } from '../cluster/ports/directory.ts';
import type { LeaseStore } from '../cluster/ports/lease-store.ts';
import type { Placements } from '../cluster/ports/placements.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { messageOf } from '../kernel/errors.ts';
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
/** How long an engine that may not run here any more waits for somebody who may. */
const SUCCESSOR_PATIENCE_MS = 30_000;
const SUCCESSOR_LOOK_MS = 20;

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
  readonly #leases = new Map<EngineName, LeaseManager>();
  readonly #failbacks = new Map<EngineName, Failback>();
  readonly #specs = new Map<EngineName, EngineSpec>();
  readonly #stopping = new AbortController();
  /** Changes are made one after the other: an engine may be given up and wanted again. */
  #changing: Promise<void> = Promise.resolve();
  readonly #signals: { leases?: AbortSignal; failbacks?: AbortSignal } = {};

  /** `engines`: all of the topology; those that name the server as a candidate count. */
  constructor(engines: readonly EngineSpec[], options: CandidaciesOptions) {
    this.#options = options;
    this.moves = new Moves({
      ...options,
      engines: () => [...this.#specs.values()],
      leaseOf: (engine) => this.#leases.get(engine),
    });
    for (const engine of engines) if (engine.candidates.includes(options.server)) this.#add(engine);
  }

  /**
   * From now on these are the engines of the topology. Contends for those that have come to this server; gives up those
   * that may not run here any more, when another candidate is within reach. Resolves when that is done.
   */
  async replace(engines: readonly EngineSpec[]): Promise<void> {
    this.#changing = this.#changing.then(() => this.#replace(engines));
    await this.#changing;
  }

  /** Begins to contend. Resolves at once; who gets what is decided by the leases. */
  async start(signal: AbortSignal): Promise<void> {
    this.#signals.leases = signal;
    await Promise.all([...this.#leases.values()].map((manager) => manager.start(signal)));
  }

  /** Begins to ask for engines that belong here, until `signal` aborts. */
  async startFailback(signal: AbortSignal): Promise<void> {
    this.#signals.failbacks = signal;
    await Promise.all([...this.#failbacks.values()].map((failback) => failback.start(signal)));
  }

  /** Gives every engine to others. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#failbacks.values()].map((failback) => failback.stop()));
    await this.moves.giveAllAway(deadline);
    await Promise.all([...this.#leases.values()].map((manager) => manager.stop(deadline)));
    await this.#changing;
  }

  status(): ServerStatus['engines'] {
    return [...this.#leases.values()].map(({ engine, state, epoch, problem }) => {
      const of = { ...(epoch === undefined ? {} : { epoch }), ...(problem === undefined ? {} : { problem }) };
      return { name: engine, state, ...of };
    });
  }

  #add(engine: EngineSpec): void {
    this.#specs.set(engine.name, engine);
    const manager = this.#createLeaseManager(engine);
    this.#leases.set(engine.name, manager);
    if (this.moves.isDrained) manager.standBack(true);
    if (this.#signals.leases !== undefined) void manager.start(this.#signals.leases);
    this.#addFailback(engine);
  }

  #addFailback(engine: EngineSpec): void {
    if (!mayMoveBack(engine)) return;
    const failback = this.#createFailback(engine);
    this.#failbacks.set(engine.name, failback);
    if (this.#signals.failbacks !== undefined) void failback.start(this.#signals.failbacks);
  }

  async #replace(engines: readonly EngineSpec[]): Promise<void> {
    const { server, logger } = this.#options;
    const hosted = new Map(
      engines.filter(({ candidates }) => candidates.includes(server)).map((one) => [one.name, one]),
    );
    for (const engine of hosted.values()) {
      const known = this.#specs.get(engine.name);
      if (known === undefined && !this.#stopping.signal.aborted) this.#add(engine);
      else if (known !== undefined && !isDeepStrictEqual(known, engine)) await this.#change(engine);
    }
    const given = [...this.#specs.keys()].filter((name) => !hosted.has(name));
    const leaving = given.map(async (name) => {
      const { candidates = [] } = engines.find((engine) => engine.name === name) ?? {};
      await this.#giveUp(name, candidates).catch((error: unknown) => {
        logger.warn('Cannot give the engine up in order', { engine: name, error: messageOf(error) });
      });
    });
    await Promise.all(leaving);
  }

  async #change(engine: EngineSpec): Promise<void> {
    this.#specs.set(engine.name, engine);
    this.#leases.get(engine.name)?.contendAmong(engine.candidates);
    await this.#failbacks.get(engine.name)?.stop();
    this.#failbacks.delete(engine.name);
    if (!this.#stopping.signal.aborted) this.#addFailback(engine);
  }

  /** Without another candidate the engine would run nowhere, so it stays for a while. */
  async #giveUp(engine: EngineName, candidates: readonly ServerName[]): Promise<void> {
    const { peers, clock, server } = this.#options;
    const { signal } = this.#stopping;
    const manager = this.#leases.get(engine);
    await this.#failbacks.get(engine)?.stop();
    this.#failbacks.delete(engine);
    const successor = (): ServerName | undefined => candidates.find((candidate) => peers.isConnected(candidate));
    const until = clock.monotonic() + SUCCESSOR_PATIENCE_MS;
    while (successor() === undefined && clock.monotonic() < until && !signal.aborted) {
      await clock.sleep(SUCCESSOR_LOOK_MS, signal).catch(() => undefined);
    }
    const to = successor();
    manager?.contendAmong([...candidates, server]);
    if (to !== undefined && !signal.aborted) await this.moves.handOver({ engine, to });
    using deadline = new Deadline(HANDOVER_MS);
    await manager?.stop(deadline.signal);
    this.#leases.delete(engine);
    this.#specs.delete(engine);
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
