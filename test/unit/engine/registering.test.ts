import { describe, expect, it } from 'vitest';
import type { PublisherRegistration } from '../../../src/wsn/messages.ts';
import { FULL_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { EngineHost, faultOf, filterOf, messageOf } from './test-engine.ts';

const PUBLISHER = { address: 'http://publisher/', referenceParameters: [] };

function registrationOf(change: Partial<PublisherRegistration> = {}): PublisherRegistration {
  return { topics: [], demand: false, soapVersion: '1.2', ...change };
}

async function register(host: EngineHost, change: Partial<PublisherRegistration> = {}): Promise<string> {
  const { registration } = await host.execute('registerPublisher', {
    registration: registrationOf(change),
    termination: { kind: 'absent' },
  });
  return registration;
}

describe('a registration', () => {
  it('lets its publisher send on its topics and no others, over a restart, too', async () => {
    const host = new EngineHost({ conduct: { requiresRegistration: true } });
    await host.start();
    const resource = await register(host, { topics: filterOf('a', 'b').topics });
    const subscription = await host.subscribe();
    for (const round of ['before', 'after']) {
      await host.execute('notify', { messages: [messageOf('b', round)], resource });
      expect(await faultOf(host.execute('notify', { messages: [messageOf('c', 'x')], resource }))).toBe(
        'TopicNotSupportedFault',
      );
      expect(await faultOf(host.execute('notify', { messages: [messageOf('a', 'x')] }))).toBe(
        'PublisherRegistrationRejectedFault',
      );
      await host.restart();
    }
    expect(await host.deliver(subscription)).toEqual(['before', 'after']);
  });

  it('ends: destroyed, or by its termination time', async () => {
    const host = new EngineHost();
    await host.start();
    const destroyed = await register(host);
    await host.execute('destroyRegistration', { registration: destroyed });
    const timed = await register(host);
    const inASecond = { kind: 'relative', duration: { months: 0, ms: 1_000 } } as const;
    await host.execute('setTermination', { resource: timed, termination: inASecond });
    host.clock.jump(1_000);
    for (const resource of [destroyed, timed]) {
      expect(await faultOf(host.execute('notify', { messages: [messageOf('a', 'x')], resource }))).toBe(
        'ResourceUnknownFault',
      );
      expect(await faultOf(host.execute('destroy', { resource }))).toBe('ResourceUnknownFault');
    }
    await host.clock.advance(1_200);
    expect(host.stored().filter((space) => space === 'registration')).toEqual([]);
  });

  it('needs a publisher for its demand', async () => {
    const host = new EngineHost();
    await host.start();
    expect(await faultOf(register(host, { demand: true }))).toBe('PublisherRegistrationRejectedFault');
    const registration = await register(host);
    expect(await faultOf(host.execute('modifyRegistration', { registration, topics: [], demand: true }))).toBe(
      'PublisherRegistrationRejectedFault',
    );
    expect(await faultOf(register(host, { topics: filterOf('not a topic').topics }))).toBe(
      'InvalidTopicExpressionFault',
    );
  });
});

describe('demand', () => {
  async function offering(): Promise<{ host: EngineHost; id: string; heard: string[]; wanted: () => boolean[] }> {
    const host = new EngineHost({ peers: ['ME2'] });
    await host.start();
    const id = await register(host, { publisher: PUBLISHER, demand: true, topics: filterOf('a', 'b').topics });
    const heard: string[] = [];
    host.engine.producers.onChange((changed) => heard.push(changed), new AbortController().signal);
    const wanted = (): boolean[] => host.engine.producers.find(id)!.topics.map(({ isWanted }) => isWanted);
    return { host, id, heard, wanted };
  }

  it('is counted for each topic: subscribers here and at peers', async () => {
    const { host, id, heard, wanted } = await offering();
    expect(heard).toEqual([id]);
    expect(wanted()).toEqual([false, false]);
    const first = await host.subscribe('a');
    const second = await host.subscribe('a');
    expect(wanted()).toEqual([true, false]);
    await host.execute('unsubscribe', { subscription: first });
    expect(wanted()).toEqual([true, false]);
    const change = { revision: 1, everything: false, add: filterOf('b').topics, remove: [] };
    await host.execute('learnInterest', { peer: 'ME2', change });
    expect(wanted()).toEqual([true, true]);
    await host.execute('unsubscribe', { subscription: second });
    expect(wanted()).toEqual([false, true]);
    const gone = { base: 1, revision: 2, everything: true, add: [], remove: filterOf('b').topics };
    await host.execute('learnInterest', { peer: 'ME2', change: gone });
    expect(wanted()).toEqual([true, true]);
    expect(heard.length).toBeGreaterThanOrEqual(5);
  });

  it('is there for a wildcard, for no topics at all, and for who is paused: what comes is kept for him', async () => {
    const { host, wanted } = await offering();
    const other = await host.subscribe('c');
    expect(wanted()).toEqual([false, false]);
    const all = await register(host, { publisher: PUBLISHER, demand: true });
    expect(host.engine.producers.find(all)?.topics.map(({ isWanted }) => isWanted)).toEqual([true]);
    await host.execute('pause', { subscription: other });
    expect(host.engine.producers.find(all)?.topics.map(({ isWanted }) => isWanted)).toEqual([true]);
    const { subscription } = await host.execute('subscribe', {
      consumer: { kind: 'push', reference: PUBLISHER, soapVersion: '1.2' },
      filter: { topics: [{ dialect: FULL_DIALECT, text: '*|x//b', namespaces: {} }] },
      policy: {},
      termination: { kind: 'absent' },
    });
    expect(wanted()).toEqual([true, true]);
    await host.execute('unsubscribe', { subscription });
    expect(wanted()).toEqual([false, false]);
  });

  it('and what is remembered of the publisher outlive a crash; an ended registration waits until all is given up', async () => {
    const { host, id, wanted } = await offering();
    await host.subscribe('b');
    const remote = [{ topic: 'b', reference: PUBLISHER, isPaused: false, canPause: true, terminationTime: null }];
    await host.engine.producers.remember(id, remote);
    await host.restart();
    expect(wanted()).toEqual([false, true]);
    expect(host.engine.producers.find(id)).toMatchObject({ remote, isEnded: false, kind: 'demand' });
    await host.execute('destroy', { resource: id });
    await host.restart();
    expect(host.engine.producers.find(id)).toMatchObject({ remote, isEnded: true });
    await host.engine.producers.remember(id, []);
    expect(host.engine.producers.find(id)).toBeUndefined();
    expect(host.stored().filter((space) => ['registration', 'remote'].includes(space))).toEqual([]);
  });
});

it('a source of the topology is always wanted, keeps what is remembered, and is nobody’s to end', async () => {
  const registration = registrationOf({ publisher: PUBLISHER });
  const host = new EngineHost({ sources: [{ name: 'camera', kind: 'onvif', lifetimeMs: 60_000, registration }] });
  await host.start();
  const heard: string[] = [];
  host.engine.producers.onChange((id) => heard.push(id), new AbortController().signal);
  const [id = ''] = heard;
  expect(host.engine.producers.find(id)).toMatchObject({
    kind: 'source',
    topics: [{ isWanted: true }],
    isEnded: false,
  });
  const remote = [{ topic: '', reference: PUBLISHER, isPaused: false, canPause: false, terminationTime: 5 }];
  await host.engine.producers.remember(id, remote);
  expect(await faultOf(host.execute('destroy', { resource: id }))).toBe('ResourceUnknownFault');
  await host.restart();
  expect(host.engine.producers.find(id)).toMatchObject({ remote });
  const subscription = await host.subscribe('a');
  await host.execute('notify', { messages: [messageOf('a', 'motion')], resource: id });
  expect(await host.deliver(subscription)).toEqual(['motion']);
});
