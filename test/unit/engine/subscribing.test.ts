import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../src/wsn/date-time.ts';
import { EngineHost, failureOf, faultOf, filterOf } from './test-engine.ts';

describe('subscribe', () => {
  it('gives what matches from then on, in the order of the log, and nothing else', async () => {
    const host = new EngineHost();
    await host.start();
    await host.notify('a', 'before');
    const a = await host.subscribe('a');
    const everything = await host.subscribe();
    const never = await host.subscribe('a', 'b');
    await host.notify('a', 'a1', 'a2');
    await host.notify('b', 'b1');
    await host.notify(undefined, 'untitled');
    expect(await host.deliver(a)).toEqual(['a1', 'a2']);
    expect(await host.deliver(everything)).toEqual(['a1', 'a2', 'b1', 'untitled']);
    expect(await host.deliver(never)).toEqual([]);
  });

  it('twice the same gives two subscriptions and two copies', async () => {
    const host = new EngineHost();
    await host.start();
    const first = await host.subscribe('a');
    const second = await host.subscribe('a');
    expect(first).not.toBe(second);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    await host.notify('a', 'one');
    expect([await host.deliver(first), await host.deliver(second)]).toEqual([['one'], ['one']]);
  });

  it('refuses a filter that is not understood, and a termination time in the past', async () => {
    const host = new EngineHost();
    await host.start();
    expect(await faultOf(host.subscribe('no:such'))).toBe('InvalidTopicExpressionFault');
    const past = { kind: 'absolute', at: host.clock.now() } as const;
    expect(await faultOf(host.subscribeUntil(past, 'a'))).toBe('UnacceptableInitialTerminationTimeFault');
    expect(host.stored()).toEqual([]);
  });

  it('refuses a pull point that is not this engine’s', async () => {
    const host = new EngineHost();
    await host.start();
    expect(await faultOf(host.feed('f'.repeat(32), 'a'))).toBe('ResourceUnknownFault');
  });

  it('is refused beyond the limit, counting those under way', async () => {
    const host = new EngineHost({ limits: { maxSubscriptions: 2 } });
    await host.start();
    const outcomes = await Promise.allSettled([host.subscribe('a'), host.subscribe('a'), host.subscribe('a')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(await failureOf(host.subscribe('a'))).toMatchObject({ code: 'overloaded', processed: 'no' });
  });
});

describe('renew', () => {
  it('sets the termination time, durably', async () => {
    const host = new EngineHost();
    await host.start();
    const soon = { kind: 'relative', duration: { months: 0, ms: 5_000 } } as const;
    const subscription = await host.subscribeUntil(soon, 'a');
    const reply = await host.execute('renew', { subscription, termination: { kind: 'infinite' } });
    expect(reply).toEqual({ terminationTime: null, currentTime: host.clock.now() });
    await host.restart();
    await host.clock.advance(60_000);
    await host.notify('a', 'one');
    expect(await host.deliver(subscription)).toEqual(['one']);
    expect(await faultOf(host.execute('renew', { subscription, termination: { kind: 'absolute', at: 1 } }))).toBe(
      'UnacceptableTerminationTimeFault',
    );
  });
});

describe('expiry', () => {
  const inFiveSeconds = { kind: 'relative', duration: { months: 0, ms: 5_000 } } as const;

  it('ends claims and operations at once, and after the grace leaves nothing in the store', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribeUntil(inFiveSeconds, 'a');
    await host.notify('a', 'one');
    host.clock.jump(4_999);
    expect(await host.execute('describe', { resource: subscription })).toMatchObject({ kind: 'subscription' });
    host.clock.jump(1);
    expect(await host.claim(subscription)).toBeUndefined();
    for (const operation of ['unsubscribe', 'pause', 'resume'] as const) {
      expect(await faultOf(host.execute(operation, { subscription }))).toBe('ResourceUnknownFault');
    }
    expect(await faultOf(host.execute('describe', { resource: subscription }))).toBe('ResourceUnknownFault');
    host.clock.jump(10_000);
    expect(await faultOf(host.execute('renew', { subscription, termination: { kind: 'infinite' } }))).toBe(
      'ResourceUnknownFault',
    );
    await host.clock.advance(1_200);
    expect([...host.medium.engine('ME1').cursors.keys()]).toEqual([]);
    expect([...host.medium.engine('ME1').records.values()].filter(({ space }) => space === 'subscription')).toEqual([]);
  });

  it('a Renew within the grace succeeds, and nothing that came meanwhile is lost', async () => {
    const host = new EngineHost({ conduct: { renewGraceMs: 3_000 } });
    await host.start();
    const subscription = await host.subscribeUntil(inFiveSeconds, 'a');
    await host.notify('a', 'before');
    host.clock.jump(7_999);
    await host.notify('a', 'between');
    expect(await host.claim(subscription)).toBeUndefined();
    await host.execute('renew', { subscription, termination: { kind: 'infinite' } });
    expect(await host.deliver(subscription)).toEqual(['before', 'between']);
  });

  it('runs while the subscription is paused, and over a restart', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribeUntil(inFiveSeconds, 'a');
    await host.execute('pause', { subscription });
    await host.clock.advance(4_000);
    await host.restart();
    // It may count as an outage since the engine last wrote that it is alive.
    await host.clock.advance(1_000 + 5_000);
    expect(await faultOf(host.execute('resume', { subscription }))).toBe('ResourceUnknownFault');
    await host.clock.advance(11_000);
    expect(host.medium.engine('ME1').cursors.size).toBe(0);
  });

  it('gives back the time of an outage to what could not be renewed', async () => {
    const host = new EngineHost();
    await host.start();
    const soon = await host.subscribeUntil(inFiveSeconds, 'a');
    const later = await host.subscribeUntil({ kind: 'relative', duration: { months: 0, ms: 3_600_000 } }, 'a');
    const laterTime = (await host.execute('describe', { resource: later })).terminationTime;
    await host.crash();
    await host.clock.advance(60_000);
    await host.start();
    const { terminationTime, currentTime } = await host.execute('describe', { resource: soon });
    expect(terminationTime).toBeGreaterThanOrEqual(currentTime + 5_000);
    expect(terminationTime).toBeLessThanOrEqual(currentTime + 5_000 + 6_000);
    expect((await host.execute('describe', { resource: later })).terminationTime).toBe(laterTime);
    await host.crash();
    await host.start();
    expect((await host.execute('describe', { resource: soon })).terminationTime).toBe(terminationTime);
  });

  it('F39: that falls inside an outage can be renewed in the grace after it; who is not renewed expires, once', async () => {
    const host = new EngineHost({ conduct: { renewGraceMs: 3_000 } });
    await host.start();
    const ids = [await host.subscribeUntil(inFiveSeconds, 'a'), await host.subscribeUntil(inFiveSeconds, 'a')] as const;
    const [renewed, forgotten] = ids;
    await host.notify('a', 'before');
    await host.crash();
    await host.clock.advance(60_000);
    await host.start();
    const { terminationTime, currentTime } = await host.execute('describe', { resource: renewed });
    // Into the grace: the end that was moved has come, too.
    await host.clock.advance((terminationTime ?? NaN) - currentTime + 2_000);
    expect(await host.claim(renewed)).toBeUndefined();
    await host.execute('renew', { subscription: renewed, termination: { kind: 'infinite' } });
    expect(await host.deliver(renewed)).toEqual(['before']);
    await host.clock.advance(3_000);
    const late = host.execute('renew', { subscription: forgotten, termination: { kind: 'infinite' } });
    expect(await faultOf(late)).toBe('ResourceUnknownFault');
    const removals = (): number =>
      host.life.store.committed.filter(({ removeCursors = [] }) => removeCursors.includes(forgotten)).length;
    expect(removals()).toBe(1);
    // Another outage gives nothing back to what is gone.
    await host.crash();
    await host.clock.advance(60_000);
    await host.start();
    await host.clock.advance(3_000);
    expect(await faultOf(host.execute('describe', { resource: forgotten }))).toBe('ResourceUnknownFault');
    expect(removals()).toBe(0);
    await host.notify('a', 'after');
    expect(await host.deliver(renewed)).toEqual(['after']);
  });

  it('waits for a change that is under way', async () => {
    const host = new EngineHost();
    await host.start();
    const soon = { kind: 'relative', duration: { months: 0, ms: 900 } } as const;
    const subscription = await host.subscribeUntil(soon, 'a');
    host.life.store.hold();
    const renewed = host.execute('renew', { subscription, termination: { kind: 'infinite' } });
    await host.clock.advance(1_500);
    host.life.store.release();
    await renewed;
    await host.clock.advance(1_500);
    await host.notify('a', 'one');
    expect(await host.deliver(subscription)).toEqual(['one']);
  });
});

describe('pause and resume', () => {
  it('keep everything that matches meanwhile; repeating either succeeds', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.execute('pause', { subscription });
    await host.execute('pause', { subscription });
    await host.notify('a', 'one');
    await host.restart();
    expect(await host.claim(subscription)).toBeUndefined();
    await host.notify('a', 'two');
    await host.execute('resume', { subscription });
    await host.execute('resume', { subscription });
    expect(await host.deliver(subscription)).toEqual(['one', 'two']);
  });
});

describe('unsubscribe', () => {
  it('ends it for good; a second time it is unknown', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.execute('unsubscribe', { subscription });
    expect(await faultOf(host.execute('unsubscribe', { subscription }))).toBe('ResourceUnknownFault');
    await host.restart();
    expect(await faultOf(host.execute('pause', { subscription }))).toBe('ResourceUnknownFault');
  });

  it('and a pause at the same time leave nothing behind', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    const ended = host.execute('unsubscribe', { subscription });
    const paused = faultOf(host.execute('pause', { subscription }));
    await ended;
    expect(await paused).toBe('ResourceUnknownFault');
    await host.restart();
    expect(await faultOf(host.execute('pause', { subscription }))).toBe('ResourceUnknownFault');
  });
});

describe('a request that comes again', () => {
  const request = {
    consumer: { kind: 'push', reference: { address: 'http://c/', referenceParameters: [] }, soapVersion: '1.1' },
    filter: filterOf('a'),
    termination: { kind: 'absent' },
  } as const;

  it('gets the first one’s reply and has its effect once, over a restart, too', async () => {
    const host = new EngineHost();
    await host.start();
    const first = await host.execute('subscribe', request, { requestId: 'again' });
    const second = await host.execute('subscribe', { ...request }, { requestId: 'again' });
    await host.restart();
    const third = await host.execute('subscribe', request, { requestId: 'again' });
    expect([second, third]).toEqual([first, first]);
    expect([...host.medium.engine('ME1').cursors.keys()]).toEqual([first.subscription]);
  });

  it('while the first is under way waits for its outcome', async () => {
    const host = new EngineHost();
    await host.start();
    const both = [1, 2].map(async () => host.execute('subscribe', request, { requestId: 'twin' }));
    const [first, second] = await Promise.all(both);
    expect(second).toEqual(first);
    expect(host.medium.engine('ME1').cursors.size).toBe(1);
  });

  it('to renew is done again, and not remembered', async () => {
    const host = new EngineHost();
    await host.start();
    const { subscription } = await host.execute('subscribe', request, { requestId: '' });
    const renewal = { subscription, termination: { kind: 'relative', duration: parseDuration('PT1M') } } as const;
    const first = await host.execute('renew', renewal, { requestId: 'r' });
    host.clock.jump(1_000);
    const second = await host.execute('renew', renewal, { requestId: 'r' });
    expect(second.terminationTime).toBe((first.terminationTime ?? 0) + 1_000);
    expect([...host.medium.engine('ME1').records.values()].map(({ space }) => space)).not.toContain('request');
  });

  it('with another content or another operation is another request', async () => {
    const host = new EngineHost();
    await host.start();
    const context = { requestId: 'same' };
    const first = await host.execute('subscribe', request, context);
    const second = await host.execute('subscribe', { ...request, filter: filterOf('b') }, context);
    expect(second.subscription).not.toBe(first.subscription);
    const id = { subscription: first.subscription };
    await host.execute('pause', id, context);
    await host.execute('resume', id, context);
    await host.notify('a', 'one');
    expect(await host.deliver(first.subscription)).toEqual(['one']);
  });

  it('is not recognised when the first one was refused', async () => {
    const host = new EngineHost();
    await host.start();
    host.life.store.plan('full');
    await failureOf(host.execute('subscribe', request, { requestId: 'refused' }));
    await host.execute('subscribe', request, { requestId: 'refused' });
    expect(host.medium.engine('ME1').cursors.size).toBe(1);
  });

  it('publishes once', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    const notify = { messages: [{ topic: 'a', message: Buffer.from('one') }] };
    await host.execute('notify', notify, { requestId: 'n' });
    await host.restart();
    await host.execute('notify', notify, { requestId: 'n' });
    expect(await host.deliver(subscription)).toEqual(['one']);
  });

  it('after ten minutes is a new one, and the store has forgotten the old', async () => {
    const host = new EngineHost();
    await host.start();
    const first = await host.execute('subscribe', request, { requestId: 'late' });
    await host.clock.advance(10 * 60_000 + 61_000);
    expect([...host.medium.engine('ME1').records.values()].filter(({ space }) => space === 'request')).toEqual([]);
    const second = await host.execute('subscribe', request, { requestId: 'late' });
    expect(second.subscription).not.toBe(first.subscription);
  });

  it('is forgotten beyond the limit, in the store, too', async () => {
    const host = new EngineHost({ limits: { maxRequests: 3 } });
    await host.start();
    for (let i = 0; i < 10; i += 1) {
      await host.notify('a', String(i));
      await host.clock.advance(1);
    }
    await host.clock.advance(61_000);
    expect([...host.medium.engine('ME1').records.values()].filter(({ space }) => space === 'request')).toHaveLength(3);
  });
});
