import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultBacklogLimits, type BacklogPolicy } from '../../../src/engine/backlog/backlog-limits.ts';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { EngineHost, textOf } from './test-engine.ts';

const POLICIES: readonly BacklogPolicy[] = ['dropOldest', 'pause', 'terminate', 'refusePublisher'];
const LOG = 60;

interface Reader {
  readonly id: string;
  readonly topic: string;
  /** What was acknowledged, by number of the log. */
  readonly owed: Map<number, string>;
  readonly delivered: Map<number, string>;
  /** Told with what was delivered, since the last restart each only once. */
  readonly gaps: { first: number; last: number; dropped: number }[];
}

/** Publishes, delivers and crashes, and keeps a simple account of who is owed what. */
class Account {
  readonly host: EngineHost;
  readonly readers: Reader[] = [];
  readonly #limit: number;
  #count = 0;

  constructor(policy: BacklogPolicy, limit: number) {
    this.#limit = limit;
    this.host = new EngineHost({
      limits: { queueLength: 4, nearRecords: 10, maxCacheBytes: 3_200 },
      backlog: {
        subscription: { ...defaultBacklogLimits.subscription, messages: limit, policy },
        engine: { messages: LOG, bytes: 1e9 },
        patienceMs: 0,
      },
    });
  }

  async subscribe(topic: string): Promise<void> {
    const id = await this.host.subscribe(topic);
    this.readers.push({ id, topic, owed: new Map(), delivered: new Map(), gaps: [] });
  }

  async publish(topic: string, count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const text = `m${(this.#count += 1)}`;
      try {
        await this.host.notify(topic, text);
      } catch (error) {
        if (!(error instanceof InfrastructureError) || error.retryAfterMs === undefined) throw error;
        continue;
      }
      const seq = this.host.medium.engine('ME1').head;
      for (const reader of this.readers) if (reader.topic === topic) reader.owed.set(seq, text);
      await this.host.clock.advance(0);
      expect(this.host.engine.backlogCounters().logMessages).toBeLessThanOrEqual(LOG);
    }
  }

  async deliver(index: number, count: number, outcome: 'delivered' | 'failed'): Promise<boolean> {
    const reader = this.readers[index % Math.max(1, this.readers.length)];
    const claim = reader && (await this.host.claim(reader.id, count));
    if (reader === undefined || claim === undefined) return false;
    for (const { seq, notification } of claim.messages) {
      expect(textOf(notification)).toBe(reader.owed.get(seq));
      if (outcome === 'delivered') reader.delivered.set(seq, textOf(notification));
    }
    if (outcome === 'delivered' && claim.gap !== undefined) reader.gaps.push(claim.gap);
    claim.settle(outcome);
    await this.host.clock.advance(0);
    return true;
  }

  /** Everything that is left is delivered; then each message was, or is in a gap, or its subscription has ended. */
  async settle(): Promise<void> {
    const { terminated } = this.host.engine.backlogCounters();
    let ended = 0;
    for (const [index, { id, owed, delivered, gaps, topic }] of this.readers.entries()) {
      try {
        await this.host.execute('resume', { subscription: id });
      } catch {
        ended += 1;
        continue;
      }
      let waited = 0;
      const before = delivered.size;
      while (await this.deliver(index, 3, 'delivered')) waited += 1;
      expect(delivered.size - before).toBeLessThanOrEqual(Math.max(this.#limit, waited * 3));
      // What has been dropped behind the last delivery is told with the next.
      await this.publish(topic, 1);
      while (await this.deliver(index, 3, 'delivered'));
      const missing = [...owed.keys()].filter((seq) => !delivered.has(seq));
      for (const seq of missing) {
        expect(
          gaps.some(({ first, last }) => first <= seq && seq <= last),
          `${seq} of ${id}`,
        ).toBe(true);
      }
      expect(gaps.reduce((sum, { dropped }) => sum + dropped, 0)).toBeGreaterThanOrEqual(missing.length);
    }
    expect(ended).toBeGreaterThanOrEqual(terminated);
    expect(this.host.life.failures).toEqual([]);
    await this.host.crash();
  }
}

const topic = fc.constantFrom('a', 'b');
const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ subscribe: topic }) },
  { weight: 5, arbitrary: fc.record({ publish: topic, count: fc.integer({ min: 1, max: 25 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      deliver: fc.nat(5),
      count: fc.integer({ min: 1, max: 5 }),
      outcome: fc.constantFrom('delivered' as const, 'failed' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ crash: true }) },
  { weight: 2, arbitrary: fc.record({ advance: fc.constantFrom(60, 120, 1_100) }) },
);

describe('within limits, whatever happens', () => {
  it.each(POLICIES)(
    'F30: %s: what was acknowledged is delivered in order, or told as a gap, or ended with its subscription',
    async (policy) => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 2, max: 30 }),
          fc.array(step, { minLength: 5, maxLength: 40 }),
          async (limit, todo) => {
            const account = new Account(policy, limit);
            await account.host.start();
            await account.subscribe('a');
            for (const one of todo) {
              if ('subscribe' in one) await account.subscribe(one.subscribe);
              else if ('publish' in one) await account.publish(one.publish, one.count);
              else if ('deliver' in one) await account.deliver(one.deliver, one.count, one.outcome);
              else if ('advance' in one) await account.host.clock.advance(one.advance);
              else await account.host.restart();
            }
            await account.host.clock.advance(1_200);
            await account.settle();
          },
        ),
        { numRuns: 25 },
      );
    },
  );
});
