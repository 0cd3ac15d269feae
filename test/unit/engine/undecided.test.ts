import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Consumer, Filter, FilterExpression, SubscriptionPolicy } from '../../../src/wsn/messages.ts';
import { XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { WaveringXPath } from '../../support/wavering-xpath.ts';
import { EngineHost, failureOf, textOf } from './test-engine.ts';

const expression = (text: string): FilterExpression => ({ dialect: XPATH_DIALECT, text, namespaces: { p: 'urn:p' } });
const EVEN: Filter = { topics: [], contents: [expression('/v mod 2 = 0')] };
const ALL: Filter = { topics: [] };
const ON_A: Filter = { topics: [{ dialect: XPATH_DIALECT, text: 'a[not(missing)]', namespaces: {} }] };
const OPEN: Filter = { topics: [], producerProperties: [expression('/p:Broker/p:Fixed = "false"')] };
const PUSH: Consumer = {
  kind: 'push',
  reference: { address: 'http://consumer/', referenceParameters: [] },
  soapVersion: '1.2',
};
/** From one asking to the next: a round of the engine's own upkeep. */
const PAUSE_MS = 100;
const MOST_PAUSE_MS = 2_000;

async function subscribe(
  host: EngineHost,
  filter: Filter,
  consumer: Consumer = PUSH,
  policy: SubscriptionPolicy = {},
): Promise<string> {
  const request = { consumer, filter, policy, termination: { kind: 'absent' } } as const;
  return (await host.execute('subscribe', request)).subscription;
}

async function publish(host: EngineHost, ...values: readonly number[]): Promise<void> {
  const messages = values.map((value) => ({
    topic: 'a',
    message: Buffer.from(`<w:Message xmlns:w="urn:w"><v>${value}</v></w:Message>`),
  }));
  await host.execute('notify', { messages });
}

const valueOf = (text: string): number => Number(/<v>(\d+)</.exec(text)?.[1]);

async function deliver(host: EngineHost, subscription: string, count = 100): Promise<number[]> {
  const claim = await host.claim(subscription, count);
  const values = claim?.messages.map(({ notification }) => valueOf(textOf(notification)));
  claim?.settle('delivered');
  return values ?? [];
}

async function pull(host: EngineHost, pullPoint: string, maximum?: number): Promise<number[]> {
  return (await host.pull(pullPoint, maximum)).map(valueOf);
}

/** A host whose machine is busy for the next answers that are scripted, and idle after them. */
function hostWith(limits: { queueLength?: number; nearRecords?: number } = {}) {
  const script: boolean[] = [];
  const xpath = new WaveringXPath(() => script.shift() ?? false);
  const busyFor = (answers: number): unknown => script.push(...Array.from({ length: answers }, () => true));
  return { host: new EngineHost({ xpath, limits }), xpath, script, busyFor };
}

describe('a filter that cannot be evaluated now', () => {
  it('loses nothing: what comes is read again, and all that follows waits behind it', async () => {
    const { host, busyFor } = hostWith();
    await host.start();
    const even = await subscribe(host, EVEN);
    const all = await subscribe(host, ALL);
    busyFor(1);
    await publish(host, 2, 3, 4);
    expect(await deliver(host, all)).toEqual([2, 3, 4]);
    await host.clock.advance(PAUSE_MS);
    await eventually('it is delivered', async () => (await deliver(host, even)).join() === '2,4');
    await publish(host, 5, 6);
    expect(await deliver(host, even)).toEqual([6]);
  });

  it('loses nothing by an expression over the topics either', async () => {
    const { host, busyFor } = hostWith();
    await host.start();
    const onA = await subscribe(host, ON_A);
    const all = await subscribe(host, ALL);
    busyFor(1);
    await publish(host, 1, 2);
    expect(await deliver(host, all)).toEqual([1, 2]);
    await host.clock.advance(PAUSE_MS);
    await eventually('it is delivered', async () => (await deliver(host, onA)).join() === '1,2');
    await publish(host, 3);
    expect(await deliver(host, onA)).toEqual([3]);
  });

  it('gives what is before it, and announces the rest when it can be told', async () => {
    const { host, busyFor } = hostWith();
    await host.start();
    const even = await subscribe(host, EVEN);
    await publish(host, 2);
    busyFor(2);
    await publish(host, 4);
    const ready: string[] = [];
    host.engine.outbox.onReady((id) => ready.push(id), new AbortController().signal);
    expect(await deliver(host, even)).toEqual([2]);
    // The claim asks a second time, and is not answered either.
    expect(await deliver(host, even)).toEqual([]);
    ready.length = 0;
    await host.clock.advance(PAUSE_MS);
    await eventually('it is announced', () => ready.includes(even));
    expect(await deliver(host, even)).toEqual([4]);
  });

  it('is asked again after a pause that grows, not in between', async () => {
    const { host, xpath, busyFor } = hostWith();
    await host.start();
    await subscribe(host, EVEN);
    busyFor(1_000);
    await publish(host, 2);
    expect(xpath.asked).toBe(1);
    for (const [times, pauses] of [1, 2, 4, 8, 16, 20, 20].entries()) {
      await host.clock.advance((pauses - 1) * PAUSE_MS);
      expect(xpath.asked).toBe(times + 1);
      await host.clock.advance(PAUSE_MS);
      expect(xpath.asked).toBe(times + 2);
    }
  });

  it('holds up a pull point, which gives its messages in the order of the log', async () => {
    const { host, busyFor } = hostWith();
    await host.start();
    const { pullPoint } = await host.execute('createPullPoint', {});
    await subscribe(host, EVEN, { kind: 'pull', pullPoint });
    await subscribe(host, ALL, { kind: 'pull', pullPoint });
    await publish(host, 1);
    // At each publication, and twice at the first pull: for what comes first, and for what comes after that.
    busyFor(4);
    await publish(host, 2);
    await publish(host, 3);
    expect(await pull(host, pullPoint)).toEqual([1]);
    expect(await pull(host, pullPoint)).toEqual([2, 2, 3]);
  });

  it('wakes who waits at a pull point when it can be told', async () => {
    const { host, busyFor } = hostWith();
    await host.start();
    const { pullPoint } = await host.execute('createPullPoint', {});
    await subscribe(host, EVEN, { kind: 'pull', pullPoint });
    busyFor(2);
    await publish(host, 2);
    const pulling = host.execute('pullMessages', { resource: pullPoint, maximum: 10, waitMs: 60_000 });
    let pulled: number[] = [];
    void pulling.then(({ messages }) => (pulled = messages.map((message) => valueOf(textOf(message)))));
    await eventually('it is pulled', async () => {
      await host.clock.advance(PAUSE_MS);
      return pulled.length > 0;
    });
    expect(pulled).toEqual([2]);
  });

  it('over the properties of the producer is not remembered as false', async () => {
    const { host, busyFor } = hostWith();
    await host.start();
    const open = await subscribe(host, OPEN);
    busyFor(1);
    await publish(host, 1);
    await host.clock.advance(PAUSE_MS);
    await eventually('it is delivered', async () => (await deliver(host, open)).join() === '1');
    await publish(host, 2);
    expect(await deliver(host, open)).toEqual([2]);
  });

  it('keeps the last message of a pause that matched, and refuses to guess', async () => {
    const { host, busyFor, script } = hostWith();
    await host.start();
    const even = await subscribe(host, EVEN, PUSH, { pauseRetention: 'last' });
    await host.execute('pause', { subscription: even });
    busyFor(10_000);
    await publish(host, 2, 4, 5);
    let failure: unknown;
    void failureOf(host.execute('resume', { subscription: even })).then((error) => (failure = error));
    await eventually('it is refused', async () => {
      await host.clock.advance(PAUSE_MS);
      return failure !== undefined;
    });
    expect(failure).toMatchObject({ code: 'overloaded', processed: 'no' });
    script.length = 0;
    await host.execute('resume', { subscription: even });
    await host.clock.advance(PAUSE_MS);
    await eventually('the last is delivered', async () => (await deliver(host, even)).join() === '4');
  });

  it('refuses a synchronization point rather than leave a message out', async () => {
    const { host, busyFor } = hostWith();
    await host.start();
    const even = await subscribe(host, EVEN);
    await publish(host, 2);
    busyFor(1);
    const failure = await failureOf(host.execute('synchronize', { subscription: even }));
    expect(failure).toMatchObject({ code: 'overloaded', processed: 'no' });
    await host.execute('synchronize', { subscription: even });
    expect(await deliver(host, even)).toEqual([2, 2]);
  });

  it('does not keep an engine from starting', async () => {
    const { host, busyFor } = hostWith();
    await host.start();
    const even = await subscribe(host, EVEN);
    await publish(host, 2, 4);
    busyFor(3);
    await host.restart();
    await eventually('all is delivered', async () => {
      await host.clock.advance(PAUSE_MS);
      return (await deliver(host, even)).join() === '2,4';
    });
  });
});

type Step = { publish: number } | { deliver: number } | { pull: number } | { advance: number } | { crash: true };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ publish: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 3, arbitrary: fc.record({ deliver: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ pull: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ advance: fc.constantFrom(PAUSE_MS, 1_100) }) },
    { weight: 1, arbitrary: fc.constant({ crash: true } as const) },
  ),
  { minLength: 3, maxLength: 40 },
);

describe('whenever the filters cannot be evaluated', () => {
  it('each gets what it would have got, in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.boolean(), { maxLength: 80 }), async (todo, answers) => {
        const { host, script } = hostWith({ queueLength: 3, nearRecords: 5 });
        await host.start();
        const pushed = [await subscribe(host, EVEN), await subscribe(host, OPEN), await subscribe(host, ON_A)] as const;
        const { pullPoint } = await host.execute('createPullPoint', {});
        for (const filter of [EVEN, ALL]) await subscribe(host, filter, { kind: 'pull', pullPoint });
        script.push(...answers);
        const got: [number[], number[], number[], number[]] = [[], [], [], []];
        const deliverAll = async (count: number): Promise<void> => {
          for (const [index, id] of pushed.entries()) got[index]?.push(...(await deliver(host, id, count)));
        };
        let published = 0;
        for (const step of todo) {
          if ('publish' in step) {
            await publish(host, ...Array.from({ length: step.publish }, () => (published += 1)));
          } else if ('deliver' in step) await deliverAll(step.deliver);
          else if ('pull' in step) got[3].push(...(await pull(host, pullPoint, step.pull)));
          else if ('advance' in step) await host.clock.advance(step.advance);
          else await host.restart();
        }
        script.length = 0;
        for (let round = 0; round <= published; round += 1) {
          await host.clock.advance(MOST_PAUSE_MS);
          await deliverAll(100);
          got[3].push(...(await pull(host, pullPoint)));
        }
        const every = Array.from({ length: published }, (_, index) => index + 1);
        const even = every.filter((value) => value % 2 === 0);
        // After a crash what was delivered may come again: the first time counts.
        expect([...new Set(got[0])]).toEqual(even);
        expect([...new Set(got[1])]).toEqual(every);
        expect([...new Set(got[2])]).toEqual(every);
        expect(got[3]).toEqual(every.flatMap((value) => (value % 2 === 0 ? [value, value] : [value])));
        if (!todo.some((step) => 'crash' in step)) expect(got.slice(0, 3)).toEqual([even, every, every]);
        await host.crash();
      }),
      { numRuns: 80 },
    );
  });
});
