import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BR_NAMESPACE, RP_NAMESPACE } from '../../src/wsn/namespaces.ts';
import { FULL_DIALECT, XPATH_DIALECT } from '../../src/wsn/topics/dialects.ts';
import type { XmlElement } from '../../src/xml/document.ts';
import { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { publish, referenceIn, send, sendTo, topicElement, WSNT, type Reference } from '../support/soap-client.ts';

const NAMESPACE = 'urn:resources';
const topic = (path: string): string => `{${NAMESPACE}}${path}`;
const filter = (path: string): string => `<wsnt:Filter>${topicElement('TopicExpression', topic(path))}</wsnt:Filter>`;
const policy = (...names: readonly string[]): string =>
  `<wsnt:SubscriptionPolicy xmlns:o="urn:pointsman:policy">${names.join('')}</wsnt:SubscriptionPolicy>`;
const retaining = (retention: string): string => `<o:PauseRetention>${retention}</o:PauseRetention>`;
const TELLS_ITS_END = '<o:NotifyTermination>true</o:NotifyTermination>';

/** A property document, each property as text. */
type Properties = readonly string[];

/** The properties that may say something else after a failover. */
const CLOCKED = ['CurrentTime', 'TerminationTime'];

function timeIn(properties: Properties): number {
  const found = properties.find((property) => property.includes('TerminationTime'));
  return Date.parse(/>([^<]+)</.exec(found ?? '')?.[1] ?? '');
}

/** What is kept of a consumer's requests: the text of what is in each body. */
function bodiesOf(consumer: TestConsumer): readonly string[] {
  return consumer.documents.map(({ root }) => root.child(root.namespace, 'Body')!.slice().toString());
}

describe('every resource outlives the server of its engine', () => {
  let cluster: TestCluster;
  const resources = new Map<string, Reference>();
  const before = new Map<string, Properties>();
  const paused = new Map<string, { readonly reference: Reference; readonly consumer: TestConsumer }>();
  const consumers: TestConsumer[] = [];
  let publishTo: Reference;

  async function newConsumer(): Promise<TestConsumer> {
    const consumer = await TestConsumer.start();
    consumers.push(consumer);
    return consumer;
  }

  async function ask(to: Reference, body: string): Promise<XmlElement | undefined> {
    const answer = await sendTo(to, body, { form: 'path' });
    expect(answer.fault, answer.text).toBeUndefined();
    return answer.body;
  }

  async function create(element: string, body: string): Promise<Reference> {
    const answer = await send(`${cluster.url}/wsn/NotificationBroker`, body);
    expect(answer.fault, answer.text).toBeUndefined();
    return referenceIn(answer.body!.children().find(({ localName }) => localName === element)!);
  }

  async function subscribe(consumer: string, parts: string): Promise<Reference> {
    const to = `<wsnt:ConsumerReference><wsa:Address>${consumer}</wsa:Address><wsa:ReferenceParameters><k:Key xmlns:k="urn:k">7</k:Key></wsa:ReferenceParameters></wsnt:ConsumerReference>`;
    return create('SubscriptionReference', `<wsnt:Subscribe>${to}${parts}</wsnt:Subscribe>`);
  }

  async function propertiesOf(resource: Reference): Promise<Properties> {
    const reply = await ask(resource, `<rp:GetResourcePropertyDocument xmlns:rp="${RP_NAMESPACE}"/>`);
    return reply!
      .children()[0]!
      .children()
      .map((property) => property.slice().toString());
  }

  async function documents(): Promise<ReadonlyMap<string, Properties>> {
    const found = new Map<string, Properties>();
    for (const [name, resource] of resources) found.set(name, await propertiesOf(resource));
    return found;
  }

  async function pull(maximum?: number): Promise<readonly string[]> {
    const limit = maximum === undefined ? '' : `<wsnt:MaximumNumber>${maximum}</wsnt:MaximumNumber>`;
    const reply = await ask(resources.get('pull point')!, `<wsnt:GetMessages>${limit}</wsnt:GetMessages>`);
    return reply!.children().map((message) => {
      const payload = message.child(WSNT, 'Message')!.children()[0]!.text();
      return `${message.child(WSNT, 'Topic')!.text().replace(/^.*:/, '')} ${payload}`;
    });
  }

  /** Kills the server of the engine, and waits until another one has it. */
  async function failOver(): Promise<void> {
    const { server, epoch } = cluster.hostOf('ME1');
    cluster.kill(server);
    await eventually('another tenure', () => cluster.hostOf('ME1').epoch > epoch, 20_000);
  }

  beforeAll(async () => {
    cluster = await TestCluster.start('high-availability', {
      // What has ended cannot be renewed late, so only the failover itself can make it live longer.
      extra: 'delivery: { firstRetry: 100ms, maxRetry: 200ms }\nsubscriptions: { renewGrace: 0s }',
    });
    const nobody = 'http://127.0.0.1:9/nobody';
    const rich = `<wsnt:Filter><wsnt:TopicExpression xmlns:t="${NAMESPACE}" Dialect="${FULL_DIALECT}">t:a//.|t:*</wsnt:TopicExpression><wsnt:ProducerProperties Dialect="${XPATH_DIALECT}">//wsnt:FixedTopicSet = 'false'</wsnt:ProducerProperties><wsnt:MessageContent xmlns:u="urn:test" Dialect="${XPATH_DIALECT}">boolean(/u:e[not(@none) and . &lt; 10])</wsnt:MessageContent></wsnt:Filter><wsnt:InitialTerminationTime>P1D</wsnt:InitialTerminationTime>`;
    resources.set('broker', { address: `${cluster.url}/wsn/NotificationBroker`, parameters: '' });
    const policies = policy('<wsnt:UseRaw/>', retaining('last'), TELLS_ITS_END);
    resources.set('subscription', await subscribe(nobody, `${rich}${policies}`));
    await ask(resources.get('subscription')!, '<wsnt:PauseSubscription/>');
    resources.set('plain subscription', await subscribe(nobody, filter('elsewhere')));

    const pullPoint = await create('PullPoint', '<wsnt:CreatePullPoint/>');
    resources.set('pull point', pullPoint);
    const lifetime = '<rl:RequestedLifetimeDuration>P2D</rl:RequestedLifetimeDuration>';
    const rl = 'http://docs.oasis-open.org/wsrf/rl-2';
    await ask(pullPoint, `<rl:SetTerminationTime xmlns:rl="${rl}">${lifetime}</rl:SetTerminationTime>`);
    const everything = `<wsnt:Filter><wsnt:TopicExpression xmlns:t="${NAMESPACE}" Dialect="${FULL_DIALECT}">t:pull//.</wsnt:TopicExpression></wsnt:Filter>`;
    resources.set('subscription of the pull point', await subscribe(pullPoint.address, everything));

    const registered = ['a', 'b/c'].map((path) => topicElement('Topic', topic(`registered/${path}`)));
    const publisher = `<br:PublisherReference><wsa:Address>http://127.0.0.1:9/publisher</wsa:Address><wsa:ReferenceParameters><k:Key xmlns:k="urn:k">8</k:Key></wsa:ReferenceParameters></br:PublisherReference>`;
    const end = '<br:InitialTerminationTime>2999-01-01T00:00:00Z</br:InitialTerminationTime>';
    const registration = `<br:RegisterPublisher xmlns:br="${BR_NAMESPACE}">${publisher}${registered.join('').replaceAll('wsnt:', 'br:')}${end}</br:RegisterPublisher>`;
    const reference = await create('PublisherRegistrationReference', registration);
    resources.set('registration', reference);
    publishTo = {
      ...reference,
      address: reference.address.replace('PublisherRegistrationManager', 'NotificationConsumer'),
    };

    for (const retention of ['all', 'last', 'none']) {
      const consumer = await newConsumer();
      const parts = `${filter(`paused/${retention}`)}${policy(retaining(retention))}`;
      paused.set(retention, { reference: await subscribe(consumer.url, parts), consumer });
      resources.set(`paused subscription, ${retention}`, paused.get(retention)!.reference);
      await ask(paused.get(retention)!.reference, '<wsnt:PauseSubscription/>');
      for (const payload of ['1', '2']) await publish(cluster.url, topic(`paused/${retention}`), payload);
    }
    for (const path of ['pull', 'pull/a', 'pull/a/b', 'pull', 'other']) await publish(cluster.url, topic(path), path);
    expect(await pull(1)).toEqual(['pull pull']);

    for (const [name, properties] of await documents()) before.set(name, properties);
    await failOver();
  });

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    for (const consumer of consumers) await consumer[Symbol.asyncDispose]();
  });

  it('with every property as it was', async () => {
    expect([...before.keys()]).toHaveLength(9);
    const after = await documents();
    const lasting = (properties: Properties): Properties =>
      properties.filter((property) => !CLOCKED.some((name) => property.startsWith(`<rl:${name}`)));
    for (const [name, properties] of before) {
      expect(lasting(after.get(name)!), name).toEqual(lasting(properties));
      const end = timeIn(properties);
      if (Number.isNaN(end)) expect(timeIn(after.get(name)!), name).toBeNaN();
      else expect(timeIn(after.get(name)!), name).toBeGreaterThanOrEqual(end);
    }
    const all = (name: string): string => after.get(name)!.join('');
    for (const part of [
      'UseRaw',
      '>last<',
      'NotifyTermination',
      't:a//.|t:*',
      'not(@none)',
      'FixedTopicSet =',
      '>7<',
    ]) {
      expect(all('subscription')).toContain(part);
    }
    for (const part of ['registered/a', 'registered/b/c', '>8<', '2999']) expect(all('registration')).toContain(part);
    expect(after.get('subscription')).toContainEqual(expect.stringContaining('Paused'));
    expect(all('subscription')).toMatch(/Paused[^>]*>true</);
    expect(all('plain subscription')).toMatch(/Paused[^>]*>false</);
  });

  it('with the topics that grew by use, and the current message of each', async () => {
    const broker = (await propertiesOf(resources.get('broker')!)).join('');
    const set = /<wstop:TopicSet.*<\/wstop:TopicSet>/s.exec(broker)![0];
    for (const name of ['paused', 'pull', 'other']) expect(set).toMatch(new RegExp(`:${name} xmlns`));
    for (const path of ['pull', 'pull/a/b', 'other']) {
      const question = `<wsnt:GetCurrentMessage>${topicElement('Topic', topic(path))}</wsnt:GetCurrentMessage>`;
      const reply = await ask(resources.get('broker')!, question);
      expect(reply!.children()[0]!.text()).toBe(path);
    }
  });

  it('with the messages that were at the pull point, and none that was taken', async () => {
    expect(await pull(2)).toEqual(['pull/a pull/a', 'pull/a/b pull/a/b']);
    expect(await pull()).toEqual(['pull pull']);
    expect(await pull()).toEqual([]);
    await publish(cluster.url, topic('pull'), 'later');
    expect(await pull()).toEqual(['pull later']);
  });

  it('with what a registered publisher may publish', async () => {
    const notify = (path: string): string =>
      `<wsnt:Notify><wsnt:NotificationMessage>${topicElement('Topic', topic(path))}<wsnt:Message><e xmlns="urn:test"/></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>`;
    expect((await sendTo(publishTo, notify('registered/b/c'))).status).toBe(202);
    expect((await sendTo(publishTo, notify('registered/b'))).fault).toBe('TopicNotSupportedFault');
  });

  it.each([
    ['all', ['1', '2', '3', '4']],
    ['last', ['3', '4']],
    ['none', ['4']],
  ])('still paused, keeping %s', async (retention, expected) => {
    const { reference, consumer } = paused.get(retention)!;
    await publish(cluster.url, topic(`paused/${retention}`), '3');
    expect(consumer.received).toEqual([]);
    await ask(reference, '<wsnt:ResumeSubscription/>');
    await publish(cluster.url, topic(`paused/${retention}`), '4');
    await eventually('the one after', () => consumer.payloads.includes('4'));
    expect(consumer.payloads).toEqual(expected);
    await ask(reference, '<wsnt:Unsubscribe/>');
  });

  it('and the end of a subscription is told, though its server dies before it can', async () => {
    const consumer = await newConsumer();
    consumer.status = 503;
    const lifetime = '<wsnt:InitialTerminationTime>PT0.5S</wsnt:InitialTerminationTime>';
    const reference = await subscribe(consumer.url, `${filter('end')}${lifetime}${policy(TELLS_ITS_END)}`);
    await eventually('it has ended', async () => {
      return (await sendTo(reference, '<wsnt:PauseSubscription/>')).fault === 'ResourceUnknownFault';
    });
    await failOver();
    consumer.status = 202;
    const [notice] = await eventually('the notice', () => consumer.documents.length > 0 && bodiesOf(consumer), 30_000);
    expect(notice).toContain('TerminationNotification');
    expect(notice).toContain('>expired<');
  });

  it('and what would have ended while nobody could renew it, can be renewed', async () => {
    const consumer = await newConsumer();
    const lifetime = '<wsnt:InitialTerminationTime>PT2S</wsnt:InitialTerminationTime>';
    const reference = await subscribe(consumer.url, `${filter('short')}${lifetime}`);
    const end = Date.now() + 2_000;
    await cluster.killAll();
    await eventually('its lifetime is over', () => Date.now() > end + 500, 20_000);
    await cluster.up();
    const renewed = await ask(reference, '<wsnt:Renew><wsnt:TerminationTime>PT1H</wsnt:TerminationTime></wsnt:Renew>');
    expect(Date.parse(renewed!.child(WSNT, 'CurrentTime')!.text())).toBeGreaterThan(end);
    await publish(cluster.url, topic('short'), 'still here');
    await eventually('what is published then', () => consumer.payloads.includes('still here'));
  });
});
