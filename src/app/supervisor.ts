import type { Topology } from '../topology/model.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { deferred } from '../kernel/deferred.ts';
import { EXIT } from './exit-codes.ts';
import { MemberChild, type MemberExit } from './member-child.ts';
import type { MemberEvent } from './member-events.ts';
import type { Environment } from './secret.ts';

/** A member that lived shorter than this is started again with growing pauses. */
const YOUNG_MS = 5_000;
const RESTART_PAUSE_MS = { first: 100, max: 5_000 };

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
  | { readonly event: 'restart'; readonly name: string; readonly pid: number };

export interface SupervisorOptions {
  readonly topology: Topology;
  readonly topologyFile: string;
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
  readonly #children = new Map<string, MemberChild>();
  readonly #serving = new Map<string, { readonly name: string; readonly url: string; readonly pid: number }>();
  readonly #engines = new Map<string, { readonly name: string; readonly server: string; readonly epoch: number }>();
  readonly #seen = new Map<string, Extract<MemberEvent, { event: 'sees' }>>();
  readonly #stopping = new AbortController();
  readonly #ready = deferred<undefined>();
  readonly #pauses = new Map<string, number>();
  #isReady = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Resolves when everything serves. Rejects with MemberFailedError when a member cannot start at all. */
  async start(signal: AbortSignal): Promise<void> {
    const { topology } = this.#options;
    signal.addEventListener('abort', () => this.#ready.reject(signal.reason), { once: true });
    for (const { name } of topology.servers) this.#spawn(name, 'server');
    for (const { name } of topology.proxies) this.#spawn(name, 'proxy');
    await this.#ready.promise;
  }

  /** Drains the proxies, then the servers; kills what is left when `deadline` aborts. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    for (const role of ['proxy', 'server'] as const) {
      const children = [...this.#children.values()].filter((child) => child.role === role);
      await Promise.all(children.map((child) => child.stop(deadline)));
    }
  }

  #spawn(name: string, role: 'server' | 'proxy'): void {
    const { topologyFile, program, environment, report } = this.#options;
    const child = new MemberChild({
      name,
      role,
      program,
      topologyFile,
      environment,
      onEvent: (event) => this.#note(event),
      onExit: (exit) => {
        this.#children.delete(name);
        this.#serving.delete(name);
        report({ event: 'exit', name, code: exit.code, signal: exit.signal });
        void this.#startAgain(name, role, exit);
      },
    });
    this.#children.set(name, child);
    if (this.#isReady) report({ event: 'restart', name, pid: child.pid });
  }

  async #startAgain(name: string, role: 'server' | 'proxy', { code, afterMs }: MemberExit): Promise<void> {
    const { isRestarting, clock } = this.#options;
    if (this.#stopping.signal.aborted) return;
    if (!this.#isReady && (code === EXIT.badConfiguration || code === EXIT.unavailable || !isRestarting)) {
      this.#ready.reject(new MemberFailedError(name, code));
      return;
    }
    if (!isRestarting) return;
    const pauseMs = afterMs >= YOUNG_MS ? 0 : (this.#pauses.get(name) ?? RESTART_PAUSE_MS.first);
    this.#pauses.set(name, afterMs >= YOUNG_MS ? 0 : Math.min(pauseMs * 2, RESTART_PAUSE_MS.max));
    await clock.sleep(pauseMs, this.#stopping.signal).catch(() => undefined);
    if (!this.#stopping.signal.aborted) this.#spawn(name, role);
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
    }
    this.#reportWhenReady();
  }

  #reportWhenReady(): void {
    if (this.#isReady) return;
    const { proxies, servers, engines } = this.#options.topology;
    const isServing = [...proxies, ...servers].every(({ name }) => this.#serving.has(name));
    const isActive = engines.every(({ name }) => this.#engines.has(name));
    const isSeen = proxies.every(({ name }) => {
      const seen = this.#seen.get(name);
      return seen !== undefined && seen.servers.length === servers.length && seen.engines.length === engines.length;
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
  }
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
