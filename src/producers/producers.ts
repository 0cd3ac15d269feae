import { setMaxListeners } from 'node:events';
import type { ProducerOutlet } from '../engine/ports/remote-producers.ts';
import type { Clock } from '../kernel/clock.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { Tenure } from '../kernel/tenure.ts';
import type { Notification } from '../wsn/messages.ts';
import { type KeeperSurroundings, ProducerKeeper } from './keeper.ts';
import { ProducerClient, type RequestSender } from './producer-client.ts';

/** Milliseconds. */
interface ProducerTimes {
  readonly connectTimeoutMs: number;
  /** From the beginning of a request to the end of its reply. */
  readonly totalTimeoutMs: number;
  /** Upper bound of the first back-off; each further one is twice as high. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
}

export interface ProducersOptions {
  readonly outlet: ProducerOutlet;
  readonly sender: RequestSender;
  readonly tenure: Tenure;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The address of the topology as producers see it. */
  readonly publicUrl: string;
  readonly times: ProducerTimes;
  /** The engine's `notify` with the producer's id as resource: takes what was pulled. WsnFault: refused for good. */
  readonly publish: (id: string, messages: readonly Notification[]) => Promise<void>;
  /** What demand-based publishers are asked for as termination time, in milliseconds; default ten minutes. */
  readonly demandLifetimeMs?: number;
  /** For jitter; uniform in [0, 1). */
  readonly random?: () => number;
}

const DEMAND_LIFETIME_MS = 600_000;
/** How long stop() lets steps under way finish when it is given no deadline. */
const STOP_GRACE_MS = 1_000;

/**
 * The subscriptions that one engine holds at others: at demand-based publishers (WS-BrokeredNotification §4.3) and at the sources of
 * the topology. Runs under the engine's tenure: nothing is sent once it has ended.
 */
export class Producers {
  readonly #options: ProducersOptions;
  readonly #around: KeeperSurroundings;
  readonly #keepers = new Map<string, ProducerKeeper>();
  readonly #running = new Set<Promise<void>>();
  /** Aborted: no step is begun. */
  readonly #closing = new AbortController();
  /** Aborted: cuts the connections of steps under way. */
  readonly #cutting = new AbortController();
  #hasStarted = false;
  #stepsUnderWay = 0;

  constructor(options: ProducersOptions) {
    const { outlet, sender, tenure, clock, publicUrl, times, publish } = options;
    this.#options = options;
    // Every keeper and every request listens to one of them.
    setMaxListeners(0, this.#closing.signal, this.#cutting.signal);
    const client = new ProducerClient({
      sender,
      times,
      signal: this.#cutting.signal,
      mayBegin: () => tenure.isCurrent(),
    });
    this.#around = {
      outlet,
      client,
      clock,
      publicUrl,
      publish,
      logger: options.logger.child({ engine: outlet.engine, epoch: tenure.epoch }),
      // Read at each use: they may change.
      backoff: {
        get firstMs() {
          return times.firstRetryMs;
        },
        get maxMs() {
          return times.maxRetryMs;
        },
      },
      random: options.random ?? Math.random,
      demandLifetimeMs: options.demandLifetimeMs ?? DEMAND_LIFETIME_MS,
      closing: this.#closing.signal,
      onStep: (change) => (this.#stepsUnderWay += change),
    };
  }

  /** Producers that are looked after, and steps (a Subscribe, a Renew …) that are under way. */
  counters(): { readonly producers: number; readonly stepsUnderWay: number } {
    return { producers: this.#keepers.size, stepsUnderWay: this.#stepsUnderWay };
  }

  /** Begins to look after what the outlet names, until `signal` aborts or the tenure ends. Idempotent. */
  start(signal: AbortSignal): Promise<void> {
    const { outlet, tenure } = this.#options;
    if (this.#hasStarted) return Promise.resolve();
    this.#hasStarted = true;
    const over = { once: true, signal: this.#cutting.signal };
    for (const end of [signal, tenure.signal]) {
      if (end.aborted) this.#cut();
      else end.addEventListener('abort', () => this.#cut(), over);
    }
    if (!tenure.isCurrent()) this.#cut();
    if (!this.#closing.signal.aborted) outlet.onChange((id) => this.#changed(id), this.#closing.signal);
    return Promise.resolve();
  }

  /**
   * Begins no step, lets those under way finish and be remembered until `deadline` aborts (a second without one), then cuts
   * them. The subscriptions stay, for the next tenure. Idempotent.
   */
  async stop(deadline?: AbortSignal): Promise<void> {
    this.#closing.abort();
    const over = new AbortController();
    try {
      await Promise.race([this.#quiet(), this.#patience(over.signal, deadline)]);
    } finally {
      over.abort();
    }
    this.#cut();
    await this.#quiet();
  }

  /**
   * Resolves when there is a subscription for every topic of this producer, and it is remembered. Rejects with InfrastructureError
   * whose message names the producer's answer: `unreachable` at once for a refusal, `timed-out` when `patienceMs` milliseconds are
   * over, `shutting-down` when the producer or the tenure ends before. It is tried further all the same.
   */
  async established(id: string, patienceMs: number): Promise<void> {
    this.#changed(id);
    const keeper = this.#keepers.get(id);
    if (keeper !== undefined) return keeper.established(patienceMs);
    throw new InfrastructureError('shutting-down', `The producer "${id}" is not looked after here`, {
      processed: 'no',
    });
  }

  #changed(id: string): void {
    const known = this.#keepers.get(id);
    if (known !== undefined) {
      known.wake();
      return;
    }
    if (this.#closing.signal.aborted || this.#around.outlet.find(id) === undefined) return;
    const keeper = new ProducerKeeper(id, this.#around);
    this.#keepers.set(id, keeper);
    const running = keeper.run().finally(() => {
      this.#running.delete(running);
      this.#keepers.delete(id);
      // It may have come back while the last step was under way.
      if (this.#around.outlet.find(id)?.isEnded === false) this.#changed(id);
    });
    this.#running.add(running);
  }

  async #quiet(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #patience(over: AbortSignal, deadline: AbortSignal | undefined): Promise<void> {
    if (deadline === undefined) {
      await this.#options.clock.sleep(STOP_GRACE_MS, over).catch(() => undefined);
    } else if (!deadline.aborted) {
      await new Promise<void>((resolve) => {
        deadline.addEventListener('abort', () => resolve(), { once: true, signal: over });
      });
    }
  }

  #cut(): void {
    this.#closing.abort();
    this.#cutting.abort();
    for (const keeper of this.#keepers.values()) keeper.cut();
  }
}
