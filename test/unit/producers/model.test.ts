import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WsnFault } from '../../../src/wsn/faults.ts';
import { type Misbehaviour, plain, unsupported } from '../../support/soap-producer.ts';
import { ID, LIFETIME_MS, Stage } from './fixtures/stage.ts';

const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];

const MISHAPS = ['cut-before', 'cut-after', 'busy', 'broken', 'unknown', 'unsupported'] as const;
type Mishap = (typeof MISHAPS)[number];

type Action =
  | { readonly kind: 'want'; readonly name: Name; readonly isWanted: boolean }
  | { readonly kind: 'list'; readonly name: Name; readonly isListed: boolean }
  | { readonly kind: 'mishaps'; readonly mishaps: readonly Mishap[] }
  | { readonly kind: 'forget'; readonly which: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'crash' | 'move' | 'quiet' | 'crash-unwritten' };

const name = fc.constantFrom(...NAMES);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('want' as const), name, isWanted: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('list' as const), name, isListed: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('mishaps' as const),
      mishaps: fc.array(fc.constantFrom(...MISHAPS), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), which: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 500, max: 90_000 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('crash' as const, 'move' as const, 'quiet' as const, 'crash-unwritten' as const),
    }),
  },
);

/** What is wanted of which topic; a topic that is not there is not listed. */
class Model {
  readonly topics = new Map<Name, boolean>([
    ['a', true],
    ['b', false],
  ]);
  readonly mishaps: Mishap[] = [];

  async apply(stage: Stage, step: Action): Promise<void> {
    switch (step.kind) {
      case 'want':
        if (this.topics.has(step.name)) this.topics.set(step.name, step.isWanted);
        this.tell(stage);
        return;
      case 'list':
        if (!step.isListed) this.topics.delete(step.name);
        else if (!this.topics.has(step.name)) this.topics.set(step.name, false);
        this.tell(stage);
        return;
      case 'mishaps':
        this.mishaps.push(...step.mishaps);
        return;
      case 'forget': {
        const keys = [...stage.producer.subscriptions.keys()];
        if (keys.length > 0) stage.producer.subscriptions.delete(keys[step.which % keys.length]!);
        return;
      }
      case 'pass':
        return stage.pass(step.ms, 10_000);
      case 'quiet':
        return stage.quiet();
      case 'crash':
        return stage.crash();
      case 'move':
        return stage.move();
      case 'crash-unwritten':
        stage.outlet.failure = new Error('the store is gone');
        await stage.quiet();
        await stage.crash();
        stage.outlet.failure = undefined;
    }
  }

  tell(stage: Stage): void {
    stage.demand(Object.fromEntries([...this.topics].map(([topic, isWanted]) => [topic, isWanted])));
  }

  /** The subscriptions that must run. */
  running(): readonly string[] {
    return [...this.topics].flatMap(([topic, isWanted]) => (isWanted ? [`t:${topic}`] : [])).sort();
  }

  /** Those that may be there besides, but paused. */
  paused(): readonly string[] {
    return [...this.topics].flatMap(([topic, isWanted]) => (isWanted ? [] : [`t:${topic} (paused)`])).sort();
  }
}

it('after whatever has happened, exactly the wanted subscriptions run at the publisher, each once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(action, { minLength: 3, maxLength: 14 }), async (canPause, actions) => {
      await using stage = await Stage.start();
      const model = new Model();
      stage.producer.canPause = canPause;
      stage.producer.misbehave = ({ message }): Misbehaviour => {
        switch (model.mishaps.shift()) {
          case undefined:
            return undefined;
          case 'cut-before':
            return 'cut-before';
          case 'cut-after':
            return 'cut-after';
          case 'busy':
            return plain(503, 'later');
          case 'broken':
            return plain(500, '<html>');
          case 'unknown':
            return new WsnFault('ResourceUnknownFault', 'never heard of it');
          case 'unsupported':
            return unsupported(message);
        }
      };
      model.tell(stage);
      stage.begin();
      for (const step of actions) await model.apply(stage, step);
      model.mishaps.length = 0;
      // Long enough for every back-off, and for strays to end: nobody renews them.
      await stage.quiet();
      await stage.pass(4 * LIFETIME_MS, 10_000);
      const alive = stage.producer.alive();
      expect(alive.filter((one) => !one.endsWith('(paused)'))).toEqual(model.running());
      const paused = alive.filter((one) => one.endsWith('(paused)'));
      expect(paused).toEqual(model.paused().filter((one) => paused.includes(one)));
      // What is remembered is what is there.
      const live = stage.outlet.remote(ID).filter((held) => held.canPause || !held.isPaused);
      expect(live.map(({ isPaused }) => isPaused).sort()).toEqual(alive.map((one) => one.endsWith('(paused)')).sort());
      expect(stage.outlet.remote(ID)).toHaveLength(model.topics.size);
    }),
    { numRuns: 60 },
  );
}, 120_000);

it('after the end of a registration nothing is left at the publisher', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 8 }), async (actions) => {
      await using stage = await Stage.start();
      const model = new Model();
      model.tell(stage);
      stage.begin();
      for (const step of actions) await model.apply(stage, step);
      stage.outlet.end(ID);
      await stage.quiet();
      await stage.pass(2 * LIFETIME_MS, 10_000);
      expect(stage.producer.alive()).toEqual([]);
      expect(stage.outlet.find(ID)).toBeUndefined();
      expect(stage.producers.counters()).toEqual({ producers: 0, stepsUnderWay: 0 });
    }),
    { numRuns: 20 },
  );
}, 60_000);
