import { assemble, type EngineOptions, type Parts } from '../src/engine/parts.ts';
import { createEntry } from '../src/engine/entry.ts';
import type { StoredSubscription } from '../src/engine/records.ts';
import type { Subscription } from '../src/engine/subscriptions.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { randomId } from '../src/kernel/ids.ts';
import { silentLogger } from '../src/kernel/log.ts';
import type { Tenure } from '../src/kernel/tenure.ts';
import { MemoryMedium } from '../src/storage/memory/memory-medium.ts';
import { MemoryStorage } from '../src/storage/memory/memory-storage.ts';
import type { EngineStore } from '../src/engine/ports/engine-store.ts';
import type { Filter } from '../src/wsn/messages.ts';
import type { XPath } from '../src/xml/xpath/xpath.ts';
import { consumerOf, MESSAGE, TOPICS } from './workload.ts';

/** A tenure that nobody ends. */
export function endlessTenure(epoch: number): Tenure {
  return { epoch, signal: new AbortController().signal, isCurrent: () => true };
}

/** What an engine is made of, but for its store. */
export function engineOptions(xpath: XPath, store: EngineStore): EngineOptions {
  return {
    ...{ name: 'ME1', store, tenure: endlessTenure(store.epoch), clock: systemClock, logger: silentLogger },
    ...{ peers: ['ME2', 'ME3'], xpath, properties: () => Buffer.from('<none/>') },
    limits: { maxTopics: 100_000 },
    onFailure: (error: Error) => {
      throw error;
    },
  };
}

/** The store of an engine in memory. */
export async function memoryStore(medium = new MemoryMedium()): Promise<EngineStore> {
  const storage = new MemoryStorage(medium);
  const lease = await storage.leases.acquire('ME1', { server: 'server1', incarnation: randomId() });
  if (lease === undefined) throw new Error('The lease is not free');
  return storage.openEngine('ME1', lease.epoch);
}

/** The n-th subscription as it is stored. */
export function storedSubscription(index: number, filter: Filter): StoredSubscription {
  const lifetime = { terminationTime: Date.now() + 86_400_000, creationTime: Date.now() };
  return { consumer: consumerOf(index), filter, ...lifetime, isPaused: false, since: 0 };
}

/**
 * The parts of a real engine that a committed notification goes through, without the store before and the network behind
 * them. Whoever has something to take takes it at once, so queues never grow full.
 */
export class MatchingEngine {
  readonly parts: Parts;
  /** How many notifications have come to a subscription. */
  taken = 0;
  readonly #subscribed: Subscription[] = [];
  #published = 0;

  private constructor(parts: Parts) {
    this.parts = parts;
    parts.subscriptions.ready.add((id) => this.#take(id), parts.life.signal);
  }

  /** An engine with as many subscriptions; the topics of the workload are known to it. */
  static async create(xpath: XPath, count: number, filterOf: (index: number) => Filter): Promise<MatchingEngine> {
    const engine = new MatchingEngine(assemble(engineOptions(xpath, await memoryStore())));
    for (const topic of TOPICS) engine.parts.topicSet.add(topic);
    for (let index = 0; index < count; index += 1) engine.#subscribed.push(engine.subscribe(index, filterOf(index)));
    return engine;
  }

  subscribe(index: number, filter: Filter): Subscription {
    const { subscriptions, log } = this.parts;
    const subscription = subscriptions.create(randomId(), storedSubscription(index, filter), log.head);
    subscription.cursor.goLive();
    subscriptions.add(subscription);
    return subscription;
  }

  /** Finds those that a notification on the next topic of `topics` is for, and does nothing with them. */
  route(topics: readonly string[]): void {
    const topic = topics[this.#published++ % topics.length];
    const place = { seq: this.#published, at: 0, size: MESSAGE.byteLength };
    const header = { seq: place.seq, place, topic, isOwn: true, recipient: undefined, message: MESSAGE };
    this.parts.distribution.route(header, () => (this.taken += 1));
  }

  /** All that happens in memory with a notification that was committed, on the next topic of `topics`. */
  publish(topics: readonly string[]): void {
    const topic = topics[this.#published++ % topics.length] ?? '';
    const { log, distribution } = this.parts;
    distribution.publish([createEntry(log.assign(), { at: Date.now() }, { topic, message: MESSAGE })]);
  }

  /** Does `work` once for each topic of the workload. */
  rotate(work: (topics: readonly string[]) => void): void {
    for (const topic of TOPICS) work([topic]);
  }

  #take(id: string): void {
    const { subscriptions, log } = this.parts;
    if (subscriptions.find(id)?.cursor.advance(log.head) === true) this.taken += 1;
  }
}
