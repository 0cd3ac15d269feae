/**
 * Talks to a Pointsman broker with npm's soap, as a user of it would: tsx client.ts WSDL_URL
 *
 * Prints a line for each operation, "ok NAME", first in SOAP 1.1 and then in SOAP 1.2. Exits with 1 at the first surprise.
 * npm's soap drops the namespaces of what it reads, so reference parameters cannot be sent back; the address is enough.
 */

import assert from 'node:assert/strict';
import { createClientAsync, type Client } from 'soap';

const SIMPLE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple';
const XPATH = 'http://www.w3.org/TR/1999/REC-xpath-19991116';
const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const BR = 'http://docs.oasis-open.org/wsn/br-2';
const RL = 'http://docs.oasis-open.org/wsrf/rl-2';
const MINUTE_MS = 60_000;

type Version = 'Soap11' | 'Soap12';
type Method = (argument: unknown, callback: (error: unknown, result: unknown) => void) => void;
type Services = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Method>>>>>>;

interface Reference {
  readonly Address: string;
}

/** What is looked at of the replies. */
interface Reply {
  readonly SubscriptionReference: Reference;
  readonly PullPoint: Reference;
  readonly PublisherRegistrationReference: Reference;
  readonly CurrentTime: string | Date;
  readonly TerminationTime: string | Date;
  readonly NewTerminationTime: string | Date;
  readonly Subscription: { readonly Paused: string };
  readonly ConsumerReference: Reference;
  readonly Value: unknown;
  readonly NotificationMessage?: readonly { readonly Message: { readonly item: string } }[];
  readonly item: string;
}

const say = (step: string): void => {
  process.stdout.write(`ok ${step}\n`);
};

/** The services of the WSDL, each for SOAP 1.1 or 1.2. */
class Broker {
  readonly url: string;
  readonly topic: unknown;
  readonly news: string;
  readonly #client: Client;
  readonly #version: Version;

  private constructor(client: Client, url: string, version: Version) {
    this.#client = client;
    this.#version = version;
    this.url = url;
    this.news = `urn:pointsman:interop:node-soap:${version}`;
    this.topic = { attributes: { 'xmlns:news': this.news, Dialect: SIMPLE }, $value: 'news:items' };
  }

  static async open(wsdl: string, version: Version): Promise<Broker> {
    const client = await createClientAsync(wsdl, { disableCache: true, forceSoap12Headers: version === 'Soap12' });
    return new Broker(client, wsdl.replace(/\?.*/, ''), version);
  }

  /** Calls `Service.Operation` where the WSDL says, or where an endpoint reference does. */
  async call(name: string, argument: unknown = {}, to?: Reference): Promise<Reply> {
    const [service = '', operation = ''] = name.split('.');
    const port = `${service}${this.#version}Port`;
    const described = this.#client.wsdl.definitions.services[`${service}Service`]?.ports[port];
    assert.ok(described, `the WSDL has no ${port}`);
    // This makes the methods anew, so they are looked up afterwards.
    this.#client.setEndpoint(to?.Address ?? described.location);
    const method = (this.#client as unknown as Services)[`${service}Service`]?.[port]?.[operation];
    assert.ok(method, `the WSDL has no ${operation} at ${port}`);
    return new Promise((resolve, reject) => {
      method(argument, (error, result) => {
        if (error instanceof Error) reject(error);
        else resolve(result as Reply);
      });
    });
  }
}

function assertLasts(reply: Reply, field: 'TerminationTime' | 'NewTerminationTime', minutes: number): void {
  const lifetimeMs = new Date(reply[field]).getTime() - new Date(reply.CurrentTime).getTime();
  assert.ok(Math.abs(lifetimeMs - minutes * MINUTE_MS) < MINUTE_MS, `granted ${String(lifetimeMs)} ms`);
}

async function subscribe(broker: Broker, consumer: Reference): Promise<Reference> {
  const reply = await broker.call('NotificationBroker.Subscribe', {
    ConsumerReference: { Address: consumer.Address },
    Filter: { TopicExpression: [broker.topic] },
    InitialTerminationTime: 'PT1H',
  });
  assertLasts(reply, 'TerminationTime', 60);
  return reply.SubscriptionReference;
}

async function subscription(broker: Broker): Promise<void> {
  // Nobody listens there: this client only looks at the life of the subscription.
  const reference = await subscribe(broker, { Address: 'http://127.0.0.1:9/nobody' });
  say('Subscribe');
  const renewed = await broker.call('SubscriptionManager.Renew', { TerminationTime: 'PT2H' }, reference);
  assertLasts(renewed, 'TerminationTime', 120);
  say('Renew');
  for (const operation of ['PauseSubscription', 'ResumeSubscription']) {
    await broker.call(`SubscriptionManager.${operation}`, {}, reference);
    say(operation);
  }
  await properties(broker, reference);
  const set = await broker.call(
    'ResourceLifetime.SetTerminationTime',
    { RequestedLifetimeDuration: 'PT3H' },
    reference,
  );
  assertLasts(set, 'NewTerminationTime', 180);
  say('SetTerminationTime');
  await broker.call('SubscriptionManager.Unsubscribe', {}, reference);
  say('Unsubscribe');
  const fault = await broker.call('SubscriptionManager.Unsubscribe', {}, reference).then(
    () => assert.fail('a second Unsubscribe was answered'),
    (error: unknown) => JSON.stringify((error as { root?: unknown }).root),
  );
  assert.match(fault, /"ResourceUnknownFault":\{"Timestamp":"\d{4}-/);
  say('TypedFault');
}

async function properties(broker: Broker, reference: Reference): Promise<void> {
  const ask = (operation: string, argument: unknown): Promise<Reply> =>
    broker.call(`ResourceProperties.${operation}`, argument, reference);
  const document = await ask('GetResourcePropertyDocument', {});
  assert.equal(document.Subscription.Paused, 'false');
  say('GetResourcePropertyDocument');
  // A name is text: its prefix is declared beside it.
  const prefixes = { 'xmlns:w': WSNT, 'xmlns:l': RL };
  const named = (name: string): unknown => ({ attributes: prefixes, $value: name });
  const one = await ask('GetResourceProperty', named('w:ConsumerReference'));
  assert.equal(one.ConsumerReference.Address, 'http://127.0.0.1:9/nobody');
  say('GetResourceProperty');
  const two = await ask('GetMultipleResourceProperties', {
    ResourceProperty: ['w:CreationTime', 'l:TerminationTime'].map(named),
  });
  assert.deepEqual(Object.keys(two), ['CreationTime', 'TerminationTime']);
  say('GetMultipleResourceProperties');
  const result = await ask('QueryResourceProperties', {
    QueryExpression: { attributes: { ...prefixes, Dialect: XPATH }, $value: "//w:TopicExpression = 'news:items'" },
  });
  assert.deepEqual(result.Value, { attributes: { Type: 'boolean' }, $value: 'true' });
  say('QueryResourceProperties');
}

async function pullPoint(broker: Broker): Promise<void> {
  const { PullPoint: created } = await broker.call('CreatePullPoint.CreatePullPoint');
  say('CreatePullPoint');
  const reference = await subscribe(broker, created);
  // One engine keeps the order; the address of the subscription names it.
  const engine = new URL(reference.Address).pathname.split('/')[3] ?? '';
  for (const text of ['one', 'two', 'three']) {
    const message = { Topic: broker.topic, Message: { $xml: `<i:item xmlns:i="${broker.news}">${text}</i:item>` } };
    await broker.call(
      'NotificationBroker.Notify',
      { NotificationMessage: [message] },
      { Address: `${broker.url}/${engine}` },
    );
  }
  say('Notify');
  const received: string[][] = [];
  for (const limit of [{ MaximumNumber: 2 }, {}]) {
    const { NotificationMessage: messages = [] } = await broker.call('PullPoint.GetMessages', limit, created);
    received.push(messages.map(({ Message }) => Message.item));
  }
  assert.deepEqual(received, [['one', 'two'], ['three']]);
  say('GetMessages');
  const last = await broker.call('NotificationBroker.GetCurrentMessage', { Topic: broker.topic });
  assert.equal(last.item, 'three');
  say('GetCurrentMessage');
  await broker.call('ResourceLifetime.Destroy', {}, reference);
  say('Destroy');
  await broker.call('PullPoint.DestroyPullPoint', {}, created);
  say('DestroyPullPoint');
}

async function registration(broker: Broker): Promise<void> {
  const request = { Topic: [broker.topic], Demand: false };
  const { PublisherRegistrationReference: reference } = await broker.call(
    'NotificationBroker.RegisterPublisher',
    request,
  );
  say('RegisterPublisher');
  const update = { Update: { $xml: `<b:Demand xmlns:b="${BR}">false</b:Demand>` } };
  await broker.call('ResourceProperties.SetResourceProperties', update, reference);
  say('SetResourceProperties');
  await broker.call('PublisherRegistrationManager.DestroyRegistration', {}, reference);
  say('DestroyRegistration');
}

const wsdl = process.argv[2];
assert.ok(wsdl, 'usage: client.ts WSDL_URL');
for (const version of ['Soap11', 'Soap12'] as const) {
  const broker = await Broker.open(wsdl, version);
  await subscription(broker);
  await pullPoint(broker);
  await registration(broker);
}
