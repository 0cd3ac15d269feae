import { describe, expect, it } from 'vitest';
import { WsnFault } from '../../../src/wsn/faults.ts';
import { EngineHost, failureOf, messageOf, textOf } from './test-engine.ts';

async function pullPointOf(host: EngineHost): Promise<string> {
  return (await host.execute('createPullPoint', {})).pullPoint;
}

async function expectUnknown(promise: Promise<unknown>): Promise<void> {
  const failure = await failureOf(promise);
  expect(failure).toBeInstanceOf(WsnFault);
  expect(failure).toMatchObject({ fault: 'ResourceUnknownFault' });
}

describe('getMessages', () => {
  it('gives all, or exactly as many as asked for, the oldest first, each once', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = await pullPointOf(host);
    await host.feed(pullPoint, 'a');
    expect(await host.pull(pullPoint)).toEqual([]);
    await host.notify('a', '1', '2', '3', '4', '5');
    expect(await host.pull(pullPoint, 0)).toEqual([]);
    expect(await host.pull(pullPoint, 2)).toEqual(['1', '2']);
    expect(await host.pull(pullPoint, 2)).toEqual(['3', '4']);
    expect(await host.pull(pullPoint, 9)).toEqual(['5']);
    await host.notify('a', '6');
    expect(await host.pull(pullPoint)).toEqual(['6']);
    expect(await host.pull(pullPoint)).toEqual([]);
  });

  it('merges what its subscriptions and its own senders bring; what matches twice comes twice', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = await pullPointOf(host);
    const a = await host.feed(pullPoint, 'a');
    const all = await host.feed(pullPoint);
    const other = await host.subscribe();
    await host.notify('a', '1');
    await host.execute('notify', { resource: pullPoint, messages: [messageOf('a', 'direct')] });
    await host.notify('b', '2');
    const { messages } = await host.execute('getMessages', { pullPoint });
    const seen = messages.map((message) => [textOf(message), message.subscription]);
    expect(seen).toHaveLength(4);
    expect(seen.slice(0, 2)).toEqual(
      expect.arrayContaining([
        ['1', a],
        ['1', all],
      ]),
    );
    expect(seen.slice(2)).toEqual([
      ['direct', undefined],
      ['2', all],
    ]);
    expect(messages.map(({ dialect }) => dialect !== undefined).filter(Boolean)).toHaveLength(1);
    expect(await host.deliver(other)).toEqual(['1', '2']);
    expect(await host.execute('currentMessage', { topic: 'a' })).toMatchObject({
      found: { message: Buffer.from('1') },
    });
  });

  it('removes for good, also when the engine dies right after', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = await pullPointOf(host);
    await host.feed(pullPoint, 'a');
    await host.notify('a', '1', '2', '3');
    await host.pull(pullPoint, 2);
    await host.restart();
    expect(await host.pull(pullPoint)).toEqual(['3']);
  });

  it('asked again with the same id gives the same messages, over a restart, too', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = await pullPointOf(host);
    await host.feed(pullPoint, 'a');
    await host.notify('a', '1', '2', '3');
    const first = await host.execute('getMessages', { pullPoint, maximum: 2 }, { requestId: 'g' });
    expect(
      (await host.execute('getMessages', { pullPoint, maximum: 2 }, { requestId: 'g' })).messages.map(textOf),
    ).toEqual(['1', '2']);
    await host.restart();
    const again = await host.execute('getMessages', { pullPoint, maximum: 2 }, { requestId: 'g' });
    expect(again.messages.map(textOf)).toEqual(first.messages.map(textOf));
    expect(again.messages[0]).toMatchObject({ topic: 'a', subscription: expect.any(String) as string });
    expect(await host.pull(pullPoint)).toEqual(['3']);
  });

  it('is not undone by a position that is written at the same time', async () => {
    const host = new EngineHost({ limits: { maxMessagesPerNotify: 10_000 } });
    await host.start();
    const pullPoint = await pullPointOf(host);
    const subscription = await host.feed(pullPoint, 'a');
    await host.notify('b', ...Array.from({ length: 4_500 }, () => 'x'));
    await host.notify('a', '1');
    host.life.store.hold();
    const pulled = host.pull(pullPoint);
    await host.clock.advance(1_100);
    host.life.store.release();
    expect(await pulled).toEqual(['1']);
    await host.clock.advance(200);
    expect(host.medium.engine('ME1').cursors.get(subscription)).toBe(4_501);
    await host.restart();
    expect(await host.pull(pullPoint)).toEqual([]);
  });

  it('removes nothing when it cannot be written', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = await pullPointOf(host);
    await host.feed(pullPoint, 'a');
    await host.notify('a', '1');
    host.life.store.plan('full');
    await failureOf(host.pull(pullPoint));
    expect(await host.pull(pullPoint)).toEqual(['1']);
  });

  it('at the same time never gives a message to two', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = await pullPointOf(host);
    await host.feed(pullPoint, 'a');
    await host.notify('a', '1', '2', '3');
    const got = await Promise.all([host.pull(pullPoint, 2), host.pull(pullPoint, 2)]);
    expect(got).toEqual([['1', '2'], ['3']]);
  });

  it('gives far more than a queue holds, in one reply, in order', async () => {
    const host = new EngineHost({ limits: { queueLength: 4 } });
    await host.start();
    const pullPoint = await pullPointOf(host);
    await host.feed(pullPoint, 'a');
    await host.feed(pullPoint, 'b');
    const texts = Array.from({ length: 300 }, (_, i) => String(i));
    for (const [index, text] of texts.entries()) {
      if (index % 5 === 4)
        await host.execute('notify', { resource: pullPoint, messages: [messageOf(undefined, text)] });
      else await host.notify(['a', 'b'][index % 2], text);
    }
    expect(await host.pull(pullPoint, 7)).toEqual(texts.slice(0, 7));
    expect(await host.pull(pullPoint)).toEqual(texts.slice(7));
    await host.notify('a', 'new');
    expect(await host.pull(pullPoint)).toEqual(['new']);
  });

  it('ends a reply before it outgrows its limit', async () => {
    const host = new EngineHost({ limits: { maxReplyBytes: 800 } });
    await host.start();
    const pullPoint = await pullPointOf(host);
    await host.feed(pullPoint, 'a');
    await host.notify('a', 'x'.repeat(2_000), 'y'.repeat(300), 'z'.repeat(300), 'w'.repeat(300));
    const lengths: number[] = [];
    for (let i = 0; i < 4; i += 1) lengths.push((await host.pull(pullPoint)).length);
    expect(lengths).toEqual([1, 2, 1, 0]);
  });

  it('leaves out what came through a paused subscription until it is resumed', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = await pullPointOf(host);
    const subscription = await host.feed(pullPoint, 'a');
    await host.notify('a', '1');
    await host.execute('pause', { subscription });
    expect(await host.pull(pullPoint)).toEqual([]);
    await host.execute('resume', { subscription });
    expect(await host.pull(pullPoint)).toEqual(['1']);
  });
});

describe('pull points', () => {
  it('that are unknown are refused, whatever is asked of them', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = '0'.repeat(32);
    await expectUnknown(host.execute('getMessages', { pullPoint }));
    await expectUnknown(host.execute('destroyPullPoint', { pullPoint }));
    await expectUnknown(host.execute('notify', { resource: pullPoint, messages: [messageOf('a', 'x')] }));
  });

  it('take the subscriptions that feed them along when they end', async () => {
    const host = new EngineHost();
    await host.start();
    const pullPoint = await pullPointOf(host);
    const subscription = await host.feed(pullPoint, 'a');
    const late = host.execute('destroyPullPoint', { pullPoint });
    const tooLate = failureOf(host.feed(pullPoint, 'a'));
    await late;
    expect(await tooLate).toMatchObject({ fault: 'ResourceUnknownFault' });
    await expectUnknown(host.execute('pause', { subscription }));
    await expectUnknown(host.execute('getMessages', { pullPoint }));
    expect(host.medium.engine('ME1').cursors.size).toBe(0);
    await host.restart();
    await expectUnknown(host.execute('getMessages', { pullPoint }));
  });

  it('are refused beyond the limit', async () => {
    const host = new EngineHost({ limits: { maxPullPoints: 1 } });
    await host.start();
    await pullPointOf(host);
    expect(await failureOf(pullPointOf(host))).toMatchObject({ code: 'overloaded' });
  });

  it('ends when the engine ends while the log is read for it', async () => {
    const host = new EngineHost({ limits: { queueLength: 2 } });
    await host.start();
    const { pullPoint } = await host.execute('createPullPoint', {});
    await host.feed(pullPoint, 'a');
    await host.notify('a', ...Array.from({ length: 10 }, (_, index) => `m${index}`));
    const { store, tenure } = host.life;
    const read = store.read.bind(store);
    store.read = async (...args) => {
      tenure.end();
      return read(...args);
    };
    expect(await failureOf(host.pull(pullPoint))).toMatchObject({ code: 'lease-lost' });
  });
});
