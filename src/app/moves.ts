import { FailbackDamping } from '../cluster/failback-damping.ts';
import type { Directory, Route } from '../cluster/ports/directory.ts';
import type { LeaseManager } from '../cluster/lease-manager.ts';
import type { Placements } from '../cluster/ports/placements.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName, ServerName } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';
import type { EngineSpec } from '../topology/model.ts';
import {
  PREPARE_CHANNEL,
  TAKE_CHANNEL,
  type DrainOutcome,
  type DrainRequest,
  type EngineRequest,
  type HandoverRequest,
  type MoveOutcome,
  type Readiness,
} from './channels.ts';
import type { Peers } from './peers.ts';

/** How long the holder of an engine may take to drain before it is handed over all the same. */
const DRAIN_MS = 2_000;
/** How long another server may take to say that it is ready. */
const PREPARE_MS = 500;
/** How long the new holder may take to serve before the move counts as failed: the others' grace, and a loading. */
const TAKING_MS = 5_000;
/** The same for a server that stops: whoever was to take it may be stopping too. */
const LEAVING_MS = 1_000;

export interface MovesOptions {
  readonly server: ServerName;
  /** Those that this server may host. */
  readonly engines: () => readonly EngineSpec[];
  /** This server's candidacy for an engine; undefined when it is no candidate. */
  readonly leaseOf: (engine: EngineName) => LeaseManager | undefined;
  readonly placements: Placements;
  readonly directory: Directory;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Planned moves, as the server sees them that gives an engine away (design: lease and delivery, §2.11): it asks the
 * target first, so that an engine that cannot move does not stop; and it tells it when the lease is free.
 */
export class Moves {
  readonly #options: MovesOptions;
  readonly #damping = new Map<EngineName, FailbackDamping>();
  #isDrained = false;

  constructor(options: MovesOptions) {
    this.#options = options;
  }

  /** This server takes no engine until it is undrained or starts anew. */
  get isDrained(): boolean {
    return this.#isDrained;
  }

  /** The server where an engine belongs while all is well: where an operator has put it, else the first candidate. */
  homeOf({ name, candidates }: EngineSpec): ServerName | undefined {
    try {
      const placed = this.#options.placements.find(name);
      return placed !== undefined && candidates.includes(placed) ? placed : candidates[0];
    } catch (error) {
      // Rather nowhere than where an operator did not want it.
      this.#options.logger.warn('Cannot tell where an engine belongs', { engine: name, error: messageOf(error) });
      return undefined;
    }
  }

  /** Whether this server would take the engine now. */
  readiness({ engine }: EngineRequest): Readiness {
    if (this.#isDrained) return { isReady: false, reason: 'it is drained' };
    const state = this.#options.leaseOf(engine)?.state;
    if (state === undefined) return { isReady: false, reason: 'it is no candidate' };
    return state === 'standby' ? { isReady: true } : { isReady: false, reason: `it is ${state}, not standby` };
  }

  /** The holder has released the engine for this server. */
  take({ engine }: EngineRequest): void {
    this.#options.leaseOf(engine)?.lookNow();
  }

  /** Moves an engine that runs here, and remembers that an operator wants it there. */
  async move({ engine, to }: HandoverRequest): Promise<MoveOutcome> {
    const { placements, engines, server } = this.#options;
    const before = placements.find(engine);
    const preferred = engines().find(({ name }) => name === engine)?.candidates[0];
    // Before the engine goes: from then on the preferred server may ask for it back.
    placements.put(engine, to === preferred ? undefined : to);
    if (to === server) return { isMoved: false, engine, reason: `${engine} runs on ${server} already` };
    const outcome = await this.handOver({ engine, to });
    if (!outcome.isMoved) placements.put(engine, before);
    return outcome;
  }

  /** Hands an engine that runs here over, and waits until it serves there. */
  async handOver(request: HandoverRequest, signal?: AbortSignal): Promise<MoveOutcome> {
    if (request.isFailback !== true) return this.#handOver(request, signal);
    const { engine } = request;
    const damping = this.#dampingOf(engine);
    if (!damping.mayGrant()) return { isMoved: false, engine, reason: `${engine} was given back not long ago` };
    const outcome = await this.#handOver(request, signal);
    if (outcome.isMoved) damping.granted();
    return outcome;
  }

  #dampingOf(engine: EngineName): FailbackDamping {
    const { engines, clock } = this.#options;
    const everyMs = engines().find(({ name }) => name === engine)?.failbackEveryMs ?? 0;
    const damping = this.#damping.get(engine) ?? new FailbackDamping({ everyMs, clock });
    this.#damping.set(engine, damping);
    return damping;
  }

  async #handOver({ engine, to }: HandoverRequest, signal?: AbortSignal): Promise<MoveOutcome> {
    const refuse = (reason: string): MoveOutcome => ({ isMoved: false, engine, reason });
    const lease = this.#options.leaseOf(engine);
    if (lease?.state !== 'active') return refuse(`${engine} does not run on ${this.#options.server}`);
    const { isReady, reason } = await this.#ask(to, engine);
    if (!isReady) return refuse(`${to} cannot take ${engine}: ${reason ?? 'it does not say why'}`);
    const arrival = new Arrival(engine, lease.epoch ?? 0, this.#options);
    try {
      using deadline = new Deadline(DRAIN_MS, signal);
      if (!(await lease.handOver(to, deadline.signal))) return refuse(`${engine} could not be released`);
      this.#tell(to, engine);
      const route = await arrival.wait(signal === undefined ? TAKING_MS : LEAVING_MS, signal);
      if (route === undefined) return refuse(`nobody has taken ${engine}; the log of ${to} says why`);
      if (route.server !== to) return refuse(`${to} has not taken ${engine}; it runs on ${route.server}`);
      const { pauseMs } = arrival;
      this.#options.logger.info('Engine moved', { engine, server: to, epoch: route.epoch, pauseMs });
      return { isMoved: true, engine, server: to, epoch: route.epoch, pauseMs };
    } catch (error) {
      this.#options.logger.warn('Cannot hand an engine over', { engine, server: to, error: messageOf(error) });
      return refuse(messageOf(error));
    } finally {
      arrival.end();
    }
  }

  /** Gives every engine to its best other candidate and takes none from now on, or ends that. */
  async drain({ isDrained }: DrainRequest): Promise<DrainOutcome> {
    this.#isDrained = isDrained;
    const moves: MoveOutcome[] = [];
    for (const { name } of this.#options.engines()) {
      const lease = this.#options.leaseOf(name);
      if (lease === undefined) continue;
      if (isDrained && lease.state !== 'standby') {
        const outcome = await this.#giveAway(name);
        moves.push(outcome);
        // What nobody else can take stays, and must come back here after a short absence of its process too.
        if (!outcome.isMoved) continue;
        if (this.#options.placements.find(name) === this.#options.server) this.#options.placements.put(name, undefined);
      }
      lease.standBack(isDrained);
    }
    return { moves };
  }

  /** Gives every engine that runs here to its best other candidate: this server is about to stop. */
  async giveAllAway(signal: AbortSignal): Promise<void> {
    this.#isDrained = true;
    const { engines, leaseOf } = this.#options;
    await Promise.all(
      engines().map(async ({ name }) => {
        const lease = leaseOf(name);
        lease?.standBack(true);
        if (lease?.state === 'active') await this.#giveAway(name, signal);
      }),
    );
  }

  /** The best other candidate that is ready now gets it. */
  async #giveAway(engine: EngineName, signal?: AbortSignal): Promise<MoveOutcome> {
    const { engines, server } = this.#options;
    const spec = engines().find(({ name }) => name === engine);
    let refusal: MoveOutcome = { isMoved: false, engine, reason: `nobody else can take ${engine}` };
    for (const to of spec?.candidates ?? []) {
      if (to === server || signal?.aborted === true) continue;
      const outcome = await this.handOver({ engine, to }, signal);
      if (outcome.isMoved) return outcome;
      refusal = outcome;
      // It was released: whoever is quickest has it now.
      if (this.#options.leaseOf(engine)?.state !== 'active') return refusal;
    }
    return refusal;
  }

  async #ask(to: ServerName, engine: EngineName): Promise<Readiness> {
    const peer = this.#options.peers.find(to);
    if (peer?.state !== 'connected') return { isReady: false, reason: 'it cannot be reached' };
    try {
      using deadline = new Deadline(PREPARE_MS);
      const request: EngineRequest = { engine };
      return unpack(await peer.call(PREPARE_CHANNEL, pack(request), { signal: deadline.signal })) as Readiness;
    } catch (error) {
      return { isReady: false, reason: messageOf(error) };
    }
  }

  /** It would find out by itself a moment later. */
  #tell(to: ServerName, engine: EngineName): void {
    const request: EngineRequest = { engine };
    this.#options.peers
      .find(to)
      ?.call(TAKE_CHANNEL, pack(request))
      .catch(() => undefined);
  }
}

/** Waits until an engine serves in a later epoch, and measures how long it served nowhere. */
class Arrival {
  readonly #end = new AbortController();
  readonly #clock: Clock;
  readonly #arrived: Promise<Route>;
  #leftAt: number | undefined;
  #pauseMs = 0;

  constructor(engine: EngineName, epoch: number, { directory, clock }: Pick<MovesOptions, 'directory' | 'clock'>) {
    this.#clock = clock;
    this.#arrived = new Promise((resolve) => {
      directory.onChange((route) => {
        if (route.engine !== engine) return;
        if (route.state === 'moving') this.#leftAt ??= clock.monotonic();
        if (route.epoch <= epoch || route.state !== 'active') return;
        this.#pauseMs = clock.monotonic() - (this.#leftAt ?? clock.monotonic());
        resolve(route);
      }, this.#end.signal);
    });
  }

  /** In milliseconds, with one digit. */
  get pauseMs(): number {
    return Math.round(this.#pauseMs * 10) / 10;
  }

  /** Where the engine serves now. Undefined: nowhere, for `ms` already. */
  async wait(ms: number, signal?: AbortSignal): Promise<Route | undefined> {
    const over = new AbortController();
    if (signal?.aborted === true) return undefined;
    signal?.addEventListener('abort', () => over.abort('over'), { signal: over.signal });
    try {
      const patience = this.#clock.sleep(ms, over.signal).catch(() => undefined);
      return await Promise.race([this.#arrived, patience.then(() => undefined)]);
    } finally {
      over.abort('over');
    }
  }

  end(): void {
    this.#end.abort('over');
  }
}
