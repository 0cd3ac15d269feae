import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WsnFault } from '../../src/wsn/faults.ts';
import { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import {
  notifyBody,
  publish,
  referenceIn,
  send,
  sendTo,
  subscribe,
  topicElement,
  type Answer,
  type Reference,
} from '../support/soap-client.ts';
import { SoapProducer } from '../support/soap-producer.ts';

/** Publishers that register: those that the broker subscribes to on demand, over failovers, and those that send of their own. */

const BR = 'http://docs.oasis-open.org/wsn/br-2';
const QUICK = 'delivery: { firstRetry: 100ms, maxRetry: 500ms }';

let cluster: TestCluster;
let publisher: SoapProducer;
let consumer: TestConsumer;

beforeAll(async () => {
  cluster = await TestCluster.start('combined', { extra: QUICK });
  consumer = await TestConsumer.start();
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await consumer[Symbol.asyncDispose]();
});
interface Registering {
  readonly topics?: readonly string[];
  readonly demandAt?: string;
  readonly engine?: string;
}

async function register(broker: string, { topics = [], demandAt, engine = 'ME1' }: Registering): Promise<Answer> {
  const listed = topics.map((topic) => topicElement('Topic', topic).replaceAll('wsnt:Topic', 'br:Topic')).join('');
  const reference =
    demandAt === undefined
      ? ''
      : `<br:PublisherReference><wsa:Address>${demandAt}</wsa:Address></br:PublisherReference>`;
  const demand = `<br:Demand>${String(demandAt !== undefined)}</br:Demand>`;
  const body = `<br:RegisterPublisher xmlns:br="${BR}">${reference}${listed}${demand}</br:RegisterPublisher>`;
  return send(`${broker}/wsn/NotificationBroker/${engine}`, body);
}

function referenceOf(answer: Answer, name: string): Reference {
  const element = answer.body?.child(BR, name);
  if (element === undefined) throw new Error(`No ${name}: HTTP ${String(answer.status)} ${answer.text}`);
  return referenceIn(element);
}

async function destroy(registration: Reference): Promise<Answer> {
  return sendTo(registration, `<br:DestroyRegistration xmlns:br="${BR}"/>`);
}

/** A publisher that is subscribed to on demand on two topics of its own namespace. */
async function registerOnDemand(namespace: string, engine = 'ME1'): Promise<Reference> {
  const topics = ['a', 'b'].map((name) => `{${namespace}}${name}`);
  const answer = await register(cluster.url, { topics, demandAt: publisher.url, engine });
  expect(answer.body?.children().map(({ localName }) => localName)).toEqual(['PublisherRegistrationReference']);
  return referenceOf(answer, 'PublisherRegistrationReference');
}

async function unsubscribe(subscription: Reference): Promise<void> {
  expect((await sendTo(subscription, '<wsnt:Unsubscribe/>')).body?.localName).toBe('UnsubscribeResponse');
}

/** Until the publisher has these subscriptions, by topic, and no other. */
async function held(...expected: readonly string[]): Promise<void> {
  const found = (): readonly string[] => publisher.alive();
  await eventually(
    `the publisher has ${expected.join(', ')}`,
    () => {
      if (JSON.stringify(found()) === JSON.stringify(expected)) return true;
      throw new Error(`found ${found().join(', ')}; asked ${publisher.names().join(', ')}`);
    },
    30_000,
  );
}

/** The publisher sends what its subscription to the topic `name` gets; it arrives. */
async function arrives(namespace: string, name: string, payload: string): Promise<void> {
  const statuses = await publisher.emit(`t:${name}`, notifyBody(`{${namespace}}${name}`, payload));
  expect(statuses).toEqual([202]);
  await eventually(`${payload} has arrived`, () => consumer.payloads.includes(payload), 30_000);
  expect(consumer.payloads.filter((found) => found === payload)).toHaveLength(1);
}

/** kill -9 of the server of an engine, until the engine is elsewhere and, where it holds subscriptions, has renewed one. */
async function failOver(engine: string, again: 'renews' | 'at rest'): Promise<void> {
  const { server, epoch } = cluster.hostOf(engine);
  const before = publisher.asked.length;
  cluster.kill(server);
  await eventually('the engine runs again', () => cluster.hostOf(engine).epoch > epoch, 30_000);
  if (again === 'at rest') return;
  await eventually('it looks after the publisher', () => publisher.names().slice(before).includes('Renew'), 30_000);
}

describe('a publisher on demand', () => {
  afterEach(async () => {
    await publisher[Symbol.asyncDispose]();
  });

  test('is subscribed to and paused; resumed for the topics that somebody wants, at whichever engine', async () => {
    publisher = await SoapProducer.start(() => Date.now());
    const namespace = 'urn:demand:pausing';
    const registration = await registerOnDemand(namespace);
    await held('t:a (paused)', 't:b (paused)');
    const here = await subscribe(cluster.url, consumer.url, { topic: `{${namespace}}a`, engine: 'ME1' });
    await held('t:a', 't:b (paused)');
    await arrives(namespace, 'a', 'wanted here');
    expect(await publisher.emit('t:b', notifyBody(`{${namespace}}b`, 'nobody'))).toEqual([]);
    const there = await subscribe(cluster.url, consumer.url, { topic: `{${namespace}}b`, engine: 'ME2' });
    await held('t:a', 't:b');
    await arrives(namespace, 'b', 'wanted at the other engine');
    await unsubscribe(here);
    await held('t:a (paused)', 't:b');
    await unsubscribe(there);
    await held('t:a (paused)', 't:b (paused)');
    const everything = await subscribe(cluster.url, consumer.url, { engine: 'ME2' });
    await held('t:a', 't:b');
    await unsubscribe(everything);
    await held('t:a (paused)', 't:b (paused)');
    expect((await destroy(registration)).body?.localName).toBe('DestroyRegistrationResponse');
    await held();
    expect((await destroy(registration)).fault).toBe('ResourceUnknownFault');
    expect(publisher.names().filter((name) => name === 'Subscribe')).toHaveLength(2);
  });

  test('has the wanted subscriptions and no other after kill -9, paused and running, and is heard', async () => {
    publisher = await SoapProducer.start(() => Date.now());
    const namespace = 'urn:demand:failover';
    const registration = await registerOnDemand(namespace);
    await held('t:a (paused)', 't:b (paused)');
    await failOver('ME1', 'renews');
    await held('t:a (paused)', 't:b (paused)');
    const subscription = await subscribe(cluster.url, consumer.url, { topic: `{${namespace}}a`, engine: 'ME2' });
    await held('t:a', 't:b (paused)');
    await arrives(namespace, 'a', 'after a failover while paused');
    await failOver('ME1', 'renews');
    await held('t:a', 't:b (paused)');
    await arrives(namespace, 'a', 'after a failover while running');
    // The engine of the subscriber moves; the other one still knows that it wants the topic.
    await failOver('ME2', 'at rest');
    await arrives(namespace, 'a', 'after a failover of the subscriber');
    await unsubscribe(subscription);
    await held('t:a (paused)', 't:b (paused)');
    await destroy(registration);
    await held();
  });

  test('that cannot pause is unsubscribed and subscribed to again, also by the next server', async () => {
    publisher = await SoapProducer.start(() => Date.now());
    publisher.canPause = false;
    const namespace = 'urn:demand:unpausable';
    const registration = await registerOnDemand(namespace);
    await held();
    const options = { topic: `{${namespace}}a`, engine: 'ME1' };
    const first = await subscribe(cluster.url, consumer.url, options);
    await held('t:a');
    await arrives(namespace, 'a', 'subscribed again');
    await unsubscribe(first);
    await held();
    const before = publisher.asked.length;
    await failOver('ME1', 'at rest');
    const second = await subscribe(cluster.url, consumer.url, options);
    await held('t:a');
    await arrives(namespace, 'a', 'subscribed by the next server');
    // A kill just behind an Unsubscribe lets the next server say it again; it subscribes once.
    const since = publisher.names().slice(before);
    expect(since.filter((name) => name !== 'Unsubscribe')).toEqual(['Subscribe']);
    await unsubscribe(second);
    await held();
    await destroy(registration);
  });

  test('that cannot be subscribed to is not registered, and nothing is left of it', async () => {
    const topic = '{urn:demand:unreachable}a';
    const silent = await register(cluster.url, { topics: [topic], demandAt: await nowhere() });
    expect(silent.fault).toBe('PublisherRegistrationFailedFault');
    publisher = await SoapProducer.start(() => Date.now());
    publisher.misbehave = () => new WsnFault('SubscribeCreationFailedFault', 'not today');
    const refusing = await register(cluster.url, { topics: [topic], demandAt: publisher.url });
    expect([refusing.fault, refusing.text]).toEqual([
      'PublisherRegistrationFailedFault',
      expect.stringContaining('not today'),
    ]);
    // Until the registration is taken back it may be tried once more.
    const asked = publisher.names();
    expect([...new Set(asked)]).toEqual(['Subscribe']);
    publisher.misbehave = () => undefined;
    // Were it still registered, the engine would try again: when somebody wants its topic, or at the latest after a failover.
    const subscription = await subscribe(cluster.url, consumer.url, { topic, engine: 'ME1' });
    await failOver('ME1', 'at rest');
    await using other = await SoapProducer.start(() => Date.now());
    const registration = referenceOf(
      await register(cluster.url, { topics: [topic], demandAt: other.url }),
      'PublisherRegistrationReference',
    );
    await eventually('another publisher is subscribed to', () => other.alive().join() === 't:a');
    expect(publisher.names()).toEqual(asked);
    await unsubscribe(subscription);
    await destroy(registration);
  });
});

describe('a publisher that sends of its own', () => {
  test('may send to its registration what it registered for, and nothing else, until that ends', async () => {
    const answer = await register(cluster.url, { topics: ['{urn:own}a', '{urn:own}b'], engine: 'ME2' });
    const own = referenceOf(answer, 'ConsumerReference');
    await subscribe(cluster.url, consumer.url, { topic: '{urn:own}a', engine: 'ME1' });
    expect((await sendTo(own, notifyBody('{urn:own}a', 'registered'))).status).toBe(202);
    await eventually('it arrives', () => consumer.payloads.includes('registered'));
    for (const topic of ['{urn:own}c', '{urn:own}a/x', undefined]) {
      expect((await sendTo(own, notifyBody(topic, 'not registered'))).fault, topic).toBe('TopicNotSupportedFault');
    }
    expect((await destroy(referenceOf(answer, 'PublisherRegistrationReference'))).status).toBe(200);
    expect((await sendTo(own, notifyBody('{urn:own}a', 'too late'))).fault).toBe('ResourceUnknownFault');
    expect((await publish(cluster.url, '{urn:own}a', 'unregistered')).status).toBe(202);
    await eventually('the last arrives', () => consumer.payloads.includes('unregistered'));
    expect(consumer.payloads).not.toContain('not registered');
    expect(consumer.payloads).not.toContain('too late');
  });

  test('has to register where the topology says so; so has one on demand, which then is heard', async () => {
    const extra = `${QUICK}\npublishers: { registration: required }`;
    await using strict = await TestCluster.start('single', { extra });
    await subscribe(strict.url, consumer.url, { topic: '{urn:required}a' });
    expect((await publish(strict.url, '{urn:required}a', 'stranger')).fault).toBe('PublisherRegistrationRejectedFault');
    const own = referenceOf(await register(strict.url, { topics: ['{urn:required}a'] }), 'ConsumerReference');
    expect((await sendTo(own, notifyBody('{urn:required}a', 'known'))).status).toBe(202);
    await eventually('it arrives', () => consumer.payloads.includes('known'));
    await using asked = await SoapProducer.start(() => Date.now());
    const answer = await register(strict.url, { topics: ['{urn:required}a'], demandAt: asked.url });
    expect(answer.fault).toBeUndefined();
    await eventually('it is wanted', () => asked.alive().join() === 't:a');
    expect(await asked.emit('t:a', notifyBody('{urn:required}a', 'asked'))).toEqual([202]);
    await eventually('that arrives too', () => consumer.payloads.includes('asked'));
    expect(consumer.payloads).not.toContain('stranger');
    const property = `<rp:GetResourceProperty xmlns:rp="http://docs.oasis-open.org/wsrf/rp-2" xmlns:br="${BR}">br:RequiresRegistration</rp:GetResourceProperty>`;
    const told = await send(`${strict.url}/wsn/NotificationBroker`, property);
    expect(told.body?.children()[0]?.text()).toBe('true');
  });
});

/** An address where nobody listens. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${String(port)}/`;
}
