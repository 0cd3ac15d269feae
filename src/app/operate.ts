import { messageOf } from '../kernel/errors.ts';
import type { EngineName, ServerName } from '../kernel/names.ts';
import type { ServerSpec, Topology } from '../topology/model.ts';
import { askMember } from './ask-member.ts';
import {
  DRAIN_CHANNEL,
  LEAVE_CHANNEL,
  MOVE_CHANNEL,
  PROXIES_CHANNEL,
  STATUS_CHANNEL,
  type DrainOutcome,
  type DrainRequest,
  type HandoverRequest,
  type MoveOutcome,
  type ProxiesAnswer,
  type ProxiesRequest,
} from './channels.ts';
import { clusterSecret, type Environment } from './secret.ts';
import { askStatus, type MemberStatus } from './status.ts';

/** A move takes at most its drain, the grace of the others and a loading. */
const MOVE_MS = 15_000;
/** A drain moves one engine after the other. */
const DRAIN_MS = 60_000;
const ASK_MS = 3_000;

/** What an operator asked for cannot be done; the message says why, and what there is. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
}

/** A move that was asked for: done, or not needed because the engine runs there already. */
export type Moved = Extract<MoveOutcome, { isMoved: true }> | { readonly isMoved: false; readonly epoch: number };

/** What operators do to a running cluster, over the wire. */
export class Operations {
  readonly #topology: Topology;
  readonly #environment: Environment;

  constructor(topology: Topology, environment: Environment) {
    this.#topology = topology;
    this.#environment = environment;
  }

  /** Moves an engine to a server. Throws OperationError when it does not run there afterwards. */
  async move(engine: EngineName, to: ServerName): Promise<Moved> {
    const { engines } = this.#topology;
    const spec = engines.find(({ name }) => name === engine);
    if (spec === undefined) throw unknown('engine', engine, engines);
    this.#server(to);
    if (!spec.candidates.includes(to)) {
      throw new OperationError(`${to} is no candidate for ${engine}; the candidates are ${spec.candidates.join(', ')}`);
    }
    const members = await this.status();
    const holder = members.find((member) => activeEpoch(member, engine) !== undefined);
    if (holder === undefined) throw new OperationError(`${engine} runs nowhere now, so nobody can hand it over`);
    // Asked all the same: an operator who wants it where it is does not want it to move back.
    const isThere = holder.server === to;
    if (members.find(({ server }) => server === to)?.isUp !== true) throw new OperationError(`${to} is down`);
    const request: HandoverRequest = { engine, to };
    const outcome = (await this.#ask(this.#server(holder.server), MOVE_CHANNEL, request, MOVE_MS)) as MoveOutcome;
    if (isThere) return { isMoved: false, epoch: activeEpoch(holder, engine) ?? 0 };
    if (!outcome.isMoved) throw new OperationError(outcome.reason);
    return outcome;
  }

  /** Has a server give away all that it runs and take nothing, or ends that. Throws OperationError when it is down. */
  async drain(server: ServerName, isDrained: boolean): Promise<DrainOutcome> {
    const request: DrainRequest = { isDrained };
    return (await this.#ask(this.#server(server), DRAIN_CHANNEL, request, DRAIN_MS)) as DrainOutcome;
  }

  /** What every server says of itself. */
  status(): Promise<readonly MemberStatus[]> {
    return askStatus(this.#topology, this.#environment);
  }

  /** Tells a server to hand its engines over and to end with code 0. Gives its process id. */
  async leave(server: ServerName): Promise<number> {
    return ((await this.#ask(this.#server(server), LEAVE_CHANNEL, {}, ASK_MS)) as { readonly pid: number }).pid;
  }

  /** The proxies that one of the servers knows. `leave`: this one shall end with code 0. */
  async proxies(leave?: string): Promise<ProxiesAnswer['proxies']> {
    const request: ProxiesRequest = leave === undefined ? {} : { leave };
    let failure: unknown = new OperationError('The topology has no server');
    for (const server of this.#topology.servers) {
      try {
        return ((await this.#ask(server, PROXIES_CHANNEL, request, ASK_MS)) as ProxiesAnswer).proxies;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #server(name: ServerName): ServerSpec {
    const { servers } = this.#topology;
    const server = servers.find((one) => one.name === name);
    if (server === undefined) throw unknown('server', name, servers);
    return server;
  }

  async #ask(server: ServerSpec, channel: string, request: unknown, patienceMs: number): Promise<unknown> {
    const secret = await clusterSecret(this.#topology.store.directory, this.#environment);
    try {
      // One that is down must not be waited for as long as one that works.
      await askMember({ server, secret, channel: STATUS_CHANNEL, request: {}, patienceMs: ASK_MS });
      return await askMember({ server, secret, channel, request, patienceMs });
    } catch (error) {
      throw new OperationError(`${server.name} does not answer: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** The epoch in which an engine is active on a server; undefined when it is not. */
export function activeEpoch(member: MemberStatus, engine: EngineName): number | undefined {
  if (!member.isUp) return undefined;
  return member.engines.find(({ name, state }) => name === engine && state === 'active')?.epoch;
}

function unknown(what: string, name: string, known: readonly { readonly name: string }[]): OperationError {
  return new OperationError(
    `No ${what} "${name}" in the topology; there is ${known.map((one) => one.name).join(', ')}`,
  );
}
