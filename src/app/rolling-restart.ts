import type { Clock } from '../kernel/clock.ts';
import type { Topology } from '../topology/model.ts';
import { activeEpoch, OperationError, type Operations } from './operate.ts';
import type { MemberStatus } from './status.ts';

/** How long a member may take to drain, to be started by whoever runs it, and to be ready. */
const BACK_MS = 60_000;
const LOOK_EVERY_MS = 100;

/** One member has been restarted. */
export interface Restarted {
  readonly member: string;
  readonly pid: number;
  /** From the order to leave until it was ready again, in milliseconds. */
  readonly tookMs: number;
}

/**
 * Restarts members one after the other, so that no client notices: each hands over what it runs and ends with code 0;
 * whoever runs it (`pointsman up`, or the host's service manager) starts it again; only when it is ready does the next
 * one leave.
 */
export class RollingRestart {
  readonly #topology: Topology;
  readonly #operations: Operations;
  readonly #clock: Clock;

  constructor(topology: Topology, operations: Operations, clock: Clock) {
    this.#topology = topology;
    this.#operations = operations;
    this.#clock = clock;
  }

  /**
   * Restarts `only`, or the servers and then the proxies, and reports each. Throws OperationError when the cluster is
   * not whole before, or a member does not come back: then it goes no further.
   */
  async run(only: string | undefined, report: (restarted: Restarted) => void): Promise<void> {
    const { servers, proxies } = this.#topology;
    const members = [...servers, ...proxies]
      .map(({ name }) => name)
      .filter((name) => only === undefined || name === only);
    if (members.length === 0) {
      const there = [...servers, ...proxies].map(({ name }) => name).join(', ');
      throw new OperationError(`No member "${only ?? ''}" in the topology; there is ${there}`);
    }
    for (const member of members) {
      const isServer = servers.some(({ name }) => name === member);
      const since = this.#clock.monotonic();
      const pid = isServer ? await this.#restartServer(member) : await this.#restartProxy(member);
      report({ member, pid, tookMs: Math.round(this.#clock.monotonic() - since) });
    }
  }

  async #restartServer(server: string): Promise<number> {
    await this.#until(`before ${server} was to leave, the cluster was not whole`, async () => {
      return this.#isWhole(await this.#operations.status()) ? true : undefined;
    });
    const old = await this.#operations.leave(server);
    return this.#until(`${server} has left and is not back and ready`, async () => {
      const members = await this.#operations.status();
      const now = members.find((member) => member.server === server);
      return now?.isUp === true && now.pid !== old && this.#isWhole(members) ? now.pid : undefined;
    });
  }

  async #restartProxy(proxy: string): Promise<number> {
    const old = (await this.#operations.proxies(proxy)).find(({ name }) => name === proxy)?.pid;
    return this.#until(`${proxy} has left and is not back`, async () => {
      const found = (await this.#operations.proxies()).find(({ name, pid }) => name === proxy && pid !== old);
      return found?.pid;
    });
  }

  /** Every engine runs, and every candidate is ready to take it. */
  #isWhole(members: readonly MemberStatus[]): boolean {
    return this.#topology.engines.every(({ name, candidates }) => {
      const states = candidates.map((candidate) => {
        const member = members.find(({ server }) => server === candidate);
        return member?.isUp === true ? member.engines.find((engine) => engine.name === name)?.state : undefined;
      });
      const isActive = members.some((member) => activeEpoch(member, name) !== undefined);
      return isActive && states.every((state) => state === 'active' || state === 'standby');
    });
  }

  async #until<T>(failure: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = this.#clock.monotonic() + BACK_MS;
    for (;;) {
      const found = await look().catch(() => undefined);
      if (found !== undefined) return found;
      if (this.#clock.monotonic() >= deadline) throw new OperationError(`For ${BACK_MS / 1_000} s ${failure}`);
      await this.#clock.sleep(LOOK_EVERY_MS);
    }
  }
}
