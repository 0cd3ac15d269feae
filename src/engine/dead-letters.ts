import type { Logger } from '../kernel/log.ts';
import { pack } from '../kernel/packed.ts';
import type { Notification } from '../wsn/messages.ts';
import type { DeadLetterSummary } from './ports/engine.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import { unpackRecord, type StoredDeadLetter } from './records.ts';
import type { Writer } from './writer.ts';

interface DeadLettersOptions {
  readonly limits: { readonly maxDeadLetters: number; readonly maxDeadLetterBytes: number };
  readonly writer: Pick<Writer, 'removeLater'>;
  readonly logger: Logger;
}

/** A dead letter in memory: all but the message lies open, the message is within the record. */
interface Kept {
  readonly letter: StoredDeadLetter;
  readonly bytes: number;
}

/** The messages that were given up, in the order of that. Bounded: the oldest make room, and that is counted and logged. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;
  readonly #letters = new Map<string, Kept>();
  #bytes = 0;
  #evicted = 0;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** How many had to make room since the engine became active. */
  get evicted(): number {
    return this.#evicted;
  }

  load(records: readonly KeyedRecord[]): void {
    const stored = records.map(({ key, value }) => {
      // A copy: the record is a view of all that was loaded.
      const letter = unpackRecord(`dead letter ${key}`, Uint8Array.from(value)) as StoredDeadLetter;
      return { key, letter, bytes: value.byteLength };
    });
    stored.sort((a, b) => a.letter.at - b.letter.at || a.letter.seq - b.letter.seq);
    for (const { key, letter, bytes } of stored) this.#add(key, { letter, bytes });
  }

  /** The record of a letter, and what to do when it is on the disk. */
  plan(id: string, letter: StoredDeadLetter): { readonly record: KeyedRecord; readonly apply: () => void } {
    const value = pack(letter);
    const record = { space: 'dead-letter', key: id, value } as const;
    const kept = unpackRecord(`dead letter ${id}`, value) as StoredDeadLetter;
    return { record, apply: () => this.#add(id, { letter: kept, bytes: value.byteLength }) };
  }

  find(id: string): StoredDeadLetter | undefined {
    return this.#letters.get(id)?.letter;
  }

  /** The oldest first. */
  list(subscription: string | undefined): readonly DeadLetterSummary[] {
    const all = [...this.#letters].map(([id, { letter }]) => summaryOf(id, letter));
    return subscription === undefined ? all : all.filter((one) => one.subscription === subscription);
  }

  /** Removed from the store. */
  forget(id: string): void {
    const kept = this.#letters.get(id);
    if (kept === undefined) return;
    this.#letters.delete(id);
    this.#bytes -= kept.bytes;
  }

  #add(id: string, kept: Kept): void {
    const { limits, writer, logger } = this.#options;
    this.forget(id);
    this.#letters.set(id, kept);
    this.#bytes += kept.bytes;
    for (const [oldest, { letter }] of this.#letters) {
      if (this.#letters.size <= limits.maxDeadLetters && this.#bytes <= limits.maxDeadLetterBytes) return;
      this.forget(oldest);
      writer.removeLater('dead-letter', oldest);
      this.#evicted += 1;
      logger.warn('Too many dead letters: the oldest is dropped', { id: oldest, subscription: letter.subscription });
    }
  }
}

export function summaryOf(id: string, letter: StoredDeadLetter): DeadLetterSummary {
  const { subscription, consumer, seq, reason, status, attempts, at, topic, message } = letter;
  return {
    ...{ id, subscription, consumer, seq, reason, attempts, at, bytes: message.byteLength },
    ...(status === undefined ? {} : { status }),
    ...(topic === undefined ? {} : { topic }),
  };
}

/** What a dead letter carries. */
export function notificationOf({ topic, producer, message }: StoredDeadLetter): Notification {
  return {
    message,
    ...(topic === undefined ? {} : { topic }),
    ...(producer === undefined ? {} : { producer }),
  };
}
