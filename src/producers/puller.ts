import type { Clock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import { WsnFault } from '../wsn/faults.ts';
import { isOwnEcho, passedOn, topologyName } from '../wsn/loop.ts';
import type { Notification } from '../wsn/messages.ts';
import { ProducerAnswerError } from './answer.ts';
import type { Endpoint, ProducerClient } from './producer-client.ts';
import type { Rest } from './rest.ts';

export interface PullerOptions {
  readonly client: ProducerClient;
  /** The subscription, which is its own pull point. */
  readonly from: Endpoint;
  /** The address of the source, as the topology has it. */
  readonly sourceAddress: string;
  readonly publicUrl: string;
  readonly lifetimeMs: number;
  readonly publish: (messages: readonly Notification[]) => Promise<void>;
  /** The device knows the subscription no longer, or does not serve it. */
  readonly onLost: () => void;
  readonly rest: Rest;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long one PullMessages waits for a first message, and how many it takes. */
const WAIT_MS = 20_000;
const MAX_MESSAGES = 100;
/** A device that does not wait is not asked more often. */
const PAUSE_MS = 1_000;
/** Faults in a row, after which a subscription is taken for lost whatever they say. */
const FAULTS_UNTIL_LOST = 3;

/** Takes the notifications of one subscription at an ONVIF event service (ONVIF Core §9.2), until it is stopped. */
export class Puller {
  readonly #options: PullerOptions;
  /** Aborted: asks no more. What was taken is still published. */
  readonly #closing = new AbortController();
  /** Aborted: what is not published stays unpublished. */
  readonly #cutting = new AbortController();
  readonly #running: Promise<void>;
  #maximum = MAX_MESSAGES;

  /** Begins at once. */
  constructor(options: PullerOptions) {
    this.#options = options;
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) options.logger.warn('Cannot pull from a source', { error });
    });
  }

  get from(): Endpoint {
    return this.#options.from;
  }

  /** Asks no more, and gives up the request under way. Resolves when what was taken before is published. */
  stop(): Promise<void> {
    this.#closing.abort();
    return this.#running;
  }

  /** As `stop`, without waiting for what is being published. */
  cut(): void {
    this.#closing.abort();
    this.#cutting.abort();
  }

  async #run(): Promise<void> {
    const { client, from, clock, rest, logger, lifetimeMs } = this.#options;
    const { signal } = this.#closing;
    const waitMs = Math.min(WAIT_MS, lifetimeMs / 2);
    for (;;) {
      signal.throwIfAborted();
      const startedAt = clock.monotonic();
      try {
        const { messages, refused } = await client.pullMessages(from, waitMs, this.#maximum, signal);
        rest.reset();
        if (refused > 0) logger.info('Pulled notifications that cannot be read', { refused });
        if (messages.length > 0) await this.#publish(messages);
        else await this.#pace(startedAt);
      } catch (error) {
        signal.throwIfAborted();
        const restMs = rest.failed(clock.monotonic());
        logger.debug('Cannot pull', { attempt: rest.failures, retryInMs: restMs, error: messageOf(error) });
        const isLost = this.#isLostBy(error);
        await clock.sleep(restMs, signal);
        if (!isLost) continue;
        this.#options.onLost();
        return;
      }
    }
  }

  async #pace(startedAt: number): Promise<void> {
    const { clock } = this.#options;
    const leftMs = PAUSE_MS - (clock.monotonic() - startedAt);
    if (leftMs > 0) await clock.sleep(leftMs, this.#closing.signal);
  }

  #isLostBy(error: unknown): boolean {
    if (!(error instanceof ProducerAnswerError) || error.isBusy) return false;
    const limit = Number(error.fault?.hints.get('MaxMessageLimit'));
    if (Number.isInteger(limit) && limit >= 1 && limit < this.#maximum) {
      this.#maximum = limit;
      return false;
    }
    return error.isResourceUnknown || this.#options.rest.failures >= FAULTS_UNTIL_LOST;
  }

  /** They are gone from the device, so they are tried until the engine has them, or says that it never will. */
  async #publish(messages: readonly Notification[]): Promise<void> {
    const { publicUrl, sourceAddress } = this.#options;
    const own = topologyName(publicUrl);
    const via = URL.canParse(sourceAddress) ? [new URL(sourceAddress).origin, own] : [own];
    const fresh = messages
      .filter((message) => !isOwnEcho(message, undefined, own))
      .map((message) => passedOn(message, via, sourceAddress));
    if (fresh.length === 0) return;
    if (await this.#accepts(fresh)) return;
    for (const message of fresh.length === 1 ? [] : fresh) await this.#accepts([message]);
  }

  /** False: the engine refuses them for good. */
  async #accepts(messages: readonly Notification[]): Promise<boolean> {
    const { publish, clock, rest, logger } = this.#options;
    for (;;) {
      this.#cutting.signal.throwIfAborted();
      try {
        await unlessAborted(publish(messages), this.#cutting.signal);
        rest.reset();
        return true;
      } catch (error) {
        this.#cutting.signal.throwIfAborted();
        if (error instanceof WsnFault) {
          logger.info('The engine refuses what was pulled', { messages: messages.length, error: error.message });
          return false;
        }
        logger.debug('Cannot publish what was pulled', { error: messageOf(error) });
        await clock.sleep(rest.failed(clock.monotonic()), this.#cutting.signal);
      }
    }
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new AbortController();
  try {
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: over.signal });
      promise.then(resolve, reject);
    });
  } finally {
    over.abort();
  }
}
