import { createHash } from 'node:crypto';
import { pack } from '../kernel/packed.ts';
import type { TopicPath } from '../wsn/messages.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import type { LogEntry, StoredCurrent } from './records.ts';

interface Current {
  readonly at: number;
  readonly message: Uint8Array;
}

/**
 * The newest message of each topic, for GetCurrentMessage. What is published here is newer than all before; what comes
 * over a link only if it was published later than what is known. Bounded: the topic that has not changed for longest is
 * forgotten first.
 */
export class CurrentMessages {
  readonly #byTopic = new Map<TopicPath, Current>();
  /** When the newest message that is with the store was published: commits under way are not in #byTopic yet. */
  readonly #submitted = new Map<TopicPath, number>();
  readonly #maxTopics: number;
  readonly #maxBytes: number;
  readonly #forget: (key: string) => void;
  #bytes = 0;

  /** `forget` is called with the key of each record that is no longer wanted in the store. */
  constructor(limits: { maxCurrentTopics: number; maxCurrentBytes: number }, forget: (key: string) => void) {
    this.#maxTopics = limits.maxCurrentTopics;
    this.#maxBytes = limits.maxCurrentBytes;
    this.#forget = forget;
  }

  all(): Iterable<readonly [TopicPath, Current]> {
    return this.#byTopic;
  }

  find(topic: TopicPath): Current | undefined {
    return this.#byTopic.get(topic);
  }

  /** What to store along with these records: the newest of each topic. */
  plan(entries: readonly LogEntry[]): KeyedRecord[] {
    const newest = new Map<TopicPath, Current>();
    for (const { topic, recipient, isOwn, at, notification } of entries) {
      if (topic === undefined || recipient !== undefined) continue;
      if (!isOwn && at < (this.#submitted.get(topic) ?? -Infinity)) continue;
      this.#submitted.set(topic, at);
      newest.set(topic, { at, message: notification.message });
    }
    return [...newest].map(([topic, { at, message }]) => {
      const stored: StoredCurrent = { at, topic, message };
      return { space: 'current', key: keyOf(topic), value: pack(stored) };
    });
  }

  /** These records are on the disk. */
  update(entries: readonly LogEntry[]): void {
    for (const { topic, recipient, isOwn, at, notification } of entries) {
      if (topic === undefined || recipient !== undefined) continue;
      if (!isOwn && at < (this.#byTopic.get(topic)?.at ?? -Infinity)) continue;
      this.keep(topic, { at, message: notification.message });
    }
    this.#shrink();
  }

  /** Takes what was stored. */
  keep(topic: TopicPath, current: Current): void {
    this.#drop(topic);
    this.#byTopic.set(topic, current);
    this.#submitted.set(topic, current.at);
    this.#bytes += sizeOf(topic, current);
  }

  #shrink(): void {
    for (const topic of this.#byTopic.keys()) {
      if (this.#byTopic.size <= this.#maxTopics && this.#bytes <= this.#maxBytes) return;
      this.#drop(topic);
      this.#submitted.delete(topic);
      this.#forget(keyOf(topic));
    }
  }

  #drop(topic: TopicPath): void {
    const known = this.#byTopic.get(topic);
    if (known === undefined) return;
    this.#byTopic.delete(topic);
    this.#bytes -= sizeOf(topic, known);
  }
}

/** Keys have a fixed length, whatever publishers call their topics. */
function keyOf(topic: TopicPath): string {
  return createHash('sha1').update(topic).digest('hex');
}

function sizeOf(topic: TopicPath, { message }: Current): number {
  return 2 * topic.length + message.byteLength;
}
