import { resolve } from 'node:path';
import { changesBetween } from '../topology/changes.ts';
import type { Topology } from '../topology/model.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { Deadline } from '../kernel/deadline.ts';
import { deferred } from '../kernel/deferred.ts';
import type { ListenerHandle } from '../http/listener/listener-options.ts';
import { EXIT } from './exit-codes.ts';
import {
  MemberChild,
  type MemberChildOptions,
  type MemberExit,
  type MemberIdentity,
  type MemberListener,
} from './member-child.ts';
import type { MemberEvent } from './member-events.ts';
import { RestartPauses } from './restart-pauses.ts';
import type { Environment } from './secret.ts';
import type { ReloadOutcome, TopologyKeeper } from './topology-keeper.ts';

/** How long a member that has gone from the topology may take to give everything up. */
const LEAVE_MS = 60_000;

/** What `pointsman up` reports. */
export type UpEvent =
  | {
      readonly event: 'ready';
      readonly proxies: readonly { readonly name: string; readonly url: string; readonly pid: number }[];
      readonly servers: readonly { readonly name: string; readonly url: string; readonly pid: number }[];
      readonly engines: readonly { readonly name: string; readonly server: string; readonly epoch: number }[];
    }
  | { readonly event: 'engine'; readonly name: string; readonly server: string; readonly epoch: number }
  | { readonly event: 'exit'; readonly name: string; readonly code: number | null; readonly signal: string | null }
  | { readonly event: 'restart'; readonly name: string; readonly pid: number }
  /** A member that has come to the topology. */
  | { readonly event: 'start'; readonly name: string; readonly pid: number }
  | ({ readonly event: 'reload' } & ReloadOutcome);

export interface SupervisorOptions {
  readonly keeper: TopologyKeeper;
  /** The program's entry file. */
  readonly program: string;
  readonly environment: Environment;
  /** False: a dead member stays dead. */
  readonly isRestarting: boolean;
  readonly clock: Clock;
  readonly report: (event: UpEvent) => void;
}

/** Starts every member of a topology on this machine, and starts them again when they die. */
export class Supervisor implements Component {
  readonly #options: SupervisorOptions;
  readonly #children = new Map<string, { readonly role: MemberIdentity['role']; readonly child: MemberChild }>();
  /** Proxies that still answer what they had when their successors took their places. */
  readonly #leaving = new Set<MemberChild>();
  readonly #doors = new Map<string, ListenerHandle>();
  #spare: MemberChild | undefined;
  readonly #serving = new Map<string, { readonly name: string; readonly url: string; readonly pid: number }>();
  readonly #engines = new Map<string, { readonly name: string; readonly server: string; readonly epoch: number }>();
  readonly #seen = new Map<string, Extract<MemberEvent, { event: 'sees' }>>();
  readonly #stopping = new AbortController();
  readonly #ready = deferred<undefined>();
  readonly #pauses = new RestartPauses();
  #isReady = false;

  readonly #childOptions: MemberChildOptions;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { keeper, program, environment } = options;
    const topologyFile = resolve(keeper.file);
    this.#childOptions = { program, environment, topologyFile, topologyText: () => keeper.text };
  }

  /** Resolves when everything serves. Rejects with MemberFailedError when a member cannot start at all. */
  async start(signal: AbortSignal): Promise<void> {
    const { live } = this.#options.keeper;
    const topology = live.current;
    live.onChange((after, before) => this.#adopt(after, before), this.#stopping.signal);
    signal.addEventListener('abort', () => this.#ready.reject(signal.reason), { once: true });
    for (const { name } of topology.servers) this.#spawn(name, 'server');
    for (const { name } of topology.proxies) this.#spawn(name, 'proxy');
    await this.#ready.promise;
  }

  /** Drains the proxies, then the servers; kills what is left when `deadline` aborts. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    const stopping = [...this.#leaving].map((child) => child.stop(deadline));
    if (this.#spare !== undefined) stopping.push(this.#spare.stop(deadline));
    // Nobody will accept what comes now.
    for (const door of this.#doors.values()) door.close();
    for (const role of ['proxy', 'server'] as const) {
      const members = [...this.#children.values()].filter((member) => member.role === role);
      await Promise.all(members.map(({ child }) => child.stop(deadline)));
    }
    await Promise.all(stopping);
  }

  /** Starts the members that have come, tells all, and looks after the end of those that have gone. */
  #adopt(after: Topology, before: Topology): void {
    for (const name of namesOf(before)) if (!this.#isWanted(name)) void this.#seeOff(name);
    // What needs a rolling restart reaches each member when it starts anew.
    if (changesBetween(before, after).every(({ change }) => change === 'live')) {
      const { text } = this.#options.keeper;
      for (const { child } of this.#children.values()) child.tell(text);
    }
    const known = new Set(namesOf(before));
    for (const role of ['server', 'proxy'] as const) {
      for (const { name } of role === 'server' ? after.servers : after.proxies) {
        // One that still drains is started again when it has ended.
        if (!known.has(name) && !this.#children.has(name)) this.#spawn(name, role, 'start');
      }
    }
  }

  /** A member that has gone from the topology ends by itself; one that does not is ended. */
  async #seeOff(name: string): Promise<void> {
    const child = this.#children.get(name)?.child;
    if (child === undefined) return;
    await this.#options.clock.sleep(LEAVE_MS, this.#stopping.signal).catch(() => undefined);
    if (this.#stopping.signal.aborted || this.#children.get(name)?.child !== child) return;
    using deadline = new Deadline(LEAVE_MS);
    await child.stop(deadline.signal);
  }

  #isWanted(name: string): boolean {
    return namesOf(this.#options.keeper.live.current).includes(name);
  }

  #spawn(name: string, role: MemberIdentity['role'], event: 'start' | 'restart' = 'restart'): void {
    const identity = { name, role };
    const listener: MemberListener = {
      onEvent: (event) => {
        if (event.event === 'leaving') this.#replaceLeaving(identity);
        else this.#note(event);
      },
      onListening: (door) => this.#keepDoor(name, door),
      onExit: (exit) => {
        this.#options.report({ event: 'exit', name, code: exit.code, signal: exit.signal });
        if (this.#leaving.delete(child)) return;
        this.#children.delete(name);
        this.#serving.delete(name);
        if (this.#isWanted(name)) void this.#startAgain(name, role, exit);
        else this.#closeDoor(name);
      },
    };
    const child = this.#start(identity, listener);
    this.#children.set(name, { role, child });
    if (this.#isReady) this.#options.report({ event, name, pid: child.pid });
  }

  /** A spare if there is one. What inherits a listening socket has to begin as one. */
  #start(identity: MemberIdentity, listener: MemberListener): MemberChild {
    const door = this.#doors.get(identity.name);
    const spare = this.#spare;
    if (spare?.become(identity, listener, door) === true) {
      this.#spare = undefined;
      return spare;
    }
    if (door === undefined) return new MemberChild(this.#childOptions, identity, listener);
    const child = new MemberChild(this.#childOptions, undefined, listener);
    child.become(identity, listener, door);
    return child;
  }

  /** While it is kept here, clients that connect between two lives of a proxy wait instead of being refused. */
  #keepDoor(name: string, door: ListenerHandle): void {
    if (!this.#options.isRestarting || this.#stopping.signal.aborted || this.#doors.has(name)) door.close();
    else this.#doors.set(name, door);
  }

  /** The proxy has gone from the topology. */
  #closeDoor(name: string): void {
    this.#doors.get(name)?.close();
    this.#doors.delete(name);
  }

  /** A proxy accepts nobody any more: the next one need not wait until it has ended. */
  #replaceLeaving({ name, role }: MemberIdentity): void {
    const left = this.#children.get(name);
    if (!this.#isWanted(name) || left === undefined || !this.#doors.has(name) || this.#stopping.signal.aborted) return;
    this.#leaving.add(left.child);
    this.#serving.delete(name);
    this.#spawn(name, role);
  }

  /** Only beside members that serve: what starts needs the processors more. */
  #keepSpare(): void {
    const { keeper, isRestarting } = this.#options;
    const { servers, proxies } = keeper.live.current;
    const isComplete = [...servers, ...proxies].every(({ name }) => this.#serving.has(name));
    if (!isRestarting || !isComplete || this.#spare !== undefined || this.#stopping.signal.aborted) return;
    const spare = new MemberChild(this.#childOptions, undefined, {
      onEvent: () => undefined,
      // Whatever ended it would end the next one too; a member that dies then starts without a spare.
      onExit: () => {
        if (this.#spare === spare) this.#spare = undefined;
      },
    });
    this.#spare = spare;
  }

  async #startAgain(name: string, role: MemberIdentity['role'], exit: MemberExit): Promise<void> {
    const { isRestarting, clock } = this.#options;
    if (this.#stopping.signal.aborted) return;
    if (!this.#isReady && (exit.code === EXIT.badConfiguration || exit.code === EXIT.unavailable || !isRestarting)) {
      this.#ready.reject(new MemberFailedError(name, exit.code));
      return;
    }
    if (!isRestarting) return;
    const pauseMs = this.#pauses.after(name, exit);
    const isTime = await clock.sleep(pauseMs, this.#stopping.signal).then(
      () => true,
      () => false,
    );
    if (isTime && this.#isWanted(name) && !this.#children.has(name)) this.#spawn(name, role);
  }

  #note(event: MemberEvent): void {
    switch (event.event) {
      case 'serving': {
        const { name, url, pid } = event;
        this.#serving.set(name, { name, url, pid });
        break;
      }
      case 'sees':
        this.#seen.set(event.name, event);
        break;
      case 'engine': {
        const { name, server, epoch } = event;
        if (epoch <= (this.#engines.get(name)?.epoch ?? 0)) break;
        this.#engines.set(name, { name, server, epoch });
        if (this.#isReady) this.#options.report(event);
        break;
      }
      case 'waiting':
      case 'leaving':
        break;
    }
    this.#reportWhenReady();
    if (this.#isReady && event.event === 'serving') this.#keepSpare();
  }

  #reportWhenReady(): void {
    if (this.#isReady) return;
    const { proxies, servers, engines } = this.#options.keeper.live.current;
    const isServing = [...proxies, ...servers].every(({ name }) => this.#serving.has(name));
    const isActive = engines.every(({ name }) => this.#engines.has(name));
    const isSeen = proxies.every(({ name }) => {
      const seen = this.#seen.get(name);
      return seen?.servers.length === servers.length && seen.engines.length === engines.length;
    });
    if (!isServing || !isActive || !isSeen) return;
    this.#isReady = true;
    const serving = (names: readonly { readonly name: string }[]) =>
      names.flatMap(({ name }) => this.#serving.get(name) ?? []);
    this.#options.report({
      event: 'ready',
      proxies: serving(proxies),
      servers: serving(servers),
      engines: engines.flatMap(({ name }) => this.#engines.get(name) ?? []),
    });
    this.#ready.resolve(undefined);
    this.#keepSpare();
  }
}

function namesOf({ servers, proxies }: Topology): readonly string[] {
  return [...servers, ...proxies].map(({ name }) => name);
}

/** A member could not be started; its own message is on the standard error output. */
export class MemberFailedError extends Error {
  override readonly name = 'MemberFailedError';
  readonly exitCode: number;

  constructor(member: string, exitCode: number | null) {
    super(`Cannot start "${member}": it ended with code ${exitCode ?? 'none'}`);
    this.exitCode = exitCode ?? EXIT.failed;
  }
}
