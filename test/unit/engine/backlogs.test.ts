import { describe, expect, it } from 'vitest';
import {
  defaultBacklogLimits,
  type BacklogLimits,
  type BacklogPolicy,
} from '../../../src/engine/backlog/backlog-limits.ts';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { EngineHost, failureOf, filterOf, messageOf, textsOf } from './test-engine.ts';

const { subscription, pullPoint, link } = defaultBacklogLimits;

function limits(changes: {
  messages?: number;
  bytes?: number;
  ageMs?: number;
  policy?: BacklogPolicy;
  patienceMs?: number;
}): Partial<BacklogLimits> {
  const { patienceMs = 0, ...rest } = changes;
  return { subscription: { ...subscription, ...rest }, patienceMs };
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}`);
}

/** One message after the other, with what comes of each. */
async function publish(host: EngineHost, texts: readonly string[], topic = 'a'): Promise<void> {
  for (const text of texts) {
    await host.notify(topic, text);
    await host.clock.advance(0);
  }
}

async function refusalOf(promise: Promise<unknown>): Promise<InfrastructureError> {
  const failure = await failureOf(promise);
  if (!(failure instanceof InfrastructureError)) throw new Error('Not refused', { cause: failure });
  return failure;
}

describe('a backlog at its limit', () => {
  it.each([4, 1_000])(
    'F13: drops the oldest, says so with the next message, over a restart, too (queue of %s)',
    async (queueLength) => {
      const host = new EngineHost({ backlog: limits({ messages: 10 }), limits: { queueLength } });
      await host.start();
      const id = await host.subscribe('a');
      await publish(host, numbered(1, 25));
      expect(host.engine.backlogCounters()).toMatchObject({ dropped: { messages: 15 }, refused: 0 });
      await host.restart();
      const claim = await host.claim(id, 3);
      expect(textsOf(claim!)).toEqual(['m16', 'm17', 'm18']);
      expect(claim!.gap).toMatchObject({ dropped: 15, first: 1, last: 15, reasons: ['messages'] });
      claim!.settle('failed');
      const again = await host.claim(id, 3);
      expect(again!.gap).toMatchObject({ dropped: 15 });
      again!.settle('delivered');
      const next = await host.claim(id);
      expect(next!.gap).toBeUndefined();
      next!.settle('failed');
      expect(await host.deliver(id)).toEqual(numbered(19, 25));
      await host.clock.advance(1_000);
      await host.restart();
      await publish(host, ['last']);
      expect((await host.claim(id))!.gap).toBeUndefined();
      expect(host.stored()).toEqual(expect.not.arrayContaining(['backlog']));
    },
  );

  it('drops by bytes, and by age whatever the policy', async () => {
    const host = new EngineHost({ backlog: limits({ bytes: 400, ageMs: 60_000, policy: 'pause' }) });
    await host.start();
    const id = await host.subscribe('a');
    await publish(host, ['old']);
    await host.clock.advance(61_100);
    expect(host.engine.backlogCounters().dropped).toMatchObject({ age: 1 });
    host.engine.setBacklogLimits({ ...defaultBacklogLimits, ...limits({ bytes: 400 }) });
    await publish(host, ['x'.repeat(200), 'y'.repeat(200), 'z'.repeat(200)]);
    const claim = await host.claim(id);
    expect(textsOf(claim!).map((text) => text[0])).toEqual(['z']);
    expect(claim!.gap).toMatchObject({ dropped: 3, reasons: ['age', 'bytes'] });
  });

  it('waits for a claim that is open before it drops', async () => {
    const host = new EngineHost({ backlog: limits({ messages: 3 }) });
    await host.start();
    const id = await host.subscribe('a');
    await publish(host, numbered(1, 2));
    const claim = await host.claim(id, 2);
    await publish(host, numbered(3, 8));
    expect(host.engine.backlogCounters().dropped.messages).toBe(0);
    claim!.settle('delivered');
    await host.clock.advance(0);
    const next = await host.claim(id);
    expect(textsOf(next!)).toEqual(['m6', 'm7', 'm8']);
    expect(next!.gap).toMatchObject({ dropped: 3, first: 3, last: 5 });
  });

  it('pauses: the owner may resume, and what waits beyond the limit is dropped', async () => {
    const host = new EngineHost({ backlog: limits({ messages: 3, policy: 'pause' }) });
    await host.start();
    const id = await host.subscribe('a');
    await publish(host, numbered(1, 6));
    expect(host.engine.backlogCounters()).toMatchObject({ paused: 1, dropped: { messages: 3 } });
    expect(await host.claim(id)).toBeUndefined();
    await host.restart();
    expect(await host.claim(id)).toBeUndefined();
    await host.execute('resume', { subscription: id });
    expect(await host.deliver(id)).toEqual(['m4', 'm5', 'm6']);
  });

  it('ends the subscription, with the notice if its policy asks for one', async () => {
    const host = new EngineHost({ backlog: limits({ messages: 3, policy: 'terminate' }) });
    await host.start();
    const silent = await host.subscribe('a');
    const { subscription: told } = await host.execute('subscribe', {
      consumer: { kind: 'push', reference: { address: 'http://c/', referenceParameters: [] }, soapVersion: '1.2' },
      filter: filterOf('a'),
      policy: { notifyTermination: true },
      termination: { kind: 'absent' },
    });
    await publish(host, numbered(1, 4));
    expect(host.engine.backlogCounters()).toMatchObject({ terminated: 2, abandoned: 8 });
    expect(await host.claim(silent)).toBeUndefined();
    expect((await host.deliver(told))[0]).toContain('TerminationNotification');
  });

  it('refuses the publishers of what matches it, and of nothing else, until there is room', async () => {
    const host = new EngineHost({ backlog: limits({ messages: 4, policy: 'refusePublisher' }) });
    await host.start();
    const id = await host.subscribe('a');
    await publish(host, numbered(1, 4));
    const refusal = await refusalOf(host.notify('a', 'm5'));
    expect(refusal).toMatchObject({ code: 'overloaded', processed: 'no', retryAfterMs: 1_000 });
    await publish(host, ['b1'], 'b');
    expect(await host.deliver(id)).toEqual(numbered(1, 4));
    await publish(host, ['m5']);
    expect(await host.deliver(id)).toEqual(['m5']);
    expect(host.engine.backlogCounters()).toMatchObject({ refused: 1, dropped: { messages: 0 } });
  });

  it('of a pull point is told in the reply, once, and again for a repeated request', async () => {
    const host = new EngineHost({ backlog: { pullPoint: { ...pullPoint, messages: 3 } } });
    await host.start();
    const { pullPoint: id } = await host.execute('createPullPoint', {});
    await host.feed(id, 'a');
    await publish(host, numbered(1, 5));
    await host.restart();
    const request = { requestId: 'same' };
    const first = await host.execute('getMessages', { pullPoint: id, maximum: 2 }, request);
    expect(first.gaps).toMatchObject([{ dropped: 2, first: 1, last: 2 }]);
    await host.restart();
    expect(await host.execute('getMessages', { pullPoint: id, maximum: 2 }, request)).toEqual(first);
    expect(await host.execute('getMessages', { pullPoint: id })).not.toHaveProperty('gaps');
  });

  it('of a pull point is told at once where nothing came after it, and to a poll that waits at its end', async () => {
    const host = new EngineHost({ backlog: { pullPoint: { ...pullPoint, ageMs: 1_000 } } });
    await host.start();
    const { pullPoint: id } = await host.execute('createPullPoint', {});
    await host.feed(id, 'a');
    await publish(host, ['m1', 'm2']);
    await host.clock.advance(2_500);
    const first = await host.execute('getMessages', { pullPoint: id });
    expect(first).toMatchObject({ messages: [], gaps: [{ dropped: 2, first: 1, last: 2 }] });
    await host.restart();
    expect(await host.execute('getMessages', { pullPoint: id })).toEqual({ messages: [] });
    await publish(host, ['m3']);
    await host.clock.advance(2_500);
    const polled = host.execute('pullMessages', { resource: id, maximum: 9, waitMs: 5_000 });
    let isOver = false;
    void polled.then(() => (isOver = true));
    await host.clock.advance(4_900);
    expect(isOver).toBe(false);
    await host.clock.advance(200);
    expect(await polled).toMatchObject({ messages: [], gaps: [{ dropped: 1, first: 3, last: 3 }] });
    expect(await host.execute('getMessages', { pullPoint: id })).toEqual({ messages: [] });
  });

  it('F26: a consumer that is catching up slows its publishers for a while, one that is stuck never does', async () => {
    const host = new EngineHost({ backlog: limits({ messages: 100, patienceMs: 2_000 }) });
    await host.start();
    const quick = await host.subscribe('quick');
    await host.subscribe('stuck');
    await publish(host, numbered(1, 80), 'quick');
    await publish(host, numbered(1, 100), 'stuck');
    await host.notify('quick', 'not known yet');
    (await host.claim(quick, 10))!.settle('delivered');
    await publish(host, numbered(82, 91), 'quick');
    await host.clock.advance(260);
    const refusal = await refusalOf(host.notify('quick', 'later'));
    expect(refusal.retryAfterMs).toBe(1_000);
    await publish(host, ['dropped for it'], 'stuck');
    expect(host.engine.backlogCounters().dropped.messages).toBe(1);
    // It has stopped: it slows nobody any longer.
    await host.clock.advance(3_000);
    await publish(host, ['later'], 'quick');
    await host.deliver(quick);
    await publish(host, numbered(1, 70), 'quick');
  });
});

describe('the log as a whole', () => {
  it('is bounded: who is furthest behind gives way, however little waits for him', async () => {
    const host = new EngineHost({ backlog: { engine: { messages: 160, bytes: 1e9 } } });
    await host.start();
    const dead = await host.subscribe('rare');
    const live = await host.subscribe('a');
    await publish(host, ['one'], 'rare');
    for (let round = 0; round < 20; round += 1) {
      for (const text of numbered(1, 20)) {
        await publish(host, [text]);
        await host.clock.advance(30);
      }
      await host.deliver(live);
      await host.clock.advance(1_200);
      expect(host.engine.backlogCounters().logMessages).toBeLessThanOrEqual(160);
    }
    await publish(host, ['two'], 'rare');
    const claim = await host.claim(dead);
    expect(textsOf(claim!)).toEqual(['two']);
    expect(claim!.gap).toMatchObject({ dropped: 1, reasons: ['engine'] });
  });

  it('refuses everybody where nobody gives way, and recovers', async () => {
    const backlog = { ...limits({ policy: 'refusePublisher' }), engine: { messages: 20, bytes: 1e9 } };
    const host = new EngineHost({ backlog });
    await host.start();
    const id = await host.subscribe('a');
    await publish(host, numbered(1, 20));
    const { retryAfterMs } = await refusalOf(host.notify('b', 'anything'));
    expect(retryAfterMs).toBe(1_000);
    expect(await host.deliver(id)).toHaveLength(20);
    await host.clock.advance(100);
    await publish(host, ['anything'], 'b');
  });

  it('knows its bytes, and how much waits behind a full queue, after a restart', async () => {
    const host = new EngineHost({ limits: { queueLength: 8, nearRecords: 10 } });
    await host.start();
    const id = await host.subscribe('a');
    const large = 'x'.repeat(500_000);
    for (let index = 0; index < 40; index += 1) await host.notify('a', large);
    await host.clock.advance(1_200);
    const before = host.engine.backlogCounters();
    expect(before.logBytes).toBeGreaterThan(20_000_000);
    await host.restart();
    await host.clock.advance(1_200);
    const after = host.engine.backlogCounters();
    expect(after.logMessages).toBe(40);
    expect(before.logBytes - after.logBytes).toBeLessThan(2 * 4.5e6);
    // Everything is counted: one more than these is one too many.
    host.engine.setBacklogLimits({ ...defaultBacklogLimits, ...limits({ messages: 40 }) });
    await publish(host, ['one more']);
    expect(host.engine.backlogCounters().dropped.messages).toBe(1);
    expect(await host.deliver(id)).toHaveLength(40);
  });

  it('is trimmed in steps, spread over the time to the next sweep', async () => {
    const host = new EngineHost();
    await host.start();
    const texts = Array.from({ length: 1_000 }, (_, index) => String(index));
    for (let round = 0; round < 12; round += 1) await host.notify('a', ...texts);
    await host.clock.advance(1_000);
    const steps = host.life.store.committed.flatMap(({ trimBelow }) => trimBelow ?? []);
    await host.clock.advance(800);
    const all = host.life.store.committed.flatMap(({ trimBelow }) => trimBelow ?? []);
    expect(steps.length).toBeLessThan(all.length);
    all.reduce((last, below) => {
      expect(below - last).toBeLessThanOrEqual(1_500);
      return below;
    }, 1);
    expect(host.medium.engine('ME1').log.size).toBe(1);
  });
});

describe('a link at its limit', () => {
  it('has the publishers of what the peer wants refused: its subscribers could not be told of a gap', async () => {
    const host = new EngineHost({ peers: ['ME2'], backlog: { link: { ...link, messages: 3 } } });
    await host.start();
    const change = { revision: 1, everything: false, add: filterOf('a').topics, remove: [] };
    await host.execute('learnInterest', { peer: 'ME2', change });
    await publish(host, numbered(1, 3));
    expect((await refusalOf(host.notify('a', 'm4'))).code).toBe('overloaded');
    await publish(host, ['b'], 'b');
    const claim = await host.engine.links.claim('ME2', 100, 1e6);
    claim!.settle('accepted');
    await host.execute('notify', { messages: [messageOf('a', 'm4')] });
  });
});
