import { describe, expect, it } from 'vitest';
import { AFFINITY_NAMESPACE } from '../../../src/soap/affinity.ts';
import { WsnFault } from '../../../src/wsn/faults.ts';
import { eventually } from '../../support/eventually.ts';
import { plain } from '../../support/soap-producer.ts';
import { ID, LIFETIME_MS, Stage } from './fixtures/stage.ts';

describe('Producers at a demand-based publisher', () => {
  it('subscribes at once, pauses what nobody wants, and resumes it when somebody does', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: true, b: false });
    stage.begin();
    await stage.alive('t:a', 't:b (paused)');
    stage.outlet.want(ID, 1, true);
    stage.outlet.want(ID, 0, false);
    await stage.alive('t:a (paused)', 't:b');
    expect(stage.producer.names().filter((name) => name === 'Subscribe')).toHaveLength(2);
    expect(stage.outlet.remote(ID).map(({ isPaused, canPause }) => [isPaused, canPause])).toEqual([
      [true, true],
      [false, true],
    ]);
  });

  it('asks with the affinity of the producer, its reference parameters and WS-Addressing', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: true });
    stage.begin();
    await stage.alive('t:a');
    const [granted] = stage.producer.subscriptions.values();
    expect(granted?.consumer).toBe(`http://front:8080/wsn/NotificationConsumer/ME1/${ID}`);
    expect(granted?.consumerParameters).toBe(2);
    const [asked] = stage.producer.asked;
    expect(asked?.contentType).toContain('application/soap+xml');
    expect(asked?.bytes.toString()).toContain(AFFINITY_NAMESPACE);
    expect(asked?.message.addressing).toMatchObject({
      to: stage.producer.url,
      action: 'http://docs.oasis-open.org/wsn/bw-2/NotificationProducer/SubscribeRequest',
      replyTo: { address: 'http://www.w3.org/2005/08/addressing/anonymous' },
    });
    const parameter = asked?.message.blocks.find((block) => block.is('urn:test:who', 'who'));
    expect(parameter?.attribute('http://www.w3.org/2005/08/addressing', 'IsReferenceParameter')).toBe('true');
  });

  it('speaks SOAP 1.1 to a publisher that registered in it', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: false });
    stage.outlet.put({ ...stage.outlet.find(ID)!, soapVersion: '1.1' });
    stage.begin();
    await stage.alive('t:a (paused)');
    const actions = stage.producer.asked.map(({ message, contentType, soapAction }) => {
      expect(message.version).toBe('1.1');
      expect(contentType).toBe('text/xml; charset=utf-8');
      expect(soapAction).toBe(`"${message.addressing.action ?? ''}"`);
      return message.addressing.action?.split('/').at(-1);
    });
    expect(actions).toEqual(['SubscribeRequest', 'PauseSubscriptionRequest']);
  });

  it('renews at half of what was granted, by its own clock, paused or not', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: true, b: false });
    stage.begin();
    await stage.alive('t:a', 't:b (paused)');
    await stage.pass(LIFETIME_MS / 2 - 5_000);
    expect(stage.producer.names()).not.toContain('Renew');
    await stage.pass(4 * LIFETIME_MS);
    expect(stage.producer.alive()).toEqual(['t:a', 't:b (paused)']);
    expect(stage.producer.names().filter((name) => name === 'Subscribe')).toHaveLength(2);
    // The producer's clock is a year ahead.
    const [held] = stage.outlet.remote(ID);
    expect(held?.terminationTime).toBeGreaterThan(stage.clock.now());
    expect(held?.terminationTime).toBeLessThanOrEqual(stage.clock.now() + LIFETIME_MS);
  });

  it('renews what was granted for a year as if it had been granted as asked', async () => {
    await using stage = await Stage.start();
    stage.producer.grantsMs = 31_536_000_000;
    stage.demand({ a: true });
    stage.begin();
    await stage.alive('t:a');
    stage.producer.subscriptions.clear();
    await stage.pass(LIFETIME_MS);
    await stage.alive('t:a');
  });

  it('does not renew in haste what was granted for no time at all', async () => {
    await using stage = await Stage.start();
    stage.producer.grantsMs = 1;
    stage.demand({ a: true });
    stage.begin();
    await eventually('a Subscribe', () => stage.producer.asked.length === 1);
    await stage.quiet();
    expect(stage.producer.names()).toEqual(['Subscribe']);
    await stage.pass(10_000, 500);
    expect(stage.producer.asked.length).toBeLessThan(25);
  });

  it('subscribes anew when the publisher knows the subscription no longer', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: true, b: false });
    stage.begin();
    await stage.alive('t:a', 't:b (paused)');
    stage.producer.subscriptions.clear();
    await stage.pass(LIFETIME_MS);
    await stage.alive('t:a', 't:b (paused)');
    stage.producer.subscriptions.clear();
    stage.outlet.want(ID, 1, true);
    await stage.pass(LIFETIME_MS);
    await stage.alive('t:a', 't:b');
  });

  it.each([
    ['ActionNotSupported', undefined],
    ['405 without content', plain(405)],
    ['a fault that names PauseFailedFault', new WsnFault('PauseFailedFault', 'never could')],
  ])('unsubscribes from a publisher that cannot pause: %s', async (_name, answer) => {
    await using stage = await Stage.start();
    stage.producer.canPause = false;
    stage.producer.misbehave = ({ name }) => (name === 'PauseSubscription' ? answer : undefined);
    stage.demand({ a: false });
    stage.begin();
    await eventually(
      'it is given up',
      () => stage.outlet.remote(ID)[0]?.canPause === false && stage.producer.alive().length === 0,
    );
    stage.outlet.want(ID, 0, true);
    await stage.alive('t:a');
    stage.outlet.want(ID, 0, false);
    await stage.alive();
    const names = ['Subscribe', 'PauseSubscription', 'Unsubscribe', 'Subscribe', 'Unsubscribe'];
    expect(stage.producer.names()).toEqual(names);
    // Neither does the next tenure ask again for what nobody wants.
    await stage.crash();
    await stage.pass(2 * LIFETIME_MS);
    expect(stage.producer.names()).toEqual(names);
    expect(stage.outlet.remote(ID)[0]).toMatchObject({ isPaused: true, canPause: false });
  });

  it('takes an overloaded publisher for one that can pause', async () => {
    await using stage = await Stage.start();
    stage.producer.misbehave = ({ name }) => (name === 'PauseSubscription' ? plain(503) : undefined);
    stage.demand({ a: false });
    stage.begin();
    await eventually('it was asked', () => stage.producer.names().includes('PauseSubscription'));
    stage.producer.misbehave = () => undefined;
    await stage.pass(10_000);
    await stage.alive('t:a (paused)');
    expect(stage.producer.names()).not.toContain('Unsubscribe');
  });

  it('replaces a subscription that it may not resume', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: false });
    stage.begin();
    await stage.alive('t:a (paused)');
    stage.producer.misbehave = ({ name }) =>
      name === 'ResumeSubscription' ? new WsnFault('ResumeFailedFault', 'no') : undefined;
    stage.outlet.want(ID, 0, true);
    await stage.alive('t:a');
    expect(stage.producer.subscriptions.size).toBe(1);
  });

  it('unsubscribes at the end of a registration, and forgets it', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: true, b: false });
    stage.begin();
    await stage.alive('t:a', 't:b (paused)');
    stage.outlet.end(ID);
    await stage.alive();
    await eventually('it is forgotten', () => stage.outlet.find(ID) === undefined);
    await eventually('nobody looks after it', () => stage.producers.counters().producers === 0);
  });

  it('gives up a dead publisher after three tries, though it was resting', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: true });
    stage.begin();
    await stage.alive('t:a');
    stage.producer.misbehave = () => 'cut-before';
    const before = stage.producer.asked.length;
    stage.outlet.end(ID);
    await eventually('it is forgotten', async () => {
      await stage.clock.advance(30_000);
      return stage.outlet.find(ID) === undefined;
    });
    expect(stage.producer.asked.length - before).toBe(3);
  });

  it('unsubscribes from a topic that is listed no longer', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: true, b: true });
    stage.begin();
    await stage.alive('t:a', 't:b');
    stage.demand({ b: true });
    await stage.alive('t:b');
    expect(stage.outlet.remote(ID)).toHaveLength(1);
  });

  it('goes on with what the last tenure has remembered, and finds out at once whether it still is', async () => {
    await using stage = await Stage.start();
    stage.demand({ a: true, b: false });
    stage.begin();
    await stage.alive('t:a', 't:b (paused)');
    const [first] = stage.producer.subscriptions.keys();
    stage.producer.subscriptions.delete(first!);
    await stage.crash();
    await stage.quiet();
    await stage.pass(5_000);
    await stage.alive('t:a', 't:b (paused)');
    expect(stage.producer.names().filter((name) => name === 'Subscribe')).toHaveLength(3);
  });

  it('lets a step under way be remembered when it stops', async () => {
    await using stage = await Stage.start();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    stage.producer.misbehave = async () => {
      await held;
      return undefined;
    };
    stage.demand({ a: true });
    stage.begin();
    await eventually('it was asked', () => stage.producer.asked.length === 1);
    const stopped = stage.producers.stop(new AbortController().signal);
    release();
    await stopped;
    expect(stage.outlet.remote(ID)).toHaveLength(1);
  });

  it('sends nothing after the end of its tenure', async () => {
    await using stage = await Stage.start();
    stage.tenure.end('the test says so');
    stage.demand({ a: true });
    stage.begin();
    await stage.quiet();
    expect(stage.producer.asked).toEqual([]);
  });

  it('ends when its signal says so', async () => {
    await using stage = await Stage.start();
    const over = new AbortController();
    await stage.producers.start(over.signal);
    stage.demand({ a: true });
    await stage.alive('t:a');
    over.abort();
    stage.outlet.want(ID, 0, false);
    await stage.quiet();
    expect(stage.producer.names()).toEqual(['Subscribe']);
    await eventually('nobody is looked after', () => stage.producers.counters().producers === 0);
  });

  it('writes again what could not be remembered', async () => {
    await using stage = await Stage.start();
    stage.outlet.failure = new Error('the disk is full');
    stage.demand({ a: true });
    stage.begin();
    await stage.alive('t:a');
    stage.outlet.failure = undefined;
    await stage.pass(5_000);
    await eventually('it is remembered', () => stage.outlet.remote(ID).length === 1);
    expect(stage.producer.names()).toEqual(['Subscribe']);
  });

  it('repeats a Subscribe without an answer under the same MessageID', async () => {
    await using stage = await Stage.start();
    const script = ['cut-after', 'cut-before', plain(500)] as const;
    stage.producer.misbehave = () => script[stage.producer.asked.length - 1];
    stage.demand({ a: true });
    stage.begin();
    await eventually('there is an answer', async () => {
      await stage.pass(5_000);
      return stage.outlet.remote(ID).length === 1;
    });
    const [first, second, third, fourth] = stage.producer.asked.map(({ message }) => message.addressing.messageId);
    expect([second, third]).toEqual([first, first]);
    // What was answered is another request.
    expect(fourth).not.toBe(first);
  });

  it('asks for the lifetime that a refusal says would be granted', async () => {
    await using stage = await Stage.start();
    stage.producer.misbehave = ({ name, bytes }) => {
      if (name !== 'Subscribe' || bytes.includes('>PT20S<')) return undefined;
      const now = stage.clock.now() + 31_536_000_000;
      const limits = { minimumTime: now + 1_000, maximumTime: now + 20_500 };
      return new WsnFault('UnacceptableInitialTerminationTimeFault', 'too long', limits);
    };
    stage.demand({ a: true });
    stage.begin();
    const established = stage.producers.established(ID, 60_000);
    await eventually('it was refused', () => stage.producer.asked.length === 1);
    await stage.quiet();
    await stage.pass(2_000);
    await stage.alive('t:a');
    await established;
    await stage.pass(LIFETIME_MS);
    expect(stage.producer.alive()).toEqual(['t:a']);
  });

  it('serves the other topics while one is refused', async () => {
    await using stage = await Stage.start();
    stage.producer.misbehave = ({ bytes }) =>
      bytes.includes('>t:a<') ? new WsnFault('TopicNotSupportedFault', 'not here') : undefined;
    stage.demand({ a: true, b: true });
    stage.begin();
    await stage.alive('t:b');
  });

  it('does not hurry a publisher that grants what it does not know', async () => {
    await using stage = await Stage.start();
    stage.producer.misbehave = ({ name }) =>
      name === 'PauseSubscription' ? new WsnFault('ResourceUnknownFault', 'what?') : undefined;
    stage.demand({ a: false });
    stage.begin();
    await stage.pass(60_000, 1_000);
    expect(stage.producer.asked.length).toBeGreaterThan(4);
    expect(stage.producer.asked.length).toBeLessThan(60);
  });
});

describe('established()', () => {
  it('resolves when all topics are subscribed to and this is remembered', async () => {
    await using stage = await Stage.start();
    let release = (): void => undefined;
    stage.outlet.barrier = new Promise((resolve) => (release = resolve));
    stage.demand({ a: true });
    stage.begin();
    let isDone = false;
    const established = stage.producers.established(ID, 10_000).then(() => (isDone = true));
    await stage.alive('t:a');
    expect(isDone).toBe(false);
    release();
    await established;
    expect(stage.outlet.remote(ID)).toHaveLength(1);
  });

  it('rejects with what the publisher answers', async () => {
    await using stage = await Stage.start();
    stage.producer.misbehave = () => new WsnFault('TopicNotSupportedFault', 'not here');
    stage.demand({ a: true });
    stage.begin();
    await expect(stage.producers.established(ID, 10_000)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(
        /^The producer at http:\S+ answered with the fault TopicNotSupportedFault: .*not here/,
      ) as string,
    });
  });

  it('tries further where there is no answer, and says so when its patience is over', async () => {
    await using stage = await Stage.start();
    stage.producer.misbehave = () => 'cut-before';
    stage.demand({ a: true });
    stage.begin();
    const refused = expect(stage.producers.established(ID, 10_000)).rejects.toMatchObject({
      code: 'timed-out',
      message: expect.stringContaining('does not answer: ') as string,
    });
    await eventually('it was asked', () => stage.producer.asked.length > 0);
    await stage.pass(12_000, 1_000);
    await refused;
    expect(stage.producer.asked.length).toBeGreaterThan(1);
    stage.producer.misbehave = () => undefined;
    await stage.pass(30_000);
    await stage.alive('t:a');
  });

  it('rejects when the publisher is slow, the engine leaves, or there is no such producer', async () => {
    await using stage = await Stage.start(100);
    await expect(stage.producers.established('nobody', 10)).rejects.toMatchObject({ code: 'shutting-down' });
    stage.producer.misbehave = () => new Promise(() => undefined);
    stage.demand({ a: true });
    stage.begin();
    const refused = expect(stage.producers.established(ID, 1e6)).rejects.toMatchObject({ code: 'shutting-down' });
    await eventually('a try has failed', async () => {
      await stage.clock.advance(1_000);
      return stage.producer.asked.length > 1;
    });
    await stage.producers.stop(AbortSignal.abort());
    await refused;
  });
});
