import { setTimeout as delay } from 'node:timers/promises';
import { publish, type SendOptions } from './soap-client.ts';

/** A publisher that sends numbered notifications, one after the other, until it is stopped. */
export class Stream {
  /** Payloads that were acknowledged, in order. */
  readonly acknowledged: string[] = [];
  /** What a client saw that is no acknowledgement. */
  readonly errors: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    url: () => string,
    topic: string,
    options: SendOptions & { readonly engine?: string; readonly name?: string; readonly pauseMs?: number } = {},
  ) {
    this.#running = this.#run(url, topic, options);
  }

  /** Stops after the request in flight. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(
    url: () => string,
    topic: string,
    {
      name = 'n',
      pauseMs = 4,
      ...options
    }: SendOptions & { readonly engine?: string; readonly name?: string; readonly pauseMs?: number },
  ): Promise<void> {
    for (let number = 1; !this.#stop.signal.aborted; number += 1) {
      const payload = `${name}${String(number)}`;
      try {
        const answer = await publish(url(), topic, payload, options);
        if (answer.status === 202) this.acknowledged.push(payload);
        else this.errors.push(`${payload}: HTTP ${String(answer.status)} ${answer.fault ?? ''}`);
      } catch (error) {
        this.errors.push(`${payload}: ${String(error)}`);
      }
      await delay(pauseMs);
    }
  }
}

/** `payloads` without repetitions: the order of first arrivals. */
export function firstArrivals(payloads: readonly string[]): readonly string[] {
  return [...new Set(payloads)];
}
