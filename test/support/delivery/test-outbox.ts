import type { Claim, Outbox, Tries, Verdict } from '../../../src/engine/ports/outbox.ts';
import type { Notification } from '../../../src/wsn/messages.ts';

type Settlement = Parameters<Claim['settle']>[0] | 'given up';

interface Queue {
  readonly subscription: string;
  readonly address: string;
  readonly options: SubscriptionOptions;
  readonly waiting: { readonly seq: number; readonly notification: Notification }[];
  isClaimed: boolean;
  isPaused: boolean;
  /** What failed last: of which message, and how often. */
  retry: { readonly seq: number; readonly tries: Tries; readonly waitMs: number } | undefined;
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
  /** Messages that were given up. */
  readonly dead: { readonly subscription: string; readonly seq: number; readonly verdict: Verdict }[] = [];
  /** False: nothing can be given up, because the store is full. */
  mayGiveUp = true;
  #seq = 0;
  /** What the next claims reject with. */
  failure: Error | undefined;
  claims = 0;
  /** True: claims are given at once, as for what is in memory. */
  isImmediate = false;

  subscribe(subscription: string, address: string, options: SubscriptionOptions = {}): void {
    const queue = { subscription, address, options, waiting: [], isClaimed: false, isPaused: false, retry: undefined };
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

  claim(subscription: string, maxCount: number, maxBytes: number): Claim | undefined | Promise<Claim | undefined> {
    this.claims += 1;
    if (this.isImmediate) return this.#claim(subscription, maxCount, maxBytes);
    return Promise.resolve().then(() => this.#claim(subscription, maxCount, maxBytes));
  }

  #claim(subscription: string, maxCount: number, maxBytes: number): Claim | undefined {
    if (this.failure !== undefined) throw this.failure;
    const queue = this.#queues.get(subscription);
    if (queue === undefined || queue.isPaused || queue.waiting.length === 0) return undefined;
    if (queue.isClaimed) throw new Error(`"${subscription}" is claimed already`);
    const retry = queue.retry?.seq === queue.waiting[0]?.seq ? queue.retry : undefined;
    const most = Math.min(maxCount, retry?.tries.count ?? maxCount);
    const messages = withinBytes(queue.waiting.slice(0, most), maxBytes);
    queue.isClaimed = true;
    const { referenceParameters = [], soapVersion = '1.2', dialect } = queue.options;
    const end = (outcome: Settlement): void => {
      if (!queue.isClaimed) throw new Error(`"${subscription}" was settled before`);
      queue.isClaimed = false;
      this.settled.push({ subscription, outcome, seqs: messages.map(({ seq }) => seq) });
      if (outcome === 'delivered' || outcome === 'given up') queue.waiting.splice(0, messages.length);
      queue.isPaused ||= outcome === 'gone';
      this.#announce(queue);
    };
    return {
      subscription,
      consumer: { address: queue.address, referenceParameters },
      soapVersion,
      ...(dialect === undefined ? {} : { dialect }),
      useRaw: queue.options.useRaw ?? false,
      messages,
      mayBeRepeated: false,
      ...(retry === undefined ? {} : { earlier: { ...retry.tries, waitMs: retry.waitMs } }),
      settle: end,
      postpone: (tries, waitMs) => {
        queue.retry = { seq: messages[0]!.seq, tries, waitMs };
        end('failed');
      },
      giveUp: async (verdict) => {
        await Promise.resolve();
        if (this.mayGiveUp) this.dead.push({ subscription, seq: messages[0]!.seq, verdict });
        end(this.mayGiveUp ? 'given up' : 'failed');
        return this.mayGiveUp;
      },
    };
  }

  /** What an earlier engine has left: the first message failed so often, and rests for so long. */
  inherit(subscription: string, tries: Tries, waitMs: number): void {
    const queue = this.#queues.get(subscription)!;
    queue.retry = { seq: queue.waiting[0]!.seq, tries, waitMs };
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
