import { pack } from '../kernel/packed.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import type { Tries } from './ports/outbox.ts';
import { unpackRecord } from './records.ts';
import type { Writer } from './writer.ts';

/** What failed last at a subscription, as it is stored. */
interface StoredRetry extends Tries {
  /** The first of its messages. */
  readonly seq: number;
  /** When it is tried again, milliseconds since 1970. */
  readonly at: number;
  /** The whole pause, so that a wall clock that has been set back cannot make it longer. */
  readonly waitMs: number;
}

interface RetriesOptions {
  readonly writer: Pick<Writer, 'putLater' | 'removeLater'>;
  readonly now: () => number;
}

/**
 * What failed last at each subscription. It is written with the next batch that comes along, never for its own sake: a
 * crash may forget the last tenth of a second of it, and then a try is counted once less.
 */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #bySubscription = new Map<string, StoredRetry>();

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  load(records: readonly KeyedRecord[]): void {
    for (const { key, value } of records) {
      this.#bySubscription.set(key, unpackRecord(`retry of ${key}`, value) as StoredRetry);
    }
  }

  /** The tries of the messages that begin with `seq`, and how much of the pause is left. */
  find(subscription: string, seq: number | undefined): (Tries & { readonly waitMs: number }) | undefined {
    const retry = this.#bySubscription.get(subscription);
    if (retry === undefined || retry.seq !== seq) return undefined;
    const { count, attempts, strikes, refusals, aloneThrough } = retry;
    const waitMs = Math.min(retry.waitMs, Math.max(0, retry.at - this.#options.now()));
    return {
      ...{ count, attempts, strikes, refusals, waitMs },
      ...(aloneThrough === undefined ? {} : { aloneThrough }),
    };
  }

  note(subscription: string, seq: number, tries: Tries, waitMs: number): void {
    const { writer, now } = this.#options;
    const retry: StoredRetry = { ...tries, seq, waitMs, at: now() + waitMs };
    this.#bySubscription.set(subscription, retry);
    writer.putLater({ space: 'retry', key: subscription, value: pack(retry) });
  }

  clear(subscription: string): void {
    if (this.#bySubscription.delete(subscription)) this.#options.writer.removeLater('retry', subscription);
  }

  /** Forgets what belongs to subscriptions that are no more. */
  sweep(isKnown: (subscription: string) => boolean): void {
    for (const subscription of this.#bySubscription.keys()) if (!isKnown(subscription)) this.clear(subscription);
  }
}
