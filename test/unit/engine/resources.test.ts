import { describe, expect, it } from 'vitest';
import type { SubscriptionPolicy } from '../../../src/wsn/messages.ts';
import { EngineHost, faultOf, filterOf, messageOf, textOf, textsOf } from './test-engine.ts';

const inASecond = { kind: 'relative', duration: { months: 0, ms: 1_000 } } as const;

async function subscribe(host: EngineHost, policy: SubscriptionPolicy, ...topics: string[]): Promise<string> {
  const { subscription } = await host.execute('subscribe', {
    consumer: { kind: 'push', reference: { address: 'http://consumer/', referenceParameters: [] }, soapVersion: '1.1' },
    filter: filterOf(...topics),
    policy,
    termination: inASecond,
  });
  return subscription;
}

async function ownPullPoint(host: EngineHost, ...topics: string[]): Promise<string> {
  const { subscription } = await host.execute('subscribe', {
    consumer: { kind: 'own' },
    filter: filterOf(...topics),
    termination: { kind: 'absent' },
  });
  return subscription;
}

async function pull(host: EngineHost, resource: string, waitMs = 0, maximum = 10): Promise<string[]> {
  const { messages } = await host.execute('pullMessages', { resource, maximum, waitMs });
  return messages.map(textOf);
}

describe('the notice of an end', () => {
  it('is the last thing that a consumer gets that asked for it: expired, or destroyed by the operator', async () => {
    const host = new EngineHost({ conduct: { renewGraceMs: 0 } });
    await host.start();
    const expired = await subscribe(host, { notifyTermination: true }, 'a');
    const destroyed = await subscribe(host, { notifyTermination: true }, 'a');
    const silent = await subscribe(host, {}, 'a');
    await host.notify('a', 'too late');
    await host.execute('destroy', { resource: destroyed, byOperator: true });
    await host.clock.advance(2_100);
    await host.notify('a', 'after the end');
    await host.restart();
    expect(await host.claim(silent)).toBeUndefined();
    for (const [subscription, reason] of [
      [expired, 'expired'],
      [destroyed, 'destroyed by the operator'],
    ] as const) {
      expect(await faultOf(host.execute('renew', { subscription, termination: inASecond }))).toBe(
        'ResourceUnknownFault',
      );
      const claim = await host.claim(subscription);
      expect(textsOf(claim!)).toEqual([expect.stringContaining('TerminationNotification')]);
      expect(textsOf(claim!)[0]).toContain(reason);
      claim!.settle('delivered');
      expect(await host.claim(subscription)).toBeUndefined();
    }
    await host.clock.advance(200);
    expect(host.stored().filter((space) => space === 'subscription')).toEqual([]);
  });

  it('is not sent to who unsubscribes, and is given up after a minute', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await subscribe(host, { notifyTermination: true }, 'a');
    await host.execute('unsubscribe', { subscription });
    expect(await host.claim(subscription)).toBeUndefined();
    const dead = await subscribe(host, { notifyTermination: true }, 'a');
    await host.execute('destroy', { resource: dead, byOperator: true });
    (await host.claim(dead))!.settle('failed');
    await host.clock.advance(61_500);
    expect(await host.claim(dead)).toBeUndefined();
    expect(host.stored().filter((space) => space === 'subscription')).toEqual([]);
  });
});

describe('pullMessages', () => {
  it('of a subscription that is its own pull point: gives what passes, once', async () => {
    const host = new EngineHost();
    await host.start();
    const resource = await ownPullPoint(host, 'a');
    await host.notify('a', 'one', 'two');
    await host.notify('b', 'other');
    expect(await pull(host, resource, 0, 1)).toEqual(['one']);
    await host.restart();
    expect(await pull(host, resource)).toEqual(['two']);
    expect(await pull(host, resource)).toEqual([]);
    await host.execute('unsubscribe', { subscription: resource });
    expect(await faultOf(pull(host, resource))).toBe('ResourceUnknownFault');
  });

  it('waits for a message, for its time, for the end of the resource, and for a move of the engine', async () => {
    const host = new EngineHost();
    await host.start();
    const resource = await ownPullPoint(host, 'a');
    const message = pull(host, resource, 60_000);
    await host.clock.advance(1_000);
    await host.notify('a', 'here');
    expect(await message).toEqual(['here']);
    const timed = pull(host, resource, 2_000);
    await host.clock.advance(2_000);
    expect(await timed).toEqual([]);
    const { pullPoint } = await host.execute('createPullPoint', {});
    const fed = pull(host, pullPoint, 60_000);
    await host.clock.advance(10);
    await host.execute('notify', { resource: pullPoint, messages: [messageOf('x', 'direct')] });
    expect(await fed).toEqual(['direct']);
  });

  it('F37: refuses who waits when the engine is about to move: an empty reply would come too early', async () => {
    const host = new EngineHost();
    await host.start();
    const resource = await ownPullPoint(host, 'a');
    const moving = pull(host, resource, 60_000);
    await host.clock.advance(10);
    await host.engine.drain(new AbortController().signal);
    await expect(moving).rejects.toMatchObject({ code: 'engine-not-here', processed: 'no' });
  });

  it('F37: gives the same messages again to the same poll that comes again with less time left', async () => {
    const host = new EngineHost();
    await host.start();
    const resource = await ownPullPoint(host, 'a');
    await host.notify('a', 'once');
    const poll = { resource, maximum: 10 };
    const first = await host.execute('pullMessages', { ...poll, waitMs: 60_000 }, { requestId: 'the poll' });
    await host.restart();
    const again = await host.execute('pullMessages', { ...poll, waitMs: 58_000 }, { requestId: 'the poll' });
    expect([first, again].map(({ messages }) => messages.map(textOf))).toEqual([['once'], ['once']]);
  });
});

describe('synchronize', () => {
  it('gives the current message of each topic that passes the filter, to that subscription alone', async () => {
    const host = new EngineHost();
    await host.start();
    await host.notify('a', 'old a', 'new a');
    await host.notify('b', 'b');
    const resource = await ownPullPoint(host, 'a');
    const other = await ownPullPoint(host, 'a');
    await host.execute('synchronize', { subscription: resource });
    expect(await pull(host, resource)).toEqual(['new a']);
    expect(await pull(host, other)).toEqual([]);
  });
});

describe('a pull point', () => {
  it('has the lifetime that the topology says, from each pull on; an explicit one is taken at its word', async () => {
    const host = new EngineHost({ conduct: { pullPointLifetimeMs: 10_000 } });
    await host.start();
    const { pullPoint } = await host.execute('createPullPoint', {});
    for (let round = 0; round < 3; round += 1) {
      await host.clock.advance(8_000);
      expect(await host.pull(pullPoint)).toEqual([]);
    }
    const feeding = await host.feed(pullPoint, 'a');
    await host.execute('setTermination', { resource: pullPoint, termination: inASecond });
    expect(await host.pull(pullPoint)).toEqual([]);
    await host.clock.advance(3_100);
    expect(await faultOf(host.pull(pullPoint))).toBe('ResourceUnknownFault');
    expect(await faultOf(host.execute('unsubscribe', { subscription: feeding }))).toBe('ResourceUnknownFault');
    expect(host.stored().filter((space) => ['pull-point', 'subscription'].includes(space))).toEqual([]);
  });
});

it('destroy, setTermination and describe work on every kind of resource, and describe survives a restart', async () => {
  const host = new EngineHost();
  await host.start();
  const { pullPoint } = await host.execute('createPullPoint', {});
  const { registration } = await host.execute('registerPublisher', {
    registration: { topics: filterOf('a').topics, demand: false, soapVersion: '1.1' },
    termination: { kind: 'absent' },
  });
  const subscription = await subscribe(host, { useRaw: true }, 'a', 'a');
  for (const [resource, kind] of [
    [pullPoint, 'pull-point'],
    [registration, 'registration'],
    [subscription, 'subscription'],
  ] as const) {
    const inAnHour = { kind: 'relative', duration: { months: 0, ms: 3_600_000 } } as const;
    const granted = await host.execute('setTermination', { resource, termination: inAnHour });
    const past = { kind: 'absolute', at: 1 } as const;
    expect(await faultOf(host.execute('setTermination', { resource, termination: past }))).toBe(
      'TerminationTimeChangeRejectedFault',
    );
    const before = await host.execute('describe', { resource });
    expect(before).toMatchObject({ kind, terminationTime: granted.terminationTime });
    await host.restart();
    expect(await host.execute('describe', { resource })).toMatchObject({
      ...before,
      currentTime: (await host.execute('describe', { resource })).currentTime,
    });
    await host.execute('destroy', { resource });
    expect(await faultOf(host.execute('describe', { resource }))).toBe('ResourceUnknownFault');
  }
});

it('topics grow by use, and are known after a restart', async () => {
  const host = new EngineHost();
  await host.start();
  await host.notify('a/b', 'x');
  await host.notify('c', 'x', 'y');
  await host.restart();
  const { topics } = await host.execute('topics', {});
  expect([...topics].sort()).toEqual(['a/b', 'c']);
});
