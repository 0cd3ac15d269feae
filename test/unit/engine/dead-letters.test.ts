import { describe, expect, it } from 'vitest';
import type { Tries } from '../../../src/engine/ports/outbox.ts';
import { EngineHost, textsOf } from './test-engine.ts';

const VERDICT = { reason: 'HTTP status 500', status: 500, attempts: 20 };
const FAILED: Tries = { count: 1, attempts: 3, strikes: 2, refusals: 1, aloneThrough: 9 };

/** The next message of a subscription becomes a dead letter. */
async function giveUpNext(host: EngineHost, subscription: string): Promise<boolean> {
  const claim = await host.claim(subscription, 1);
  return claim!.giveUp(VERDICT);
}

async function listed(host: EngineHost): Promise<readonly { id: string; subscription: string }[]> {
  return (await host.execute('deadLetters', {})).letters;
}

describe('a dead letter', () => {
  it('F29: is stored with the place behind it in one commit: after a crash it is neither sent again nor lost', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'bad', 'good');
    expect(await giveUpNext(host, subscription)).toBe(true);
    await host.restart();
    expect(await host.deliver(subscription)).toEqual(['good']);
    const letters = await listed(host);
    expect(letters).toMatchObject([
      { subscription, consumer: 'http://consumer/', topic: 'a', seq: 1, ...VERDICT, bytes: 3, at: host.clock.now() },
    ]);
    const { found } = await host.execute('deadLetter', { id: letters[0]!.id });
    expect(Buffer.from(found!.message).toString()).toBe('bad');
    expect(await host.execute('deadLetter', { id: 'unknown' })).toEqual({});
  });

  it('is none when the store has no room: the message stays', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'bad');
    host.life.store.plan('full');
    expect(await giveUpNext(host, subscription)).toBe(false);
    expect(await listed(host)).toEqual([]);
    expect(await host.deliver(subscription)).toEqual(['bad']);
  });

  it('is sent again behind all else, alone, with its old number and attempts, also after a restart', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    const other = await host.subscribe('a');
    await host.notify('a', 'bad', 'good');
    await giveUpNext(host, subscription);
    const [letter] = await listed(host);
    const reply = await host.execute('redeliverDeadLetters', { ids: [letter!.id] });
    expect(reply).toEqual({ done: [letter!.id], refused: [] });
    await host.notify('a', 'later');
    await host.restart();
    expect(await listed(host)).toEqual([]);
    const claims: (readonly [readonly string[], unknown, boolean])[] = [];
    for (;;) {
      const claim = await host.claim(subscription);
      if (claim === undefined) break;
      claims.push([textsOf(claim), claim.messages[0]!.again, claim.mayBeRepeated]);
      claim.settle('delivered');
    }
    expect(claims).toEqual([
      [['good'], undefined, true],
      [['bad'], { seq: 1, attempts: 20 }, true],
      [['later'], undefined, true],
    ]);
    expect(await host.deliver(other)).toEqual(['bad', 'good', 'later']);
  });

  it('has the same id when it is given up once more', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'bad');
    await giveUpNext(host, subscription);
    const [first] = await listed(host);
    await host.execute('redeliverDeadLetters', { ids: [first!.id] });
    await giveUpNext(host, subscription);
    expect(await listed(host)).toMatchObject([{ id: first!.id, seq: 1 }]);
    expect(host.stored().filter((space) => space === 'dead-letter')).toHaveLength(1);
  });

  it('stays, and says why, when its subscription is no more or keeps nothing', async () => {
    const host = new EngineHost({ conduct: { pauseRetention: 'none' } });
    await host.start();
    const gone = await host.subscribe('a');
    const paused = await host.subscribe('a');
    await host.notify('a', 'bad');
    await giveUpNext(host, gone);
    await giveUpNext(host, paused);
    const ids = (await listed(host)).map(({ id }) => id);
    await host.execute('unsubscribe', { subscription: gone });
    await host.execute('pause', { subscription: paused });
    const { done, refused } = await host.execute('redeliverDeadLetters', { ids: [...ids, 'x'] });
    expect(done).toEqual([]);
    expect(refused.map(({ reason }) => reason)).toEqual([
      `the subscription ${gone} is no more`,
      `the subscription ${paused} is paused and keeps nothing`,
      'there is no such dead letter',
    ]);
    expect(await listed(host)).toHaveLength(2);
  });

  it('can be dropped', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'bad');
    await giveUpNext(host, subscription);
    const [letter] = await listed(host);
    expect(await host.execute('dropDeadLetters', { ids: [letter!.id, 'x'] })).toEqual({ done: [letter!.id] });
    await host.restart();
    expect(await listed(host)).toEqual([]);
  });

  it('makes room for newer ones beyond the limit, in the store, too', async () => {
    const host = new EngineHost({ limits: { maxDeadLetters: 2 } });
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'one', 'two', 'three');
    for (let n = 0; n < 3; n += 1) await giveUpNext(host, subscription);
    const { letters, evicted } = await host.execute('deadLetters', { subscription });
    expect(letters.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(evicted).toBe(1);
    await host.clock.advance(200);
    expect(host.stored().filter((space) => space === 'dead-letter')).toHaveLength(2);
  });
});

describe('what has failed', () => {
  it('is known to the next tenure: attempts, strikes, and the rest of the pause', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'x', 'y');
    const claim = await host.claim(subscription, 1);
    expect(claim!.earlier).toBeUndefined();
    expect(claim!.mayBeRepeated).toBe(false);
    claim!.postpone(FAILED, 60_000);
    await host.clock.advance(200);
    await host.restart();
    await host.clock.advance(19_800);
    const again = await host.claim(subscription);
    expect(again!.earlier).toEqual({ ...FAILED, waitMs: 40_000 });
    expect(again!.mayBeRepeated).toBe(true);
    expect(textsOf(again!)).toEqual(['x']);
    again!.settle('delivered');
    await host.clock.advance(200);
    expect(host.stored()).not.toContain('retry');
    expect((await host.claim(subscription))!.earlier).toBeUndefined();
  });

  it('is not waited for longer than the pause was, whatever the wall clock says', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'x');
    (await host.claim(subscription))!.postpone(FAILED, 5_000);
    const back = host.clock.now.bind(host.clock);
    host.clock.now = () => back() - 3_600_000;
    expect((await host.claim(subscription))!.earlier!.waitMs).toBe(5_000);
  });

  it('is forgotten with its subscription', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'x');
    (await host.claim(subscription))!.postpone(FAILED, 5_000);
    await host.clock.advance(200);
    expect(host.stored()).toContain('retry');
    await host.execute('unsubscribe', { subscription });
    await host.clock.advance(61_000);
    expect(host.stored()).not.toContain('retry');
  });

  it('is written once more when the commit that it rode along with was refused', async () => {
    const host = new EngineHost();
    await host.start();
    const subscription = await host.subscribe('a');
    await host.notify('a', 'x');
    (await host.claim(subscription))!.postpone(FAILED, 5_000);
    host.life.store.plan('full');
    await host.notify('b', 'y').catch(() => undefined);
    expect(host.stored()).not.toContain('retry');
    await host.clock.advance(200);
    expect(host.stored()).toContain('retry');
  });
});
