import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry } from '../../../src/engine/entry.ts';
import { EngineHost, messageOf, textOf, textsOf } from './test-engine.ts';

const TOPICS = ['a', 'b', 'c'] as const;

/** What a subscription is owed, and how far it has come. */
interface Owed {
  readonly id: string;
  readonly topic: string | undefined;
  readonly texts: string[];
  /** Everything before this index was delivered. */
  next: number;
  /** Where the engine of this life stands; undefined after a crash: anywhere up to `next`. */
  place: number | undefined;
  isPaused: boolean;
  isEnded: boolean;
}

class Model {
  readonly host = new EngineHost({ limits: { queueLength: 3, maxCacheBytes: 3_200, nearRecords: 10 } });
  readonly subscriptions: Owed[] = [];
  #count = 0;

  async subscribe(topic: string | undefined): Promise<void> {
    const id = await (topic === undefined ? this.host.subscribe() : this.host.subscribe(topic));
    this.subscriptions.push({ id, topic, texts: [], next: 0, place: 0, isPaused: false, isEnded: false });
  }

  async change(index: number, operation: 'pause' | 'resume' | 'unsubscribe'): Promise<void> {
    const owed = this.#pick(index);
    if (owed === undefined) return;
    await this.host.execute(operation, { subscription: owed.id });
    if (operation === 'unsubscribe') owed.isEnded = true;
    else owed.isPaused = operation === 'pause';
  }

  async notify(topic: string, count: number): Promise<void> {
    const texts = this.#texts(count);
    await Promise.all(texts.map(async (text) => this.host.notify(topic, text)));
    this.#owe(topic, texts);
  }

  async notifyOnFullDisk(topic: string): Promise<void> {
    this.host.life.store.plan('full');
    await this.host.notify(topic, ...this.#texts(1)).catch(() => undefined);
  }

  /** The process dies somewhere on the way: what it answered must be there, what it did not may be. */
  async notifyAndCrash(topic: string, turns: number): Promise<void> {
    const texts = this.#texts(2);
    const answered = new Set<string>();
    for (const text of texts) {
      this.host.notify(topic, text).then(
        () => answered.add(text),
        () => undefined,
      );
    }
    for (let i = 0; i < turns; i += 1) await Promise.resolve();
    await this.restart();
    const stored = [...this.host.medium.engine('ME1').log.values()].map(({ seq, bytes }) =>
      textOf(decodeEntry(seq, bytes).notification),
    );
    for (const text of answered) expect(stored).toContain(text);
    this.#owe(
      topic,
      texts.filter((text) => stored.includes(text)),
    );
  }

  async restart(): Promise<void> {
    await this.host.restart();
    for (const owed of this.subscriptions) owed.place = undefined;
  }

  async claim(index: number, count: number, outcome: 'delivered' | 'failed' | 'gone'): Promise<boolean> {
    const owed = this.#pick(index);
    return owed !== undefined && this.claimFor(owed, count, outcome);
  }

  /** True: there was something to claim. */
  async claimFor(owed: Owed, count: number, outcome: 'delivered' | 'failed' | 'gone'): Promise<boolean> {
    const claim = await this.host.claim(owed.id, count);
    if (claim === undefined) {
      if (!owed.isPaused && owed.place !== undefined) expect(owed.place).toBe(owed.texts.length);
      return false;
    }
    expect(owed.isPaused).toBe(false);
    const texts = textsOf(claim);
    const place = owed.place ?? owed.texts.indexOf(texts[0] ?? '');
    expect(place).toBeGreaterThanOrEqual(0);
    expect(place).toBeLessThanOrEqual(owed.next);
    expect(texts).toEqual(owed.texts.slice(place, place + texts.length));
    owed.place = outcome === 'delivered' ? place + texts.length : place;
    owed.next = Math.max(owed.next, owed.place);
    if (outcome === 'gone') owed.isPaused = true;
    claim.settle(outcome);
    if (outcome === 'gone') await this.host.clock.advance(1);
    return true;
  }

  /** Everything that is still owed is delivered. */
  async finish(): Promise<void> {
    for (const owed of this.subscriptions.filter(({ isEnded }) => !isEnded)) {
      await this.host.execute('resume', { subscription: owed.id });
      owed.isPaused = false;
      for (let idle = 0; idle < 3;) {
        if (await this.claimFor(owed, 4, 'delivered')) idle = 0;
        else idle += 1;
        await this.host.clock.advance(1);
      }
      expect(owed.next).toBe(owed.texts.length);
    }
    expect(this.host.life.failures).toEqual([]);
    await this.host.crash();
    expect(this.host.clock.sleeping).toBe(0);
  }

  #pick(index: number): Owed | undefined {
    const live = this.subscriptions.filter(({ isEnded }) => !isEnded);
    return live[index % Math.max(1, live.length)];
  }

  #texts(count: number): string[] {
    return Array.from({ length: count }, () => `m${(this.#count += 1)}`);
  }

  #owe(topic: string, texts: readonly string[]): void {
    for (const owed of this.subscriptions) {
      if (!owed.isEnded && (owed.topic === undefined || owed.topic === topic)) owed.texts.push(...texts);
    }
  }
}

const topic = fc.constantFrom(...TOPICS);
const index = fc.nat(9);
type Step = (model: Model) => Promise<unknown>;

function step<A extends unknown[]>(
  name: string,
  weight: number,
  args: { [K in keyof A]: fc.Arbitrary<A[K]> },
  run: (model: Model, ...args: A) => Promise<unknown>,
) {
  const arbitrary = fc.tuple<A>(...args).map((values): Step => {
    const todo: Step = async (model) => run(model, ...values);
    return Object.assign(todo, { toString: () => `${name}(${JSON.stringify(values)})` });
  });
  return { weight, arbitrary };
}

const steps = fc.array(
  fc.oneof(
    step('subscribe', 2, [fc.option(topic, { nil: undefined })], async (model, of) => model.subscribe(of)),
    step('unsubscribe', 1, [index], async (model, i) => model.change(i, 'unsubscribe')),
    step('pause', 1, [index], async (model, i) => model.change(i, 'pause')),
    step('resume', 2, [index], async (model, i) => model.change(i, 'resume')),
    step('notify', 6, [topic, fc.integer({ min: 1, max: 7 })], async (model, of, count) => model.notify(of, count)),
    step('full', 1, [topic], async (model, of) => model.notifyOnFullDisk(of)),
    step('dying', 2, [topic, fc.nat(30)], async (model, of, turns) => model.notifyAndCrash(of, turns)),
    step('crash', 1, [], async (model) => model.restart()),
    step('deliver', 6, [index, fc.integer({ min: 1, max: 5 })], async (model, i, count) =>
      model.claim(i, count, 'delivered'),
    ),
    step('fail', 1, [index], async (model, i) => model.claim(i, 2, 'failed')),
    step('gone', 1, [index], async (model, i) => model.claim(i, 2, 'gone')),
    step('advance', 2, [fc.constantFrom(1, 120, 1_100)], async (model, ms) => model.host.clock.advance(ms)),
  ),
  { minLength: 5, maxLength: 60 },
);

describe('whatever happens', () => {
  it('each subscription gets what was acknowledged and matches, in order, at least once, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (todo) => {
        const model = new Model();
        await model.host.start();
        for (const one of todo) await one(model);
        await model.finish();
      }),
      { numRuns: 60 },
    );
  });

  it('a pull point gives what its subscriptions and senders brought, in the order of the log, exactly once', async () => {
    const pullSteps = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.record({ notify: topic, count: fc.integer({ min: 1, max: 6 }) }) },
        { weight: 2, arbitrary: fc.record({ direct: fc.integer({ min: 1, max: 3 }) }) },
        { weight: 5, arbitrary: fc.record({ pull: fc.option(fc.nat(9), { nil: undefined }) }) },
        { weight: 1, arbitrary: fc.constant({ crash: true }) },
        { weight: 1, arbitrary: fc.record({ feed: fc.option(topic, { nil: undefined }) }) },
        { weight: 1, arbitrary: fc.record({ advance: fc.constantFrom(120, 1_100) }) },
      ),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(pullSteps, async (todo) => {
        const host = new EngineHost({ limits: { queueLength: 2, maxCacheBytes: 2_400, nearRecords: 5 } });
        await host.start();
        const { pullPoint } = await host.execute('createPullPoint', {});
        const filters: (string | undefined)[] = [];
        let owed: string[] = [];
        let count = 0;
        for (const one of [...todo, { pull: undefined }]) {
          if ('notify' in one) {
            const texts = Array.from({ length: one.count }, () => `m${(count += 1)}`);
            await host.notify(one.notify, ...texts);
            const copies = filters.filter((filter) => filter === undefined || filter === one.notify).length;
            for (const text of texts) owed.push(...Array.from({ length: copies }, () => text));
          } else if ('direct' in one) {
            const texts = Array.from({ length: one.direct }, () => `d${(count += 1)}`);
            await host.execute('notify', { resource: pullPoint, messages: texts.map((text) => messageOf('a', text)) });
            owed.push(...texts);
          } else if ('pull' in one) {
            const got = await host.pull(pullPoint, one.pull);
            expect(got).toEqual(owed.slice(0, one.pull ?? owed.length));
            owed = owed.slice(got.length);
          } else if ('crash' in one) {
            await host.restart();
          } else if ('feed' in one) {
            filters.push(one.feed);
            await (one.feed === undefined ? host.feed(pullPoint) : host.feed(pullPoint, one.feed));
          } else {
            await host.clock.advance(one.advance);
          }
        }
        expect(owed).toEqual([]);
        await host.crash();
      }),
      { numRuns: 60 },
    );
  });
});
