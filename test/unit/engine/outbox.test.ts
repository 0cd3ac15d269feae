import { describe, expect, it } from 'vitest';
import { settle } from '../../support/manual-clock.ts';
import { EngineHost, textsOf } from './test-engine.ts';

const never = new AbortController().signal;

function numbered(count: number, prefix = 'm'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

describe('claim()', () => {
  it('gives the consumer and what it needs to be told', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    expect(await host.claim(subscription)).toMatchObject({
      subscription,
      consumer: { address: 'http://consumer/', referenceParameters: [] },
      soapVersion: '1.2',
      dialect: 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete',
      messages: [{ seq: 1, notification: { topic: 'a' } }],
    });
    const all = await host.subscribe();
    await host.notify(undefined, 'two');
    expect((await host.claim(all))?.dialect).toBeUndefined();
  });

  it('gives at once what is in memory, and what has to be read later', async () => {
    for (const [limits, isLater] of [
      [{}, false],
      [{ maxCacheBytes: 0 }, true],
    ] as const) {
      const host = new EngineHost({ limits });
      await host.start();
      const subscription = await host.subscribe('a');
      await host.notify('a', 'one', 'two');
      const claimed = host.engine.outbox.claim(subscription, 2, 1e6);
      expect(claimed instanceof Promise).toBe(isLater);
      const claim = await claimed;
      expect(claim && textsOf(claim)).toEqual(['one', 'two']);
      expect(await host.claim(subscription)).toBeUndefined();
      claim?.settle('delivered');
      expect(await host.claim(subscription)).toBeUndefined();
    }
  });

  it('gives one claim at a time, up to the counts asked for, at least one message', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', ...numbered(5));
    const first = await host.claim(subscription, 2);
    expect(first && textsOf(first)).toEqual(['m0', 'm1']);
    expect(await host.claim(subscription)).toBeUndefined();
    first?.settle('delivered');
    first?.settle('failed');
    const second = await host.claim(subscription, 10, 1);
    expect(second && textsOf(second)).toEqual(['m2']);
    second?.settle('failed');
    expect(await host.deliver(subscription)).toEqual(['m2', 'm3', 'm4']);
  });

  it('F16: gives nothing while positions cannot be written, and announces it again when they can', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one', 'two');
    (await host.claim(subscription, 1))?.settle('delivered');
    host.life.store.plan('full', 'full');
    await host.clock.advance(120);
    expect(await host.claim(subscription)).toBeUndefined();
    const announced: string[] = [];
    host.life.engine.outbox.onReady((id) => announced.push(id), never);
    announced.length = 0;
    await host.clock.advance(120);
    expect(await host.claim(subscription)).toBeUndefined();
    await host.clock.advance(120);
    await host.clock.advance(120);
    expect(announced).toEqual([subscription]);
    expect(await host.deliver(subscription)).toEqual(['two']);
  });

  it('asked for twice at once gives one', async () => {
    const host = new EngineHost({ limits: { maxCacheBytes: 0 } });
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    const claims = await Promise.all([host.claim(subscription), host.claim(subscription)]);
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
  });

  it('gives nothing for a subscription that is unknown, paused, ended, or a pull point’s', async () => {
    const host = new EngineHost();
    await host.start();
    const { pullPoint } = await host.execute('createPullPoint', {});
    const pulled = await host.feed(pullPoint, 'a');
    const paused = await host.subscribe('a');
    const ended = await host.subscribe('a');
    await host.notify('a', 'one');
    await host.execute('pause', { subscription: paused });
    await host.execute('unsubscribe', { subscription: ended });
    for (const id of ['x', pulled, paused, ended]) expect(await host.claim(id)).toBeUndefined();
  });

  it('gives nothing when the lease runs out while the messages are read', async () => {
    const host = new EngineHost({ limits: { maxCacheBytes: 0 } });
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    const claimed = host.claim(subscription);
    host.life.tenure.isLeaseValid = false;
    expect(await claimed).toBeUndefined();
    host.life.tenure.isLeaseValid = true;
    expect(await host.deliver(subscription)).toEqual(['one']);
  });

  it('that is open when the subscription ends does no harm when it is settled', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    const claim = await host.claim(subscription);
    await host.execute('unsubscribe', { subscription });
    claim?.settle('delivered');
    await host.clock.advance(200);
    expect(host.medium.engine('ME1').cursors.size).toBe(0);
  });
});

describe('settle("gone")', () => {
  it('pauses the subscription durably and keeps its messages', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    (await host.claim(subscription))?.settle('gone');
    await settle();
    expect(await host.claim(subscription)).toBeUndefined();
    await host.restart();
    expect(await host.claim(subscription)).toBeUndefined();
    await host.execute('resume', { subscription });
    expect(await host.deliver(subscription)).toEqual(['one']);
  });

  it('frees the claim when the pause cannot be written', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    host.life.store.plan('full');
    (await host.claim(subscription))?.settle('gone');
    await settle();
    expect(await host.deliver(subscription)).toEqual(['one']);
  });
});

describe('onReady()', () => {
  it('tells at the beginning, of new messages, of a resume, and of more behind a delivered claim', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    const quiet = await host.subscribe('other');
    await host.notify('a', 'one', 'two');
    const heard: string[] = [];
    const told = (): string[] => heard.splice(0);
    const listening = new AbortController();
    host.engine.outbox.onReady((id) => heard.push(id), listening.signal);
    expect(told()).toEqual([subscription]);
    await host.notify('a', 'three', 'four');
    expect(told()).toEqual([subscription]);
    const claim = await host.claim(subscription, 1);
    await host.notify('a', 'five');
    expect(told()).toEqual([]);
    claim?.settle('failed');
    expect(told()).toEqual([]);
    (await host.claim(subscription, 1))?.settle('delivered');
    expect(told()).toEqual([subscription]);
    (await host.claim(subscription))?.settle('delivered');
    expect(told()).toEqual([]);
    await host.execute('pause', { subscription });
    await host.notify('a', 'six');
    expect(told()).toEqual([]);
    await host.execute('resume', { subscription });
    expect(told()).toEqual([subscription]);
    expect(told()).not.toContain(quiet);
    listening.abort();
    await host.notify('a', 'seven');
    expect(told()).toEqual([]);
  });

  it('tells after a restart of what was left', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one');
    await host.crash();
    const { engine } = await host.activate();
    const heard: string[] = [];
    engine.outbox.onReady((id) => heard.push(id), never);
    await engine.start();
    expect(heard).toContain(subscription);
  });

  it('a listener that throws stops neither the others nor the request', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    host.engine.outbox.onReady(() => {
      throw new Error('broken listener');
    }, never);
    const heard: string[] = [];
    host.engine.outbox.onReady((id) => heard.push(id), never);
    await host.notify('a', 'one');
    expect(heard).toEqual([subscription]);
    expect(host.life.failures).toEqual([]);
  });
});

describe('a consumer that is slow', () => {
  it('gets what did not fit into its queue from the log, in order, mixed with what comes meanwhile', async () => {
    const host = new EngineHost({ limits: { queueLength: 4 } });
    await host.start();
    const subscription = await host.subscribe('a');
    const texts = numbered(40);
    const got: string[] = [];
    for (const [index, text] of texts.entries()) {
      await host.notify(index % 3 === 0 ? 'b' : 'a', text);
      if (index % 4 !== 3) continue;
      const claim = await host.claim(subscription, 2);
      if (claim) got.push(...textsOf(claim));
      claim?.settle('delivered');
    }
    got.push(...(await host.deliver(subscription)));
    expect(got).toEqual(texts.filter((_, index) => index % 3 !== 0));
  });

  it('gets it after a restart, too, far behind others that are live', async () => {
    const host = new EngineHost({ limits: { queueLength: 8, nearRecords: 100 } });
    await host.start();
    const slow = await host.subscribe('a');
    const fast = await host.subscribe('a');
    const rare = await host.subscribe('rare');
    const texts = numbered(700);
    await host.notify('rare', 'first');
    for (let from = 0; from < texts.length; from += 50) await host.notify('a', ...texts.slice(from, from + 50));
    await host.notify('rare', 'last');
    await host.deliver(fast);
    await host.clock.advance(200);
    await host.restart();
    expect(await host.deliver(fast)).toEqual([]);
    expect(await host.deliver(slow)).toEqual(texts);
    await settle();
    const heard: string[] = [];
    while (heard.length < 2) {
      heard.push(...(await host.deliver(rare)));
      await settle();
    }
    expect(heard).toEqual(['first', 'last']);
    await host.notify('a', 'new');
    expect(await host.deliver(slow)).toEqual(['new']);
    expect(await host.deliver(fast)).toEqual(['new']);
  });
});
