import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cam, type RequestCallback } from 'onvif';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPERATIONS } from '../../src/wsn/operations.ts';
import { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { publish, referenceIn, send, sendTo, subscribe, WSA, WSNT, type Answer } from '../support/soap-client.ts';

/** What a topology switches on, and what it refuses: the profiles, strictness, replies to other places, closed sets of topics. */

const T1 = 'http://docs.oasis-open.org/wsn/t-1';
const FULL = `${T1}/TopicExpression/Full`;
const SIMPLE = `${T1}/TopicExpression/Simple`;
const RIM = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0';
const TEV = 'http://www.onvif.org/ver10/events/wsdl';
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const LONG_MS = 30_000;

let directory: string;
/** Offers everything, and tolerates everything. */
let open: TestCluster;
/** Strict, with a closed set of topics. */
let closed: TestCluster;
let mailbox: TestConsumer;

function topicDocuments(): string {
  const files = {
    'plant.xml': `<w:TopicNamespace xmlns:w="${T1}" targetNamespace="urn:plant" final="true"><w:Topic name="A" final="true"/><w:Topic name="B"/></w:TopicNamespace>`,
    'set.xml': `<w:TopicSet xmlns:w="${T1}"><p:B xmlns:p="urn:plant" w:topic="true"/></w:TopicSet>`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return `namespaces: ["${join(directory, 'plant.xml')}"], sets: ["${join(directory, 'set.xml')}"]`;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'pointsman-profiles-'));
  const documents = topicDocuments();
  mailbox = await TestConsumer.start();
  const conduct = [
    'profiles: { dsub: true, onvif: true }',
    'tolerate: { securityHeader: true }',
    'subscriptions: { renewGrace: 0s }',
    `replyTo: ["${new URL(mailbox.url).host}"]`,
    `topics: { ${documents} }`,
  ];
  open = await TestCluster.start('high-availability', { extra: conduct.join('\n') });
  closed = await TestCluster.start('single', { extra: `strict: true\ntopics: { fixed: true, ${documents} }` });
});
afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
  await mailbox[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

let messages = 0;
/** What a strict broker asks of every request. */
function headersFor(operation: keyof typeof OPERATIONS): string {
  messages += 1;
  const id = `<wsa:MessageID>urn:uuid:profiles-${String(process.pid)}-${String(messages)}</wsa:MessageID>`;
  return `<wsa:Action>${OPERATIONS[operation].action}</wsa:Action>${id}`;
}

function subscribeBody(consumer: string, filter: string, termination = ''): string {
  return `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>${consumer}</wsa:Address></wsnt:ConsumerReference><wsnt:Filter>${filter}</wsnt:Filter>${termination}</wsnt:Subscribe>`;
}

function topicFilter(dialect: string, text: string, declared = ''): string {
  return `<wsnt:TopicExpression ${declared} Dialect="${dialect}">${text}</wsnt:TopicExpression>`;
}

async function ask(cluster: TestCluster, body: string, headers: string): Promise<Answer> {
  return send(`${cluster.url}/wsn/NotificationBroker`, body, { headers });
}

async function subscribeFor(cluster: TestCluster, filter: string): Promise<Answer> {
  return ask(cluster, subscribeBody('http://127.0.0.1:9/', filter), headersFor('Subscribe'));
}

describe('IHE DSUB', () => {
  const QUERY = 'urn:uuid:aa2332d0-f8fe-11e0-be50-0800200c9a66';
  const OTHER = 'urn:uuid:742790e0-aba6-43d6-9f1f-e43ed9790b79';
  const adhoc = (id: string): string =>
    `<rim:AdhocQuery xmlns:rim="${RIM}" id="${id}"><rim:Slot name="$XDSDocumentEntryPatientId"/></rim:AdhocQuery>`;
  const metadata = (text: string, id: string): string =>
    `<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"><rim:RegistryObjectList xmlns:rim="${RIM}">${text}${adhoc(id)}</rim:RegistryObjectList></lcm:SubmitObjectsRequest>`;
  const ACTION = '<wsa:Action>http://docs.oasis-open.org/wsn/bw2/NotificationProducer/SubscribeRequest</wsa:Action>';

  async function publishDocument(text: string, id: string, topic = ''): Promise<void> {
    const message = `<wsnt:NotificationMessage>${topic}<wsnt:Message>${metadata(text, id)}</wsnt:Message></wsnt:NotificationMessage>`;
    expect((await ask(open, `<wsnt:Notify>${message}</wsnt:Notify>`, '')).status).toBe(202);
  }

  /** What of `texts` has come, when the last of them has. */
  async function came({ documents }: TestConsumer, ...texts: readonly string[]): Promise<readonly string[]> {
    const all = (): string => documents.map(({ bytes }) => bytes.toString()).join('\n');
    await eventually(`${texts.at(-1)!} has come`, () => all().includes(texts.at(-1)!));
    return texts.filter((text) => all().includes(text));
  }

  test('Subscribe (ITI-52) with an undeclared prefix and a query, which is kept and shown', async () => {
    await using recipient = await TestConsumer.start();
    const filter = topicFilter(SIMPLE, 'ihe:FullDocumentEntry') + adhoc(QUERY);
    const answer = await ask(open, subscribeBody(recipient.url, filter), ACTION);
    const reference = referenceIn(answer.body!.child(WSNT, 'SubscriptionReference')!);
    const shown = await sendTo(
      reference,
      '<rp:GetResourceProperty xmlns:rp="http://docs.oasis-open.org/wsrf/rp-2">wsnt:Filter</rp:GetResourceProperty>',
    );
    const [topic, query] = shown.body!.child(WSNT, 'Filter')!.children();
    expect(topic!.text()).toBe('ihe:FullDocumentEntry');
    expect([query!.namespace, query!.attribute('', 'id'), query!.children().length]).toEqual([RIM, QUERY, 1]);
    const onTopic = `<wsnt:Topic Dialect="${SIMPLE}">ihe:FullDocumentEntry</wsnt:Topic>`;
    await publishDocument('for another query', OTHER, onTopic);
    await publishDocument('for this query', QUERY, onTopic);
    expect(await came(recipient, 'for another query', 'for this query')).toEqual(['for this query']);
    await sendTo(reference, '<wsnt:Unsubscribe/>');
  });

  test('Publish (ITI-54) without a topic reaches who asked for that query', async () => {
    await using recipient = await TestConsumer.start();
    await ask(open, subscribeBody(recipient.url, adhoc(QUERY)), ACTION);
    await publishDocument('published for another', OTHER);
    await publishDocument('published for this', QUERY);
    expect(await came(recipient, 'published for another', 'published for this')).toEqual(['published for this']);
  });

  test('a pull point gives one message unless more are asked for (ITI-70)', async () => {
    const created = await ask(open, '<wsnt:CreatePullPoint/>', '');
    const pullPoint = referenceIn(created.body!.child(WSNT, 'PullPoint')!);
    await ask(open, subscribeBody(pullPoint.address, adhoc(QUERY)), ACTION);
    for (const text of ['one', 'two', 'three']) await publishDocument(text, QUERY);
    const pulled = async (content: string): Promise<number> =>
      (await sendTo(pullPoint, `<wsnt:GetMessages>${content}</wsnt:GetMessages>`)).body!.children().length;
    expect(await pulled('')).toBe(1);
    expect(await pulled('<wsnt:MaximumNumber>10</wsnt:MaximumNumber>')).toBe(2);
  });

  test('the recipient is told when its subscription ends without its doing', async () => {
    await using recipient = await TestConsumer.start();
    const ending = '<wsnt:InitialTerminationTime>PT1S</wsnt:InitialTerminationTime>';
    const answer = await ask(open, subscribeBody(recipient.url, adhoc(QUERY), ending), ACTION);
    expect(answer.body?.localName).toBe('SubscribeResponse');
    expect(await came(recipient, ':TerminationNotification')).toHaveLength(1);
  });
});

describe('ONVIF', () => {
  const PULL = `<t:PullMessages xmlns:t="${TEV}"><t:Timeout>PT50S</t:Timeout><t:MessageLimit>5</t:MessageLimit></t:PullMessages>`;
  const TOPIC = '{http://www.onvif.org/ver10/topics}Device/Trigger';

  async function result(start: (callback: RequestCallback<unknown>) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      start((error, value) => (error instanceof Error ? reject(error) : resolve(value)));
    });
  }

  test('a poll that waits when its engine is killed gets what is published at the next server; Renew, Unsubscribe', async () => {
    const filter = `<t:Filter>${topicFilter(`http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet`, 'tns1:Device//.')}</t:Filter>`;
    const create = `<t:CreatePullPointSubscription xmlns:t="${TEV}">${filter}</t:CreatePullPointSubscription>`;
    const created = await send(`${open.url}/onvif/event_service`, create);
    const reference = referenceIn(created.body!.child(TEV, 'SubscriptionReference')!);
    const polling = sendTo(reference, PULL, { timeoutMs: 60_000 });
    const { server, epoch } = open.hostOf('ME1');
    open.kill(server);
    await eventually('the engine runs again', () => open.hostOf('ME1').epoch > epoch, LONG_MS);
    expect((await publish(open.url, TOPIC, 'after the failover')).status).toBe(202);
    const answer = await polling;
    const message = answer.body?.child(WSNT, 'NotificationMessage');
    expect(message?.child(WSNT, 'Message')?.children()[0]?.text()).toBe('after the failover');
    const renewed = await sendTo(
      reference,
      '<wsnt:Renew><wsnt:TerminationTime>PT1H</wsnt:TerminationTime></wsnt:Renew>',
    );
    expect(renewed.body?.localName).toBe('RenewResponse');
    const synchronized = await sendTo(reference, `<t:SetSynchronizationPoint xmlns:t="${TEV}"/>`);
    expect(synchronized.body?.localName).toBe('SetSynchronizationPointResponse');
    expect((await sendTo(reference, PULL)).text).toContain('after the failover');
    expect((await sendTo(reference, '<wsnt:Unsubscribe/>')).body?.localName).toBe('UnsubscribeResponse');
    expect((await sendTo(reference, PULL)).fault).toBe('ResourceUnknownFault');
  });

  test('the npm client with a user name is served where wsse:Security is tolerated', async () => {
    const { hostname, port } = new URL(open.url);
    const cam = new Cam({ hostname, port: Number(port), username: 'user', password: 'pass', autoconnect: false });
    await result((callback) => {
      cam.connect(callback);
    });
    expect(await result((callback) => cam.createPullPointSubscription(callback))).toHaveProperty('terminationTime');
  });
});

describe('strict', () => {
  const any = topicFilter(FULL, 'p:B', 'xmlns:p="urn:plant"');
  const subscribing = subscribeBody('http://127.0.0.1:9/', any);
  const action = `<wsa:Action>${OPERATIONS.Subscribe.action}</wsa:Action>`;
  const id = (): string => headersFor('Subscribe').replace(/<wsa:Action>.*<\/wsa:Action>/, '');

  test('serves what conforms', async () => {
    expect((await ask(closed, subscribing, headersFor('Subscribe'))).body?.localName).toBe('SubscribeResponse');
  });

  test.each([
    ['no action', () => id(), subscribing, 'MessageAddressingHeaderRequired'],
    ['no MessageID', () => action, subscribing, 'MessageAddressingHeaderRequired'],
    ['bw2', () => action.replace('bw-2', 'bw2') + id(), subscribing, 'ActionNotSupported'],
    [
      'a prefix that is not declared',
      () => headersFor('Subscribe'),
      subscribeBody('http://127.0.0.1:9/', topicFilter(SIMPLE, 'tns1:Device')),
      'InvalidTopicExpressionFault',
    ],
    [
      'wsse:Security that must be understood',
      () => `${headersFor('Subscribe')}<o:Security xmlns:o="${WSSE}" s:mustUnderstand="true"/>`,
      subscribing,
      'MustUnderstand',
    ],
  ])('refuses what others accept: %s', async (_what, headers, body, fault) => {
    expect((await ask(open, body, headers())).body?.localName).toBe('SubscribeResponse');
    const refused = await ask(closed, body, headers());
    expect(refused.body?.localName).toBe('Fault');
    expect(refused.text).toContain(fault);
  });
});

describe('replies to another place', () => {
  const to = (name: string, address: string): string =>
    `<wsa:${name}><wsa:Address>${address}</wsa:Address><wsa:ReferenceParameters><k:Key xmlns:k="urn:key">42</k:Key></wsa:ReferenceParameters></wsa:${name}>`;

  test('a reply and a fault go to a host that is allowed by a request of their own; the client gets 202', async () => {
    const replied = await ask(
      open,
      '<wsnt:CreatePullPoint/>',
      headersFor('CreatePullPoint') + to('ReplyTo', mailbox.url),
    );
    expect([replied.status, replied.text]).toEqual([202, '']);
    const faulty = subscribeBody(mailbox.url, topicFilter('urn:unheard-of', 'a'));
    const failed = await ask(open, faulty, headersFor('Subscribe') + to('FaultTo', mailbox.url));
    expect([failed.status, failed.text]).toEqual([202, '']);
    await eventually('both have come', () => mailbox.documents.length >= 2);
    const texts = mailbox.documents.map(({ bytes }) => bytes.toString()).sort();
    expect(texts.filter((text) => text.includes('CreatePullPointResponse'))).toHaveLength(1);
    expect(texts.filter((text) => text.includes('TopicExpressionDialectUnknownFault'))).toHaveLength(1);
    for (const { root } of mailbox.documents) {
      const blocks = root.children()[0]!.children();
      expect(blocks.find((block) => block.is(WSA, 'RelatesTo'))?.text()).toMatch(/^urn:uuid:profiles-/);
      expect(blocks.find((block) => block.is('urn:key', 'Key'))?.text()).toBe('42');
    }
  });

  test('another host is refused, and nothing is done', async () => {
    const elsewhere = to('ReplyTo', 'http://127.0.0.1:1/');
    const answer = await ask(open, subscribeBody(mailbox.url, ''), headersFor('Subscribe') + elsewhere);
    expect(answer.text).toContain('OnlyAnonymousAddressSupported');
  });

  test('the address none: it is done, and nobody is answered', async () => {
    await using consumer = await TestConsumer.start();
    const nobody = `<wsa:ReplyTo><wsa:Address>${WSA}/none</wsa:Address></wsa:ReplyTo>`;
    const filter = topicFilter(FULL, 'n:one', 'xmlns:n="urn:none"');
    const answer = await ask(open, subscribeBody(consumer.url, filter), headersFor('Subscribe') + nobody);
    expect([answer.status, answer.text]).toEqual([202, '']);
    await publish(open.url, '{urn:none}one', 'subscribed all the same');
    await eventually('it has come', () => consumer.payloads.includes('subscribed all the same'));
  });
});

describe('topics that a namespace or a set does not permit', () => {
  const plant = (expression: string): string => topicFilter(FULL, expression, 'xmlns:p="urn:plant"');

  test.each([
    ['p:D', false, false],
    ['p:A/X', false, false],
    ['p:B/X', false, true],
    ['p:A', false, true],
    ['p:*', true, true],
    ['p://*', true, true],
    ['p:A|p:B', true, true],
  ])('%s: accepted by the fixed set %s, by the final namespace alone %s', async (expression, byFixed, byFinal) => {
    const outcome = (isAccepted: boolean): unknown[] =>
      isAccepted ? [200, undefined] : [400, 'TopicNotSupportedFault'];
    const [fixed, final] = [await subscribeFor(closed, plant(expression)), await subscribeFor(open, plant(expression))];
    expect([fixed.status, fixed.fault]).toEqual(outcome(byFixed));
    expect([final.status, final.fault]).toEqual(outcome(byFinal));
  });

  test('a publisher may use what is permitted; the TopicSet shows what is permanent and what has grown', async () => {
    await using consumer = await TestConsumer.start();
    await subscribe(open.url, consumer.url, { topic: '{urn:grown}x/y' });
    expect((await publish(open.url, '{urn:grown}x/y', 'grown')).status).toBe(202);
    expect((await publish(open.url, '{urn:plant}D', 'final')).fault).toBe('TopicNotSupportedFault');
    const headers = headersFor('Notify');
    expect((await publish(closed.url, '{urn:grown}x/y', 'fixed', { headers })).fault).toBe('TopicNotSupportedFault');
    expect((await publish(closed.url, '{urn:plant}B', 'fixed', { headers: headersFor('Notify') })).status).toBe(202);
    await eventually('it has come', () => consumer.payloads.includes('grown'));
    const property = `<rp:GetResourceProperty xmlns:rp="http://docs.oasis-open.org/wsrf/rp-2" xmlns:t="${T1}">t:TopicSet</rp:GetResourceProperty>`;
    const topicSet = (await ask(open, property, '')).body!.child(T1, 'TopicSet')!;
    expect(topicSet.child('urn:plant', 'B')?.attribute(T1, 'topic')).toBe('true');
    const x = topicSet.child('urn:grown', 'x');
    expect(x?.attribute(T1, 'topic')).toBeUndefined();
    expect(x?.children().map((child) => [child.namespace, child.localName, child.attribute(T1, 'topic')])).toEqual([
      ['', 'y', 'true'],
    ]);
    const fixed = (await ask(closed, property, headersFor('GetResourceProperty'))).body!.child(T1, 'TopicSet')!;
    expect(fixed.children().map(({ namespace, localName }) => `{${namespace}}${localName}`)).toEqual(['{urn:plant}B']);
  });
});
