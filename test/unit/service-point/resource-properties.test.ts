import { describe, expect, test } from 'vitest';
import type { EngineOperations, ResourceDescription } from '../../../src/engine/ports/engine.ts';
import { readEndpointReference } from '../../../src/soap/addressing.ts';
import { prefixedName } from '../../../src/wsn/elements.ts';
import { WsnFault } from '../../../src/wsn/faults.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { standalone } from '../../../src/xml/fragment.ts';
import { hasOfficialSchemas } from '../../support/schema-validator.ts';
import { loadSchemas, NOW, REGISTRATION } from '../wsn/properties/examples.ts';
import { Bus, holding } from './bus-stub.ts';

const schemas = await loadSchemas();
const ID = '0123456789abcdef0123456789abcdef';
const LIFETIME = { creationTime: NOW, currentTime: NOW, terminationTime: null };
const BROKER = '/wsn/NotificationBroker';
const SUBSCRIPTION = `/wsn/SubscriptionManager/ME1/${ID}`;
const MANAGER = `/wsn/PublisherRegistrationManager/ME1/${ID}`;

const subscription = (
  consumer: Extract<ResourceDescription, { kind: 'subscription' }>['consumer'],
): ResourceDescription => ({
  ...LIFETIME,
  kind: 'subscription',
  consumer,
  filter: { topics: [] },
  policy: { useRaw: false, pauseRetention: 'all', notifyTermination: false },
  isPaused: false,
});
const REGISTERED: ResourceDescription = { ...LIFETIME, kind: 'registration', registration: REGISTRATION };

const get = (name: string): string => `<rp:GetResourceProperty>${name}</rp:GetResourceProperty>`;
const DOCUMENT = '<rp:GetResourcePropertyDocument/>';
const names = (element: XmlElement | undefined): string[] =>
  element?.children().map((child) => `${prefixedName(child.namespace, child.localName)} ${child.text()}`.trim()) ?? [];

describe('the properties of a resource', () => {
  test('are those of what the endpoint reference names', async () => {
    const engines = new Bus({ ME1: holding(ID, { ...LIFETIME, kind: 'pull-point' }) });
    const { body } = await engines.send(`/wsn/PullPoint/ME1/${ID}`, DOCUMENT);
    expect(body?.children().map(({ localName }) => localName)).toEqual(['PullPoint']);
    expect(names(body?.children()[0])).toEqual([
      'wsnt:CreationTime 2026-01-02T03:04:05.678Z',
      'rl:CurrentTime 2026-01-02T03:04:05.678Z',
      'rl:TerminationTime',
      'rp:QueryExpressionDialect http://www.w3.org/TR/1999/REC-xpath-19991116',
    ]);
    // A description that is remembered under the id of a request would be an old one some day.
    expect(engines.asked).toMatchObject([{ operation: 'describe', requestId: '' }]);
  });

  test.each([
    [
      'a consumer',
      { kind: 'push', reference: { address: 'urn:c', referenceParameters: [] }, soapVersion: '1.1' },
      'urn:c',
    ],
    ['a pull point', { kind: 'pull', pullPoint: 'p1' }, 'http://gw:8080/wsn/PullPoint/ME1/p1'],
    ['itself', { kind: 'own' }, `http://gw:8080/wsn/PullPointSubscription/ME1/${ID}`],
  ] as const)('of a subscription say where it goes: to %s', async (_, consumer, address) => {
    const engines = new Bus({ ME1: holding(ID, subscription(consumer)) });
    const { body } = await engines.send(SUBSCRIPTION, get('wsnt:ConsumerReference'));
    expect(body?.children().map((child) => readEndpointReference(child).address)).toEqual([address]);
  });

  test('come one, several, or by a query', async () => {
    const engines = new Bus({ ME1: holding(ID, REGISTERED) });
    const one = await engines.send(MANAGER, get('br:Demand'));
    expect(names(one.body)).toEqual(['br:Demand false']);
    const several = await engines.send(
      MANAGER,
      '<rp:GetMultipleResourceProperties><rp:ResourceProperty>br:Demand</rp:ResourceProperty><rp:ResourceProperty>br:Topic</rp:ResourceProperty></rp:GetMultipleResourceProperties>',
    );
    expect(names(several.body)).toEqual(['br:Demand false', 'br:Topic br:a/b']);
    const query = await engines.send(
      MANAGER,
      '<rp:QueryResourceProperties><rp:QueryExpression>count(//br:Topic)</rp:QueryExpression></rp:QueryResourceProperties>',
    );
    expect(names(query.body)).toEqual(['pm:Value 1']);
    expect(await engines.fault(MANAGER, get('br:Nothing'))).toBe('InvalidResourcePropertyQNameFault');
  });

  test.each([`/wsn/SubscriptionManager/ME1/ff`, `/wsn/SubscriptionManager/ME9/${ID}`, '/wsn/NotificationBroker/ME9'])(
    'are not those of %s',
    async (path) => {
      const engines = new Bus({ ME1: holding(ID, REGISTERED) });
      expect(await engines.fault(path, DOCUMENT)).toBe('ResourceUnknownFault');
    },
  );

  test.skipIf(!hasOfficialSchemas)('are valid as they are sent', async () => {
    const engines = new Bus({ ME1: { ...holding(ID, REGISTERED), topics: () => ({ topics: ['{urn:t}a'] }) } });
    for (const path of [MANAGER, BROKER]) {
      const { bytes } = await engines.send(path, DOCUMENT);
      expect(schemas?.validate(bytes)).toEqual([]);
    }
  });
});

describe('the properties of the broker', () => {
  const topicsOf = (body: XmlElement | undefined): string[] => names(body?.children()[0]);
  const knowing = (...topics: string[]): { topics: () => EngineOperations['topics']['reply'] } => ({
    topics: () => ({ topics }),
  });

  test.each([BROKER, '/wsn/ResourceProperties', '/', '/wsn/NotificationBroker/ME1'])('are at %s', async (path) => {
    const { body } = await new Bus({ ME1: knowing() }).send(path, DOCUMENT);
    expect(names(body?.children()[0])).toEqual(
      expect.arrayContaining(['wsnt:FixedTopicSet true', 'br:RequiresRegistration true', 'pm:PauseRetention last']),
    );
  });

  test('have the topics of all engines and of the topology', async () => {
    const engines = new Bus({ ME1: knowing('{urn:a}x', '{urn:b}y'), ME2: knowing('{urn:b}y', '{urn:b}z') });
    const { body } = await engines.send(BROKER, get('wstop:TopicSet'));
    expect(topicsOf(body)).toEqual(['{urn:p}permanent', '{urn:a}x', '{urn:b}y', '{urn:b}z']);
  });

  test('are there without an engine that is away, and not without all of them', async () => {
    const { body } = await new Bus({ ME1: {}, ME2: knowing('{urn:b}z') }).send(BROKER, get('wstop:TopicSet'));
    expect(topicsOf(body)).toEqual(['{urn:p}permanent', '{urn:b}z']);
    const { status } = await new Bus({ ME1: {}, ME2: {} }).send(BROKER, get('wstop:TopicSet'));
    expect(status).toBe(503);
  });

  test('need no engine for what is no topic', async () => {
    const engines = new Bus({ ME1: {} });
    const { body } = await engines.send(BROKER, get('br:RequiresRegistration'));
    expect([names(body), engines.asked]).toEqual([['br:RequiresRegistration true'], []]);
  });

  test('cannot be changed', async () => {
    const request =
      '<rp:UpdateResourceProperties><rp:Update><br:RequiresRegistration>false</br:RequiresRegistration></rp:Update></rp:UpdateResourceProperties>';
    expect(await new Bus({ ME1: knowing() }).fault(BROKER, request)).toBe('UnableToModifyResourcePropertyFault');
  });
});

describe('changes of a registration', () => {
  const onDemand =
    '<rp:UpdateResourceProperties><rp:Update><br:Demand>true</br:Demand></rp:Update></rp:UpdateResourceProperties>';

  test('go to the engine as what becomes of it', async () => {
    const engines = new Bus({ ME1: { ...holding(ID, REGISTERED), modifyRegistration: () => ({}) } });
    const { body } = await engines.send(MANAGER, onDemand);
    expect(body?.localName).toBe('UpdateResourcePropertiesResponse');
    expect(engines.asked[1]).toMatchObject({
      operation: 'modifyRegistration',
      request: { registration: ID, topics: REGISTRATION.topics, demand: true },
    });
    expect(engines.asked[1]?.requestId).toBe('r1');
  });

  test('that change nothing by a document do not', async () => {
    const engines = new Bus({ ME1: { ...holding(ID, REGISTERED), modifyRegistration: () => ({}) } });
    const put = (document: string): string =>
      `<rp:PutResourcePropertyDocument>${document}</rp:PutResourcePropertyDocument>`;
    const { body } = await engines.send(MANAGER, DOCUMENT);
    const document = standalone(body!.children()[0]!);
    expect((await engines.send(MANAGER, put(document))).body?.localName).toBe('PutResourcePropertyDocumentResponse');
    expect(engines.asked.map(({ operation }) => operation)).toEqual(['describe', 'describe']);
    await engines.send(MANAGER, put(document.replace('>false<', '>true<')));
    expect(engines.asked.at(-1)).toMatchObject({ operation: 'modifyRegistration', request: { demand: true } });
  });

  test.each([
    ['TopicNotSupportedFault', 'UpdateResourcePropertiesRequestFailedFault'],
    ['ResourceUnknownFault', 'ResourceUnknownFault'],
  ] as const)('that the engine refuses with %s are a %s', async (refused, answered) => {
    const modifyRegistration = (): never => {
      throw new WsnFault(refused, 'why');
    };
    const engines = new Bus({ ME1: { ...holding(ID, REGISTERED), modifyRegistration } });
    expect(await engines.fault(MANAGER, onDemand)).toBe(answered);
  });
});
