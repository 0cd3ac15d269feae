import { resolve } from 'node:path';
import type { ListenerHandle } from '../http/listener/listener-options.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { deferred } from '../kernel/deferred.ts';
import type { Logger } from '../kernel/log.ts';
import {
  MemberChild,
  type MemberChildOptions,
  type MemberExit,
  type MemberIdentity,
  type MemberListener,
} from './member-child.ts';
import { RestartPauses } from './restart-pauses.ts';
import type { Environment } from './secret.ts';
import type { TopologyKeeper } from './topology-keeper.ts';

export interface ProxyWorkersOptions {
  readonly keeper: TopologyKeeper;
  /** The proxy's. */
  readonly name: string;
  /** The program's entry file. */
  readonly program: string;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long one that is not wanted any more may answer what it has. */
  readonly leavingMs: number;
}

/**
 * The further processes of a proxy: all accept from its one listening socket, so that it uses more than one core. The
 * proxy's own process is the first worker, and has its place as the number 0; it starts the others, and they end with it.
 */
export class ProxyWorkers {
  readonly #options: ProxyWorkersOptions;
  readonly #childOptions: MemberChildOptions;
  /** The places that somebody looks after, also while their worker is between two lives. */
  readonly #kept = new Set<number>();
  readonly #running = new Map<number, MemberChild>();
  readonly #dismissed = new WeakSet<MemberChild>();
  readonly #pauses = new RestartPauses();
  readonly #stopping = new AbortController();

  constructor(options: ProxyWorkersOptions) {
    this.#options = options;
    const { keeper, program, environment } = options;
    this.#childOptions = {
      ...{ program, environment },
      topologyFile: resolve(keeper.file),
      topologyText: () => keeper.text,
    };
  }

  /** From now on there are as many as the topology says, and they know it. `door`: the proxy's listening socket. */
  start(door: ListenerHandle): void {
    const { keeper } = this.#options;
    const adopt = (): void => {
      for (const worker of this.#running.values()) worker.tell(keeper.text);
      this.#fit(door);
    };
    keeper.live.onChange(adopt, this.#stopping.signal);
    this.#fit(door);
  }

  /** Has them drain as the proxy itself does; kills what is left when `deadline` aborts. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#running.values()].map((worker) => worker.leave(deadline)));
  }

  #fit(door: ListenerHandle): void {
    for (let place = 1; this.#isWanted(place); place += 1) {
      if (this.#kept.has(place)) continue;
      this.#kept.add(place);
      void this.#keep(place, door);
    }
    for (const [place, worker] of this.#running) {
      if (!this.#isWanted(place) && !this.#dismissed.has(worker)) void this.#dismiss(worker);
    }
  }

  /** None is wanted when the proxy has gone from the topology: it is about to end, and they with it. */
  #isWanted(place: number): boolean {
    const { keeper, name } = this.#options;
    const spec = keeper.live.current.proxies.find((proxy) => proxy.name === name);
    return spec !== undefined && place < spec.workers && !this.#stopping.signal.aborted;
  }

  /** One life after the other, for as long as the place is wanted. */
  async #keep(place: number, door: ListenerHandle): Promise<void> {
    const { clock, logger } = this.#options;
    while (this.#isWanted(place)) {
      const { code, signal, servedMs } = await this.#live(place, door);
      if (!this.#isWanted(place)) break;
      const pauseMs = this.#pauses.after(String(place), { code, servedMs });
      logger.warn('A worker has ended and is started again', { place, code, signal, pauseMs });
      await clock.sleep(pauseMs, this.#stopping.signal).catch(() => undefined);
    }
    this.#kept.delete(place);
  }

  async #live(place: number, door: ListenerHandle): Promise<MemberExit> {
    const exit = deferred<MemberExit>();
    const listener: MemberListener = { onEvent: () => undefined, onExit: exit.resolve };
    const identity: MemberIdentity = { name: this.#options.name, role: 'proxy', isWorker: true };
    const worker = new MemberChild(this.#childOptions, identity, listener, door);
    this.#running.set(place, worker);
    try {
      return await exit.promise;
    } finally {
      this.#running.delete(place);
    }
  }

  async #dismiss(worker: MemberChild): Promise<void> {
    this.#dismissed.add(worker);
    using deadline = new Deadline(this.#options.leavingMs);
    await worker.leave(deadline.signal);
  }
}
