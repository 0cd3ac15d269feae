import { describe, expect, it } from 'vitest';
import type { InterestChange, LinkedRecord } from '../../../src/engine/ports/engine.ts';
import { CONCRETE_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { EngineHost, failureOf, filterOf, messageOf } from './test-engine.ts';

function wants(change: Partial<InterestChange> & { revision: number; topics?: readonly string[] }): InterestChange {
  const { topics = [], ...rest } = change;
  return { everything: false, add: filterOf(...topics).topics, remove: [], ...rest };
}

/** Forwards all that `from` has for `to`; the result is how many records went over. */
async function forward(from: EngineHost, to: EngineHost): Promise<number> {
  let count = 0;
  for (;;) {
    const claim = await from.engine.links.claim(to.name, 10, 1_000_000);
    if (claim === undefined) return count;
    await to.execute('acceptLink', { origin: from.name, records: claim.records });
    count += claim.records.length;
    claim.settle('accepted');
  }
}

async function seqsFor(host: EngineHost, peer: string): Promise<number[]> {
  const claim = await host.engine.links.claim(peer, 100, 1_000_000);
  claim?.settle('failed');
  return claim?.records.map(({ seq }) => seq) ?? [];
}

async function pair(limits = {}): Promise<{ one: EngineHost; two: EngineHost }> {
  const one = new EngineHost({ name: 'ME1', peers: ['ME2'], limits });
  const two = new EngineHost({ name: 'ME2', peers: ['ME1'], limits });
  await one.start();
  await two.start();
  return { one, two };
}

/** Tells `to` what `from` wants. */
async function tell(from: EngineHost, to: EngineHost, base?: number): Promise<void> {
  const change = from.engine.links.interestSince(base);
  if (change !== undefined) await to.execute('learnInterest', { peer: from.name, change });
}

describe('F34: an engine that comes while this one runs', () => {
  it('is linked from now on, and nobody else is touched', async () => {
    const one = new EngineHost({ name: 'ME1' });
    const two = new EngineHost({ name: 'ME2', peers: ['ME1'] });
    await one.start();
    await two.start();
    await one.notify('a', 'early');
    const subscription = await two.subscribe('a');
    const change = two.engine.links.interestSince(undefined)!;
    expect(await failureOf(one.execute('learnInterest', { peer: 'ME2', change }))).toMatchObject({ processed: 'no' });
    one.engine.meet(['ME1', 'ME2']);
    one.engine.meet(['ME1', 'ME2']);
    await tell(two, one);
    await one.notify('a', '1', '2');
    expect(await forward(one, two)).toBe(2);
    expect(await two.deliver(subscription)).toEqual(['1', '2']);
    expect(await failureOf(one.execute('learnInterest', { peer: 'ME3', change }))).toMatchObject({ processed: 'no' });
  });

  it('is served where it was left when it had been in the topology before', async () => {
    const { one, two } = await pair();
    await two.subscribe('a');
    await tell(two, one);
    await one.notify('a', '1');
    expect(await forward(one, two)).toBe(1);
    await one.notify('a', '2');
    one.peers = [];
    await one.restart();
    one.engine.meet(['ME2']);
    expect(await seqsFor(one, 'ME2')).toContain(2);
    await one.notify('a', '3');
    expect(await forward(one, two)).toBeGreaterThanOrEqual(2);
  });
});

describe('a link', () => {
  it('carries what the peer wants, from when this engine has learned of it, and only what was published here', async () => {
    const { one, two } = await pair();
    await one.notify('a', 'early');
    const subscription = await two.subscribe('a');
    await tell(two, one);
    await one.notify('a', '1', '2');
    await one.notify('b', 'unwanted');
    expect(await forward(one, two)).toBe(2);
    expect(await two.deliver(subscription)).toEqual(['1', '2']);
    await one.execute('learnInterest', { peer: 'ME2', change: wants({ revision: 2 ** 40, everything: true }) });
    await two.execute('learnInterest', { peer: 'ME1', change: wants({ revision: 1, everything: true }) });
    await two.notify('a', 'back');
    expect(await forward(two, one)).toBe(1);
    expect(await forward(one, two)).toBe(0);
  });

  it('recognises what is sent again, over restarts on both sides', async () => {
    const { one, two } = await pair();
    const subscription = await two.subscribe();
    await tell(two, one);
    await one.notify('a', '1', '2');
    const claim = await one.engine.links.claim('ME2', 10, 1_000);
    const records = claim?.records ?? [];
    const accept = async (): Promise<unknown> => two.execute('acceptLink', { origin: 'ME1', records });
    expect(await accept()).toEqual({ highWater: 2 });
    expect(await accept()).toEqual({ highWater: 2 });
    claim?.settle('failed');
    await two.restart();
    await one.restart();
    expect(await forward(one, two)).toBe(2);
    await one.notify('a', '3');
    expect(await forward(one, two)).toBe(1);
    expect(await two.deliver(subscription)).toEqual(['1', '2', '3']);
    expect(two.medium.engine('ME2').log.size).toBe(3);
  });

  it('that is told of at the same time twice takes each record once', async () => {
    const { one, two } = await pair();
    await tell(two, one);
    await one.execute('learnInterest', { peer: 'ME2', change: wants({ revision: 2 ** 40, everything: true }) });
    await one.notify('a', '1', '2');
    const claim = await one.engine.links.claim('ME2', 10, 1_000);
    const request = { origin: 'ME1', records: claim?.records ?? [] };
    await Promise.all([two.execute('acceptLink', request), two.execute('acceptLink', request)]);
    expect(two.medium.engine('ME2').log.size).toBe(2);
  });

  it('keeps what the peer had asked for while the peer is away, over a restart, beyond the queue', async () => {
    const { one, two } = await pair({ queueLength: 3 });
    const subscription = await two.subscribe('a');
    await tell(two, one);
    const texts = Array.from({ length: 20 }, (_, i) => String(i));
    for (const text of texts) await one.notify('a', text);
    await one.clock.advance(2_000);
    await one.restart();
    await one.notify('a', 'last');
    await forward(one, two);
    expect(await two.deliver(subscription)).toEqual([...texts, 'last']);
  });

  it('does not carry what was sent to a pull point', async () => {
    const { one, two } = await pair();
    await two.subscribe();
    await tell(two, one);
    const { pullPoint } = await one.execute('createPullPoint', {});
    await one.execute('notify', { resource: pullPoint, messages: [messageOf('a', 'direct')] });
    expect(await forward(one, two)).toBe(0);
  });

  it('does not take from engines outside the topology, nor too much, nor what cannot be read', async () => {
    const { two } = await pair({ maxRecordsPerLink: 1 });
    const record: LinkedRecord = { seq: 1, bytes: Buffer.from('nonsense') };
    const from = async (origin: string, ...records: LinkedRecord[]): Promise<unknown> =>
      failureOf(two.execute('acceptLink', { origin, records }));
    expect(await from('ME9', record)).toMatchObject({ code: 'engine-not-here', processed: 'no' });
    expect(await from('ME2', record)).toMatchObject({ code: 'engine-not-here' });
    expect(await from('ME1', record, record)).toMatchObject({ code: 'overloaded' });
    expect(await from('ME1', record)).toMatchObject({ code: 'store-unavailable', processed: 'no' });
    expect(two.life.failures).toEqual([]);
    expect(
      await failureOf(two.execute('learnInterest', { peer: 'ME9', change: wants({ revision: 1 }) })),
    ).toMatchObject({
      code: 'engine-not-here',
    });
  });

  it('updates the current message if what came was published later', async () => {
    const { one, two } = await pair();
    await two.subscribe();
    await tell(two, one);
    await one.notify('a', 'older');
    two.clock.jump(10);
    await two.notify('a', 'newer');
    await forward(one, two);
    expect(await two.execute('currentMessage', { topic: 'a' })).toMatchObject({
      found: { message: Buffer.from('newer') },
    });
    one.clock.jump(20);
    await one.notify('a', 'newest');
    await forward(one, two);
    expect(await two.execute('currentMessage', { topic: 'a' })).toMatchObject({
      found: { message: Buffer.from('newest') },
    });
  });

  it('tells when there is something for a peer, and every peer once at the beginning', async () => {
    const { one, two } = await pair();
    await two.subscribe('a');
    await tell(two, one);
    const heard: string[] = [];
    one.engine.links.onReady((peer) => heard.push(peer), new AbortController().signal);
    expect(heard.splice(0)).toEqual(['ME2']);
    await one.notify('b', 'x');
    expect(heard).toEqual([]);
    await one.notify('a', '1', '2');
    expect(heard.splice(0)).toEqual(['ME2']);
    (await one.engine.links.claim('ME2', 1, 1_000))?.settle('accepted');
    expect(heard.splice(0)).toEqual(['ME2']);
    const claim = await one.engine.links.claim('ME2', 1, 1_000);
    expect(await one.engine.links.claim('ME2', 1, 1_000)).toBeUndefined();
    claim?.settle('accepted');
    expect(heard.splice(0)).toEqual([]);
  });
});

describe('learnInterest', () => {
  it('takes the whole, then changes that build on it, and refuses others', async () => {
    const { one } = await pair();
    const learn = async (change: InterestChange): Promise<boolean> =>
      (await one.execute('learnInterest', { peer: 'ME2', change })).known;
    expect(await learn(wants({ base: 1, revision: 2, topics: ['a'] }))).toBe(false);
    await one.notify('a', 'unheard');
    expect(await learn(wants({ revision: 5, topics: ['a'] }))).toBe(true);
    expect(await learn(wants({ base: 5, revision: 6, topics: ['b'] }))).toBe(true);
    expect(await learn(wants({ base: 5, revision: 6, topics: ['b'] }))).toBe(true);
    expect(await learn(wants({ base: 5, revision: 7, topics: ['c'] }))).toBe(false);
    await one.notify('a', '1');
    await one.notify('b', '2');
    await one.notify('c', '3');
    expect(await seqsFor(one, 'ME2')).toEqual([2, 3]);
    expect(await learn(wants({ base: 6, revision: 8, remove: filterOf('a').topics }))).toBe(true);
    await one.restart();
    expect(await learn(wants({ base: 8, revision: 9 }))).toBe(true);
    await one.notify('a', 'unwanted');
    await one.notify('b', '4');
    expect((await seqsFor(one, 'ME2')).at(-1)).toBe(6);
  });

  it('with a whole keeps since when an expression is known, and passes over an older whole', async () => {
    const { one } = await pair();
    const learn = async (change: InterestChange): Promise<unknown> =>
      one.execute('learnInterest', { peer: 'ME2', change });
    await learn(wants({ revision: 1, topics: ['a', 'b'] }));
    await one.notify('a', '1');
    await one.notify('c', '2');
    await learn(wants({ revision: 10, topics: ['a', 'c'] }));
    await learn(wants({ revision: 9, topics: ['d'] }));
    await one.notify('c', '3');
    await one.notify('b', '4');
    await one.notify('d', '5');
    await one.restart();
    expect(await seqsFor(one, 'ME2')).toEqual([1, 3]);
  });

  it('counts everything from when it was first wanted', async () => {
    const { one } = await pair();
    const learn = async (change: InterestChange): Promise<unknown> =>
      one.execute('learnInterest', { peer: 'ME2', change });
    await one.notify('a', '1');
    await learn(wants({ revision: 1, everything: true }));
    await one.notify('a', '2');
    await learn(wants({ base: 1, revision: 2, everything: true, topics: ['x'] }));
    await one.restart();
    expect(await seqsFor(one, 'ME2')).toEqual([2]);
  });

  it('changes nothing when it cannot be written, and takes what it does not understand for everything', async () => {
    const { one } = await pair();
    const change = { ...wants({ revision: 1 }), add: [{ dialect: 'urn:new', text: '*', namespaces: {} }] };
    one.life.store.plan('full');
    expect(await failureOf(one.execute('learnInterest', { peer: 'ME2', change }))).toMatchObject({
      code: 'store-full',
    });
    await one.notify('a', '1');
    await one.execute('learnInterest', { peer: 'ME2', change });
    await one.notify('a', '2');
    expect(await seqsFor(one, 'ME2')).toEqual([2]);
  });

  it('bounds how much a peer may want', async () => {
    const { one } = await pair({ maxPeerExpressions: 2 });
    const change = wants({ revision: 1, topics: ['a', 'b', 'c'] });
    expect(await failureOf(one.execute('learnInterest', { peer: 'ME2', change }))).toMatchObject({
      code: 'overloaded',
    });
  });
});

describe('interestSince()', () => {
  it('gives the whole first, then what changed, and undefined when nothing did', async () => {
    const { one } = await pair();
    const { links } = one.engine;
    const first = await one.subscribe('a');
    await one.subscribe('a');
    const start = links.interestSince(undefined);
    expect(start).toMatchObject({ everything: false, add: [{ text: 'a' }], remove: [] });
    expect(start).not.toHaveProperty('base');
    expect(links.interestSince(start?.revision)).toBeUndefined();
    let changes = 0;
    links.onInterest(() => (changes += 1), new AbortController().signal);
    await one.execute('unsubscribe', { subscription: first });
    expect(changes).toBe(0);
    const everything = await one.subscribe();
    await one.subscribe('b', 'c');
    const gone = await one.subscribe('d');
    await one.execute('unsubscribe', { subscription: gone });
    expect(changes).toBe(4);
    const next = links.interestSince(start?.revision);
    expect(next).toMatchObject({
      base: start?.revision,
      everything: true,
      add: [{ text: 'b' }],
      remove: [{ text: 'd' }],
    });
    await one.execute('unsubscribe', { subscription: everything });
    expect(links.interestSince(next?.revision)).toMatchObject({ everything: false, add: [], remove: [] });
  });

  it('falls back to the whole for a base that is too old, from the future, or of another epoch; revisions grow', async () => {
    const one = new EngineHost({ peers: ['ME2'], limits: { maxInterestChanges: 2 } });
    await one.start();
    const start = one.engine.links.interestSince(undefined);
    for (const topic of ['a', 'b', 'c', 'd', 'e', 'f']) await one.subscribe(topic);
    expect(one.engine.links.interestSince(start?.revision)).not.toHaveProperty('base');
    const now = one.engine.links.interestSince(undefined);
    expect(one.engine.links.interestSince((now?.revision ?? 0) + 1)).not.toHaveProperty('base');
    await one.restart();
    const after = one.engine.links.interestSince(now?.revision);
    expect(after).not.toHaveProperty('base');
    expect(after?.add).toHaveLength(6);
    expect(after?.revision).toBeGreaterThan(now?.revision ?? Infinity);
  });

  it('forgets what only expired subscriptions wanted', async () => {
    const { one } = await pair();
    await one.subscribeUntil({ kind: 'relative', duration: { months: 0, ms: 500 } }, 'a');
    await one.clock.advance(11_500);
    expect(one.engine.links.interestSince(undefined)?.add).toEqual([]);
  });

  it('names the dialect and namespaces as subscribed', async () => {
    const { one } = await pair();
    const topic = { dialect: CONCRETE_DIALECT, text: 'p:a', namespaces: { p: 'urn:x' } };
    await one.execute('subscribe', {
      consumer: { kind: 'push', reference: { address: 'http://c/', referenceParameters: [] }, soapVersion: '1.1' },
      filter: { topics: [topic] },
      termination: { kind: 'infinite' },
    });
    expect(one.engine.links.interestSince(undefined)?.add).toEqual([topic]);
  });
});
