import type { Claim, Outbox } from '../../../src/engine/ports/outbox.ts';
import type { Notification } from '../../../src/wsn/messages.ts';

type Settlement = Parameters<Claim['settle']>[0];

interface Queue {
  readonly subscription: string;
  readonly address: string;
  readonly options: SubscriptionOptions;
  readonly waiting: { readonly seq: number; readonly notification: Notification }[];
  isClaimed: boolean;
  isPaused: boolean;
}

export interface SubscriptionOptions {
  readonly referenceParameters?: readonly string[];
  readonly soapVersion?: '1.1' | '1.2';
  readonly dialect?: string;
  readonly useRaw?: boolean;
}

/** A wsnt:Message with a text payload. */
export function textMessage(text: string): Notification {
  const message = `<wsnt:Message xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"><e xmlns="urn:test">${text}</e></wsnt:Message>`;
  return { topic: '{urn:topics}news/sport', message: Buffer.from(message) };
}

/** What an engine has to push, in memory. Says so when a claim is not settled before the next one of the same subscription. */
export class TestOutbox implements Outbox {
  readonly settled: {
    readonly subscription: string;
    readonly outcome: Settlement;
    readonly seqs: readonly number[];
  }[] = [];
  readonly #queues = new Map<string, Queue>();
  readonly #listeners = new Set<(subscription: string) => void>();
  #seq = 0;
  /** What the next claims reject with. */
  failure: Error | undefined;
  claims = 0;

  subscribe(subscription: string, address: string, options: SubscriptionOptions = {}): void {
    const queue = { subscription, address, options, waiting: [], isClaimed: false, isPaused: false };
    this.#queues.set(subscription, queue);
  }

  push(subscription: string, ...texts: readonly string[]): void {
    const queue = this.#queues.get(subscription)!;
    for (const text of texts) queue.waiting.push({ seq: (this.#seq += 1), notification: textMessage(text) });
    this.#announce(queue);
  }

  /** How many messages of a subscription are not delivered. */
  backlog(subscription: string): number {
    return this.#queues.get(subscription)!.waiting.length;
  }

  onReady(listener: (subscription: string) => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener));
    for (const queue of this.#queues.values()) this.#announce(queue);
  }

  async claim(subscription: string, maxCount: number, maxBytes: number): Promise<Claim | undefined> {
    this.claims += 1;
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    const queue = this.#queues.get(subscription);
    if (queue === undefined || queue.isPaused || queue.waiting.length === 0) return undefined;
    if (queue.isClaimed) throw new Error(`"${subscription}" is claimed already`);
    const messages = withinBytes(queue.waiting.slice(0, maxCount), maxBytes);
    queue.isClaimed = true;
    const { referenceParameters = [], soapVersion = '1.2', dialect } = queue.options;
    return {
      subscription,
      consumer: { address: queue.address, referenceParameters },
      soapVersion,
      ...(dialect === undefined ? {} : { dialect }),
      useRaw: queue.options.useRaw ?? false,
      messages,
      settle: (outcome) => {
        if (!queue.isClaimed) throw new Error(`"${subscription}" was settled before`);
        queue.isClaimed = false;
        this.settled.push({ subscription, outcome, seqs: messages.map(({ seq }) => seq) });
        if (outcome === 'delivered') queue.waiting.splice(0, messages.length);
        queue.isPaused ||= outcome === 'gone';
        this.#announce(queue);
      },
    };
  }

  /** Also after a failure: a listener must not take that for an invitation to hurry. */
  #announce(queue: Queue): void {
    if (queue.waiting.length === 0 || queue.isPaused) return;
    for (const listener of this.#listeners) listener(queue.subscription);
  }
}

function withinBytes(messages: Queue['waiting'], maxBytes: number): Queue['waiting'] {
  let bytes = 0;
  return messages.filter(({ notification }, index) => {
    bytes += notification.message.byteLength;
    return index === 0 || bytes <= maxBytes;
  });
}
