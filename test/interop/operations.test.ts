import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULT_SPECS, type WsnFaultName } from '../../src/wsn/fault-specs.ts';
import { OPERATIONS } from '../../src/wsn/operations.ts';
import type { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { hasOfficialSchemas } from '../support/schema-validator.ts';
import {
  notifyBody,
  publish,
  referenceIn,
  send,
  sendTo,
  subscribe,
  topicElement,
  WSNT,
  type Answer,
  type Reference,
} from '../support/soap-client.ts';
import { BEYOND_REACH, describeFaults } from './every-fault.ts';
import { describeNotification } from './every-operation.ts';
import { describeResources } from './every-resource.ts';
import { FORMS, OperationWorld } from './operation-world.ts';

const DAY_MS = 86_400_000;
const unknownId = 'f'.repeat(32);
const termination = (content: string): string => `<wsnt:TerminationTime>${content}</wsnt:TerminationTime>`;
const NIL = '<wsnt:TerminationTime xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>';

function timeIn(answer: Answer, name: string): number {
  return Date.parse(answer.body?.child(WSNT, name)?.text() ?? '');
}

describe.each(['1.1', '1.2'] as const)('all operations through the proxy, SOAP %s', (version) => {
  let world: OperationWorld;
  let cluster: TestCluster;
  let consumer: TestConsumer;

  beforeAll(async () => {
    world = await OperationWorld.start(version);
    cluster = world.cluster;
    consumer = await world.consumer();
  });
  afterAll(async () => world[Symbol.asyncDispose]());

  /** Sends and keeps what came back, for the schema check at the end. */
  async function call(to: Reference | string, body: string, headers = ''): Promise<Answer> {
    const options = { version, headers };
    const answer =
      typeof to === 'string' ? await send(`${cluster.url}/wsn/${to}`, body, options) : await sendTo(to, body, options);
    world.keep(answer);
    return answer;
  }

  async function createPullPoint(): Promise<Reference> {
    const answer = await call('CreatePullPoint', '<wsnt:CreatePullPoint/>');
    return referenceIn(answer.body!.child(WSNT, 'PullPoint')!);
  }

  async function pull(pullPoint: Reference, maximum?: number): Promise<readonly string[]> {
    const limit = maximum === undefined ? '' : `<wsnt:MaximumNumber>${String(maximum)}</wsnt:MaximumNumber>`;
    const answer = await call(pullPoint, `<wsnt:GetMessages>${limit}</wsnt:GetMessages>`);
    expect(answer.body?.localName).toBe('GetMessagesResponse');
    return answer.body!.children().map((message) => message.child(WSNT, 'Message')!.children()[0]!.text());
  }

  it.each([
    ['absent', '', null],
    [
      'nil',
      '<wsnt:InitialTerminationTime xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>',
      null,
    ],
    ['relative', '<wsnt:InitialTerminationTime>P1D</wsnt:InitialTerminationTime>', DAY_MS],
    ['absolute', '<wsnt:InitialTerminationTime>TOMORROW</wsnt:InitialTerminationTime>', DAY_MS],
  ])('Subscribe with an InitialTerminationTime that is %s', async (_what, written, expectedMs) => {
    const element = written.replace('TOMORROW', () => new Date(Date.now() + DAY_MS).toISOString());
    const answer = await call(
      'NotificationBroker',
      `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>${consumer.url}</wsa:Address></wsnt:ConsumerReference>${element}</wsnt:Subscribe>`,
    );
    expect(answer.body?.localName).toBe('SubscribeResponse');
    expect(answer.body!.children().map(({ localName }) => localName)).toEqual([
      'SubscriptionReference',
      'CurrentTime',
      'TerminationTime',
    ]);
    if (expectedMs === null) {
      const nil = answer.body!.child(WSNT, 'TerminationTime')!;
      expect(nil.attribute('http://www.w3.org/2001/XMLSchema-instance', 'nil')).toBe('true');
    } else {
      const grantedMs = timeIn(answer, 'TerminationTime') - timeIn(answer, 'CurrentTime');
      expect(Math.abs(grantedMs - expectedMs)).toBeLessThan(60_000);
    }
  });

  it.each([
    ['in the past', '2001-01-01T00:00:00Z'],
    ['negative', '-P1D'],
    ['empty', ''],
    ['nonsense', 'tomorrow'],
  ])('Subscribe with an InitialTerminationTime that is %s is refused with a hint', async (_what, text) => {
    const answer = await call(
      'NotificationBroker',
      `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>${consumer.url}</wsa:Address></wsnt:ConsumerReference><wsnt:InitialTerminationTime>${text}</wsnt:InitialTerminationTime></wsnt:Subscribe>`,
    );
    expect(answer.fault).toBe('UnacceptableInitialTerminationTimeFault');
    expect(answer.text).toContain('MinimumTime>');
  });

  it('Renew, with all forms of TerminationTime, and its fault', async () => {
    const reference = await subscribe(cluster.url, consumer.url, { version, topic: '{urn:op}renew' });
    const relative = await call(reference, `<wsnt:Renew>${termination('PT1H')}</wsnt:Renew>`);
    expect(relative.body?.children().map(({ localName }) => localName)).toEqual(['TerminationTime', 'CurrentTime']);
    expect(timeIn(relative, 'TerminationTime') - timeIn(relative, 'CurrentTime')).toBe(3_600_000);
    const infinite = await call(reference, `<wsnt:Renew>${NIL}</wsnt:Renew>`);
    expect(infinite.text).toContain('nil="true"');
    const late = await call(reference, `<wsnt:Renew>${termination('2001-01-01T00:00:00Z')}</wsnt:Renew>`);
    expect(late.fault).toBe('UnacceptableTerminationTimeFault');
    const without = await call(reference, '<wsnt:Renew/>');
    expect(without.text).toContain('TerminationTime');
    expect(without.fault).toBeDefined();
  });

  it('expiry: a subscription ends at its termination time', async () => {
    await using own = await TestConsumer.start();
    await using other = await TestConsumer.start();
    await subscribe(cluster.url, other.url, { version, topic: '{urn:op}expiry' });
    const reference = await subscribe(cluster.url, own.url, {
      version,
      topic: '{urn:op}expiry',
      termination: 'PT1S',
    });
    await eventually('it is gone', async () => {
      const answer = await call(reference, '<wsnt:PauseSubscription/>');
      return answer.fault === 'ResourceUnknownFault';
    });
    await publish(cluster.url, '{urn:op}expiry', 'too late', { version });
    await eventually('another gets it', () => other.payloads.includes('too late'));
    expect(own.payloads).toEqual([]);
  });

  it('PauseSubscription keeps what matches, ResumeSubscription delivers it in order; both may be repeated', async () => {
    await using own = await TestConsumer.start();
    const topic = '{urn:op}pause';
    const reference = await subscribe(cluster.url, own.url, { version, topic });
    for (let time = 0; time < 2; time += 1) {
      expect((await call(reference, '<wsnt:PauseSubscription/>')).body?.localName).toBe('PauseSubscriptionResponse');
    }
    const engine = /SubscriptionManager\/([^/]+)\//.exec(reference.address)![1]!;
    for (const payload of ['1', '2', '3']) await publish(cluster.url, topic, payload, { version, engine });
    const witness = await createPullPoint();
    await subscribe(cluster.url, witness.address, { version, topic });
    expect(own.received).toEqual([]);
    for (let time = 0; time < 2; time += 1) {
      expect((await call(reference, '<wsnt:ResumeSubscription/>')).body?.localName).toBe('ResumeSubscriptionResponse');
    }
    await eventually('all three', () => own.received.length === 3);
    expect(own.payloads).toEqual(['1', '2', '3']);
  });

  it('Unsubscribe ends it; afterwards it is unknown, like any foreign one', async () => {
    const reference = await subscribe(cluster.url, consumer.url, { version });
    expect((await call(reference, '<wsnt:Unsubscribe/>')).body?.localName).toBe('UnsubscribeResponse');
    expect((await call(reference, '<wsnt:Unsubscribe/>')).fault).toBe('ResourceUnknownFault');
    expect((await call(`SubscriptionManager/ME1/${unknownId}`, '<wsnt:Unsubscribe/>')).fault).toBe(
      'ResourceUnknownFault',
    );
  });

  it('a pull point: GetMessages with exact MaximumNumber semantics, and DestroyPullPoint', async () => {
    const topic = '{urn:op}pull';
    const pullPoint = await createPullPoint();
    const subscription = await subscribe(cluster.url, pullPoint.address, { version, topic });
    expect(new URL(subscription.address).pathname.split('/')[3]).toBe(
      new URL(pullPoint.address).pathname.split('/')[3],
    );
    expect(await pull(pullPoint)).toEqual([]);
    const engine = new URL(pullPoint.address).pathname.split('/')[3]!;
    const all = Array.from({ length: 7 }, (_, index) => String(index));
    for (const payload of all) await publish(cluster.url, topic, payload, { version, engine });
    expect(await pull(pullPoint, 0)).toEqual([]);
    expect(await pull(pullPoint, 3)).toEqual(['0', '1', '2']);
    expect(await pull(pullPoint, 100)).toEqual(['3', '4', '5', '6']);
    expect(await pull(pullPoint)).toEqual([]);
    const direct = await call(pullPoint, notifyBody(topic, 'direct'));
    expect(direct.status).toBe(202);
    expect(await pull(pullPoint, 1)).toEqual(['direct']);
    const negative = await call(
      pullPoint,
      '<wsnt:GetMessages><wsnt:MaximumNumber>-1</wsnt:MaximumNumber></wsnt:GetMessages>',
    );
    expect(negative.text).toContain('MaximumNumber');
    expect((await call(pullPoint, '<wsnt:DestroyPullPoint/>')).body?.localName).toBe('DestroyPullPointResponse');
    expect((await call(pullPoint, '<wsnt:GetMessages/>')).fault).toBe('ResourceUnknownFault');
    expect((await call(subscription, '<wsnt:Unsubscribe/>')).fault).toBe('ResourceUnknownFault');
  });

  it('GetCurrentMessage finds the latest, at whichever engine it was published', async () => {
    const topic = `{urn:op}current${version}`;
    const ask = `<wsnt:GetCurrentMessage>${topicElement('Topic', topic)}</wsnt:GetCurrentMessage>`;
    expect((await call('NotificationBroker', ask)).fault).toBe('NoCurrentMessageOnTopicFault');
    for (const [index, engine] of ['ME1', 'ME2', 'ME1'].entries()) {
      await publish(cluster.url, topic, `value ${String(index)}`, { version, engine });
      for (let time = 0; time < 3; time += 1) {
        const answer = await call('NotificationBroker', ask);
        expect(answer.body?.children()[0]?.text()).toBe(`value ${String(index)}`);
      }
    }
  });

  it('a client`s own retry gets the first reply, whichever server it meets', async () => {
    await using own = await TestConsumer.start();
    const topic = `{urn:op}retry${version}`;
    const headers = `<wsa:MessageID>urn:uuid:retry-${version}</wsa:MessageID>`;
    const body = `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>${own.url}</wsa:Address></wsnt:ConsumerReference><wsnt:Filter>${topicElement('TopicExpression', topic)}</wsnt:Filter></wsnt:Subscribe>`;
    const answers: Answer[] = [];
    for (let time = 0; time < 4; time += 1) answers.push(await call('NotificationBroker', body, headers));
    for (const server of ['server1', 'server2', 'server3']) {
      answers.push(await send(`${cluster.serverUrl(server)}/wsn/NotificationBroker`, body, { version, headers }));
    }
    const addresses = answers.map(
      ({ body: reply }) => referenceIn(reply!.child(WSNT, 'SubscriptionReference')!).address,
    );
    expect(new Set(addresses).size).toBe(1);
    await publish(cluster.url, topic, 'only one', { version });
    await eventually('it arrives', () => own.payloads.includes('only one'));
    const marker = await subscribe(cluster.url, own.url, { version, topic: '{urn:op}marker' });
    await publish(cluster.url, '{urn:op}marker', `marker ${version}`, { version });
    await eventually('the marker', () => own.payloads.includes(`marker ${version}`));
    expect(own.payloads.filter((payload) => payload === 'only one')).toHaveLength(1);
    await call(marker, '<wsnt:Unsubscribe/>');
  });

  it('payloads arrive byte for byte, with the namespaces that they had', async () => {
    await using own = await TestConsumer.start();
    const topic = `{urn:op}exact${version}`;
    await subscribe(cluster.url, own.url, { version, topic });
    const payload = `<x:a\n  xmlns:x="urn:x"   b='1'><!-- kept --><![CDATA[<&]]>&#xe9;<x:q x:ref='q:T'/></x:a>`;
    const inherited = 'xmlns:q="urn:inherited"';
    const body = notifyBody(topic, '').replace(
      /<wsnt:Message>.*<\/wsnt:Message>/,
      `<wsnt:Message ${inherited}>${payload}</wsnt:Message>`,
    );
    expect((await call('NotificationBroker', body)).status).toBe(202);
    await eventually('it arrives', () => own.documents.length > 0);
    const [document] = own.documents;
    expect(document!.bytes.toString()).toContain(payload);
    const message = /<wsnt:Message[^>]*>/.exec(document!.bytes.toString())![0];
    expect(message).toContain('xmlns:q="urn:inherited"');
  });

  describe('every operation of the standards of notification', () => describeNotification(() => world));
  describe('every operation on resources', () => describeResources(() => world));
  describe('every fault', () => describeFaults(() => world));

  it('every operation was granted by path only and by reference parameters only', () => {
    const all = Object.keys(OPERATIONS).flatMap((operation) => FORMS.map((form) => `${operation} by ${form}`));
    expect([...world.granted].sort()).toEqual(all.sort());
  });

  it('every fault was provoked, but for those that cannot be', () => {
    const missing = Object.keys(FAULT_SPECS).filter((name) => !world.faults.has(name as WsnFaultName));
    expect(missing.sort()).toEqual(Object.keys(BEYOND_REACH).sort());
  });

  it('everything that came back and was delivered is valid by the schemas that this broker offers', () => {
    const { checked, problems } = world.ourProblems();
    expect(checked).toBeGreaterThan(1_000);
    expect(problems).toEqual([]);
  });

  it.skipIf(!hasOfficialSchemas)('… and, in its envelope, by the official ones', async () => {
    const { checked, problems } = await world.officialProblems();
    expect(checked).toBeGreaterThan(1_000);
    expect(problems).toEqual([]);
  });
});
