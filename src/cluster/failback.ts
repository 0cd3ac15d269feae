import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import type { Logger } from '../kernel/log.ts';
import type { EngineName, ServerName } from '../kernel/names.ts';
import { settlesBefore, slept } from './bounded.ts';

export interface FailbackOptions {
  readonly engine: EngineName;
  /** How long this server must have been ready before it asks. After a refusal it waits at least twice as long. */
  readonly failbackDelayMs: number;
  /** After an engine was handed over this server does not ask again for this long; see FailbackDamping. */
  readonly failbackEveryMs: number;
  /** True while this server could run the engine but does not: its lease manager is a standby and it is not stopping. */
  readonly isReady: () => boolean;
  /** The other server that runs the engine and is healthy; undefined when there is none. */
  readonly holder: () => ServerName | undefined;
  /** Asks `holder` to hand the engine over to this server. False or a rejection: it did not. */
  readonly requestHandover: (engine: EngineName, holder: ServerName) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For jitter; uniform in [0, 1). */
  readonly random?: () => number;
}

/** A holder that does not answer for this long has refused. */
const REQUEST_LIMIT_MS = 30_000;

/**
 * Brings an engine back to its preferred server, which is where this runs (only for engines whose failback is
 * automatic). Damped: a server that comes and goes does not drag the engine along.
 */
export class Failback implements Component {
  readonly #options: FailbackOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #readySince: number | undefined;
  #delayMs: number;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: FailbackOptions) {
    this.#options = options;
    this.#delayMs = this.#jitteredDelayMs();
  }

  start(signal: AbortSignal): Promise<void> {
    if (this.#running !== undefined || this.#stopping.signal.aborted) return Promise.resolve();
    if (signal.aborted) this.#stopping.abort();
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true, signal: this.#stopping.signal });
    this.#running = this.#run();
    return Promise.resolve();
  }

  /** A request under way goes on without being waited for. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, failbackDelayMs } = this.#options;
    const lookEveryMs = Math.min(1_000, Math.max(50, failbackDelayMs / 10));
    do {
      const holder = this.#dueHolder();
      if (holder !== undefined) await this.#request(holder);
    } while (await slept(clock, lookEveryMs, this.#stopping.signal));
  }

  /** Whom to ask now; undefined when it is not time. */
  #dueHolder(): ServerName | undefined {
    const { clock, isReady, holder } = this.#options;
    const now = clock.monotonic();
    const server = isReady() ? holder() : undefined;
    if (server === undefined) {
      this.#readySince = undefined;
      return undefined;
    }
    this.#readySince ??= now;
    return now - this.#readySince >= this.#delayMs && now >= this.#notBefore ? server : undefined;
  }

  /** Up to a tenth more: servers that came up together do not all ask at once. */
  #jitteredDelayMs(): number {
    const { failbackDelayMs, random = Math.random } = this.#options;
    return failbackDelayMs * (1 + random() / 10);
  }

  async #request(holder: ServerName): Promise<void> {
    const { engine, failbackDelayMs, failbackEveryMs, requestHandover, clock, logger } = this.#options;
    const request: { isGranted?: boolean } = {};
    try {
      logger.info('Asking for the engine back', { engine, server: holder });
      const asking = requestHandover(engine, holder).then((isGranted) => (request.isGranted = isGranted));
      await settlesBefore(asking, [this.#stopping.signal], { ms: REQUEST_LIMIT_MS, clock });
    } catch (error) {
      logger.debug('Cannot ask for the engine', { engine, server: holder, error });
    }
    const isGranted = request.isGranted === true;
    if (!isGranted) logger.info('Engine was not handed over', { engine, server: holder });
    // Also after a success: if the engine does not stay here, the next try must not follow at once.
    this.#readySince = undefined;
    this.#delayMs = this.#jitteredDelayMs();
    this.#notBefore = clock.monotonic() + Math.max(2 * failbackDelayMs, isGranted ? failbackEveryMs : 0);
  }
}
