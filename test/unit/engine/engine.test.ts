import { describe, expect, it } from 'vitest';
import { InfrastructureError, StoreBrokenError } from '../../../src/kernel/errors.ts';
import { settle } from '../../support/manual-clock.ts';
import { EngineHost, failureOf, messageOf, textsOf } from './test-engine.ts';

describe('a request', () => {
  it('has no effect and no answer before it is on the disk', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    host.life.store.hold();
    let isAnswered = false;
    const notified = host.notify('a', 'one').then(() => {
      isAnswered = true;
    });
    await settle();
    expect(isAnswered).toBe(false);
    expect(await host.claim(subscription)).toBeUndefined();
    host.life.store.release();
    await notified;
    expect(await host.deliver(subscription)).toEqual(['one']);
  });

  it('leaves memory as it was when the disk is full, and the next one works', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    host.life.store.plan('full');
    expect(await failureOf(host.notify('a', 'lost'))).toMatchObject({ code: 'store-full', processed: 'no' });
    host.life.store.plan('full');
    expect(await failureOf(host.execute('pause', { subscription }))).toMatchObject({ code: 'store-full' });
    host.life.store.plan('full');
    expect(await failureOf(host.execute('unsubscribe', { subscription }))).toMatchObject({ code: 'store-full' });
    host.life.store.plan('full');
    expect(await failureOf(host.subscribe('a'))).toMatchObject({ code: 'store-full' });
    await host.notify('a', 'kept');
    expect(await host.deliver(subscription)).toEqual(['kept']);
    expect(await host.execute('currentMessage', { topic: 'a' })).toMatchObject({ found: {} });
    expect(host.life.failures).toEqual([]);
  });

  it('that was refused leaves a hole in the numbers, behind which a subscription still gets everything after a restart', async () => {
    const host = new EngineHost();
    await host.start();
    host.life.store.plan('full');
    await failureOf(host.notify('a', 'lost'));
    const subscription = await host.subscribe('a');
    await host.restart();
    await host.notify('a', 'first');
    await host.restart();
    expect(await host.deliver(subscription)).toEqual(['first']);
  });

  it('takes effect after those before it, also when the store answers in another order', async () => {
    const host = new EngineHost();
    await host.start();
    host.life.store.plan('late');
    const subscribed = host.subscribe('a');
    const notified = host.notify('a', 'one');
    const [subscription] = await Promise.all([subscribed, notified]);
    expect(await host.deliver(subscription)).toEqual(['one']);
  });

  it('ends the engine when nobody knows what is on the disk', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    host.life.store.plan('silent');
    expect(await failureOf(host.notify('a', 'one'))).toMatchObject({ code: 'store-unavailable', processed: 'unknown' });
    expect(host.life.failures).toEqual([expect.any(StoreBrokenError)]);
    expect(await host.claim(subscription)).toBeUndefined();
    expect(await failureOf(host.notify('a', 'two'))).toMatchObject({ code: 'store-unavailable', processed: 'no' });
    await host.restart();
    expect(await host.deliver(subscription)).toEqual(['one']);
  });

  it('ends the engine when the store is broken, and everybody who waits is told', async () => {
    const host = new EngineHost();
    await host.start();
    host.life.store.plan('broken');
    const first = failureOf(host.notify('a', 'one'));
    const second = failureOf(host.notify('a', 'two'));
    expect(await first).toMatchObject({ code: 'store-unavailable', processed: 'unknown' });
    expect(await second).toMatchObject({ code: 'store-unavailable', processed: 'unknown' });
    expect(host.life.failures).toHaveLength(1);
  });

  it('whose caller has gone before it began has no effect', async () => {
    const host = new EngineHost();
    await host.start();
    const gone = AbortSignal.abort();
    expect(await failureOf(host.execute('createPullPoint', {}, { signal: gone }))).toMatchObject({
      code: 'timed-out',
      processed: 'no',
    });
    expect(host.stored()).toEqual([]);
  });

  it('whose caller goes while it is committed is told that it may have its effect', async () => {
    const host = new EngineHost();
    await host.start();
    const caller = new AbortController();
    host.life.store.hold();
    const failure = failureOf(host.execute('createPullPoint', {}, { signal: caller.signal }));
    await settle();
    caller.abort();
    expect(await failure).toMatchObject({ code: 'timed-out', processed: 'unknown' });
    host.life.store.release();
  });
});

describe('the tenure', () => {
  it('ends what waits for the disk with "unknown", and what has not got there with "no"', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    host.life.store.hold();
    const committing = failureOf(host.execute('pause', { subscription }));
    const waiting = failureOf(host.execute('resume', { subscription }));
    await settle();
    host.life.tenure.end();
    expect(await committing).toMatchObject({ code: 'lease-lost', processed: 'unknown' });
    expect(await waiting).toMatchObject({ code: 'lease-lost', processed: 'no' });
    expect(await failureOf(host.notify('a', 'x'))).toMatchObject({ code: 'lease-lost', processed: 'no' });
    host.life.store.release();
    await host.engine.stop();
    expect(host.clock.sleeping).toBe(0);
    expect(host.life.failures).toEqual([]);
  });

  it('that ran out while the process was frozen lets no answer out, and no claim', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    host.life.store.hold();
    const committing = failureOf(host.notify('a', 'two'));
    await settle();
    host.life.tenure.isLeaseValid = false;
    host.life.store.release();
    expect(await committing).toMatchObject({ code: 'lease-lost', processed: 'unknown' });
    expect(await host.claim(subscription)).toBeUndefined();
    expect(await failureOf(host.execute('currentMessage', { topic: 'a' }))).toMatchObject({ code: 'lease-lost' });
  });

  it('of an older epoch can neither write nor answer', async () => {
    const host = new EngineHost();
    const old = await host.start();
    const oldLife = host.life;
    const subscription = await host.subscribe('a');
    await host.start();
    const context = { requestId: 'late' };
    const failure = await failureOf(old.execute('notify', { messages: [messageOf('a', 'zombie')] }, context));
    expect(failure).toBeInstanceOf(InfrastructureError);
    expect(failure).toMatchObject({ code: 'lease-lost', processed: 'no' });
    expect(oldLife.failures).toHaveLength(1);
    expect(await failureOf(old.execute('currentMessage', { topic: 'a' }, context))).toMatchObject({
      code: 'lease-lost',
    });
    expect(await old.outbox.claim(subscription, 1, 1)).toBeUndefined();
    await host.notify('a', 'real');
    expect(await host.deliver(subscription)).toEqual(['real']);
    await old.stop();
  });

  it('that ended before start() makes start() reject', async () => {
    const host = new EngineHost();
    const { engine, tenure } = await host.activate();
    tenure.end();
    expect(await failureOf(engine.start())).toMatchObject({ code: 'lease-lost' });
    await engine.stop();
  });
});

describe('drain()', () => {
  it('refuses what is new, waits for what is in flight, and writes the positions', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one', 'two');
    const claim = await host.claim(subscription, 1);
    host.life.store.hold();
    const notified = host.notify('a', 'three');
    let isDrained = false;
    const drained = host.engine.drain(new AbortController().signal).then(() => {
      isDrained = true;
    });
    expect(await failureOf(host.notify('a', 'x'))).toMatchObject({ code: 'engine-not-here', processed: 'no' });
    expect(await host.claim(subscription)).toBeUndefined();
    host.life.store.release();
    await notified;
    await settle();
    expect(isDrained).toBe(false);
    claim?.settle('delivered');
    await drained;
    await host.restart();
    expect(await host.deliver(subscription)).toEqual(['two', 'three']);
  });

  it('ends at its deadline although somebody still holds a claim', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    await host.claim(subscription);
    const deadline = new AbortController();
    const drained = host.engine.drain(deadline.signal);
    deadline.abort();
    await drained;
  });

  it('before start(), requests are refused as not processed', async () => {
    const host = new EngineHost();
    await host.activate();
    expect(await failureOf(host.notify('a', 'x'))).toMatchObject({ code: 'engine-not-here', processed: 'no' });
  });
});

describe('positions', () => {
  it('are written at the latest 100 ms after the delivery', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one', 'two');
    const claim = await host.claim(subscription, 1);
    claim?.settle('delivered');
    expect(host.medium.engine('ME1').cursors.get(subscription)).toBe(0);
    await host.clock.advance(100);
    expect(host.medium.engine('ME1').cursors.get(subscription)).toBe(1);
  });

  it('that are not written yet make messages come again after a crash, in order', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one', 'two');
    await host.deliver(subscription);
    await host.notify('a', 'three');
    await host.deliver(subscription);
    await host.restart();
    expect(await host.deliver(subscription)).toEqual(['three']);
  });

  it('survive a full disk: they are written with the next batch', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    await host.deliver(subscription);
    host.life.store.plan('full', 'full');
    await host.clock.advance(150);
    await failureOf(host.notify('a', 'x'));
    await host.notify('b', 'two');
    expect(host.medium.engine('ME1').cursors.get(subscription)).toBe(1);
  });

  it('are written once for several deliveries that follow each other, and soon', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    const stored = (): number | undefined => host.medium.engine('ME1').cursors.get(subscription);
    const deliverAndPublish = async (): Promise<number | undefined> => {
      await host.deliver(subscription);
      await host.notify('a', 'next');
      return stored();
    };
    await host.notify('a', 'one');
    expect(await deliverAndPublish()).toBe(1);
    expect(await deliverAndPublish()).toBe(1);
    await host.clock.advance(50);
    expect(await deliverAndPublish()).toBe(3);
    await host.deliver(subscription);
    await host.clock.advance(50);
    expect(stored()).toBe(4);
  });

  it('let the log be trimmed behind the lowest', async () => {
    const host = new EngineHost();
    await host.start();
    const slow = await host.subscribe('a');
    const fast = await host.subscribe('a');
    await host.notify('a', 'one', 'two', 'three');
    await host.deliver(fast);
    const claim = await host.claim(slow, 1);
    claim?.settle('delivered');
    await host.clock.advance(1_100);
    expect([...host.medium.engine('ME1').log.keys()]).toEqual([2, 3]);
    await host.deliver(slow);
    await host.clock.advance(1_100);
    expect([...host.medium.engine('ME1').log.keys()]).toEqual([3]);
    await host.restart();
    expect(await host.deliver(slow)).toEqual([]);
    await host.notify('a', 'four');
    expect(await host.deliver(slow)).toEqual(['four']);
  });

  it('of subscriptions that nothing comes for are written now and then', async () => {
    const host = new EngineHost({ limits: { maxMessagesPerNotify: 10_000 } });
    await host.start();
    const idle = await host.subscribe('idle');
    await host.notify('a', ...Array.from({ length: 5_000 }, (_, i) => String(i)));
    await host.clock.advance(1_200);
    expect(host.medium.engine('ME1').cursors.get(idle)).toBe(5_000);
  });
});

describe('the log', () => {
  it('keeps the bytes as they came, whatever becomes of the buffer that they came in', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe();
    const body = Buffer.from('<a>é\u0000</a>');
    const notification = { topic: 't', producer: '<p/>', message: body.subarray(0, body.length) };
    await host.execute('notify', { messages: [notification] });
    body.fill(0);
    const claim = await host.claim(subscription);
    expect(claim === undefined ? [] : textsOf(claim)).toEqual(['<a>é\u0000</a>']);
    expect(claim?.messages[0]?.notification).toMatchObject({ topic: 't', producer: '<p/>' });
  });

  it('is read back from the store where memory does not hold it', async () => {
    const host = new EngineHost({ limits: { maxCacheBytes: 100 } });
    await host.start();
    const subscription = await host.subscribe('a');
    const texts = Array.from({ length: 50 }, (_, i) => `message ${i}`);
    for (const text of texts) await host.notify('a', text);
    expect(await host.deliver(subscription)).toEqual(texts);
  });
});
