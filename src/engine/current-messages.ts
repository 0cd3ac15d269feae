import { createHash } from 'node:crypto';
import { memoized } from '../kernel/memo.ts';
import { pack } from '../kernel/packed.ts';
import type { TopicPath } from '../wsn/messages.ts';
import type { KeyedRecord, Space } from './ports/engine-store.ts';
import type { LogEntry } from './entry.ts';
import { unpackRecord, type StoredCurrent } from './records.ts';

interface Current {
  readonly at: number;
  readonly message: Uint8Array;
}

/** The record that says up to which number of the log the others have everything. */
const THROUGH_KEY = 'through';

/**
 * The newest message of each topic, for GetCurrentMessage. What is published here is newer than all before; what comes
 * over a link only if it was published later than what is known. Bounded: the topic that has not changed for longest is
 * forgotten first.
 *
 * The log has every message anyway, so that the records of its newest ones are written once for many: before the log is
 * trimmed, and a few times a second. What was published after the last writing is read from the log at the next start.
 */
export class CurrentMessages {
  readonly #byTopic = new Map<TopicPath, Current>();
  /** Those whose record is older than what is known. */
  readonly #unwritten = new Set<TopicPath>();
  readonly #maxTopics: number;
  readonly #maxBytes: number;
  readonly #writer: LaterWriter;
  #bytes = 0;
  #latest: TopicPath | undefined;
  #through = 0;
  #writtenThrough = 0;

  constructor(limits: { maxCurrentTopics: number; maxCurrentBytes: number }, writer: LaterWriter) {
    this.#maxTopics = limits.maxCurrentTopics;
    this.#maxBytes = limits.maxCurrentBytes;
    this.#writer = writer;
  }

  /** The number of the newest record of the log that is known here. */
  get through(): number {
    return this.#through;
  }

  all(): Iterable<readonly [TopicPath, Current]> {
    return this.#byTopic;
  }

  find(topic: TopicPath): Current | undefined {
    return this.#byTopic.get(topic);
  }

  /** These records are on the disk. */
  update(entries: readonly LogEntry[]): void {
    for (const { seq, topic, recipient, isOwn, at, notification } of entries) {
      this.#through = seq;
      if (topic === undefined || recipient !== undefined) continue;
      if (!isOwn && at < (this.#byTopic.get(topic)?.at ?? -Infinity)) continue;
      this.#keep(topic, { at, message: notification.message });
      this.#unwritten.add(topic);
    }
    this.#shrink();
  }

  /** Takes what was stored, in any order. */
  load(records: readonly KeyedRecord[]): void {
    const stored: StoredCurrent[] = [];
    for (const { key, value } of records) {
      // A copy: the record is a view of all that was loaded, and would keep it in memory.
      const content = unpackRecord('a current message', Uint8Array.from(value));
      if (key === THROUGH_KEY) this.#through = (content as StoredThrough).through;
      else stored.push(content as StoredCurrent);
    }
    this.#writtenThrough = this.#through;
    stored.sort((a, b) => a.at - b.at);
    for (const { topic, at, message } of stored) this.#keep(topic, { at, message });
  }

  /** Has the records that are not up to date written with the next batch, and so before anything is trimmed after this call. */
  writeLater(): void {
    if (this.#writtenThrough === this.#through) return;
    for (const topic of this.#unwritten) {
      const current = this.#byTopic.get(topic);
      if (current === undefined) continue;
      const stored: StoredCurrent = { at: current.at, topic, message: current.message };
      this.#writer.putLater({ space: 'current', key: keyOf(topic), value: pack(stored) });
    }
    const through: StoredThrough = { through: this.#through };
    this.#writer.putLater({ space: 'current', key: THROUGH_KEY, value: pack(through) });
    this.#unwritten.clear();
    this.#writtenThrough = this.#through;
  }

  #keep(topic: TopicPath, current: Current): void {
    // What comes last stays last: to take it out and put it in again would cost more than all the rest.
    if (topic === this.#latest) this.#bytes -= sizeOf(topic, this.#byTopic.get(topic) ?? current);
    else this.#drop(topic);
    this.#latest = topic;
    this.#byTopic.set(topic, current);
    this.#bytes += sizeOf(topic, current);
  }

  #shrink(): void {
    if (this.#byTopic.size <= this.#maxTopics && this.#bytes <= this.#maxBytes) return;
    for (const topic of this.#byTopic.keys()) {
      if (this.#byTopic.size <= this.#maxTopics && this.#bytes <= this.#maxBytes) return;
      this.#drop(topic);
      this.#unwritten.delete(topic);
      this.#writer.removeLater('current', keyOf(topic));
    }
  }

  #drop(topic: TopicPath): void {
    const known = this.#byTopic.get(topic);
    if (known === undefined) return;
    this.#byTopic.delete(topic);
    if (topic === this.#latest) this.#latest = undefined;
    this.#bytes -= sizeOf(topic, known);
  }
}

/** Who brings records to the store without hurry. */
interface LaterWriter {
  putLater(record: KeyedRecord): void;
  removeLater(space: Space, key: string): void;
}

interface StoredThrough {
  readonly through: number;
}

/** Keys have a fixed length, whatever publishers call their topics. */
const keyOf = memoized((topic: TopicPath): string => createHash('sha1').update(topic).digest('hex'));

function sizeOf(topic: TopicPath, { message }: Current): number {
  return 2 * topic.length + message.byteLength;
}
