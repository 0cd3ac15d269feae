import { createClientAsync, type Client } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadOfficialSchemas, type SchemaValidator } from '../../support/schema-validator.ts';
import { standalone } from '../../../src/xml/fragment.ts';
import { loadOurSchemas } from '../wsdl/our-schemas.ts';
import { StubBroker } from './stub-broker.ts';

const SIMPLE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple';
const ACTION = 'http://docs.oasis-open.org/wsn/bw-2';

type Port = Readonly<Record<string, (args: unknown, callback: (error: unknown, result: unknown) => void) => void>>;

describe.each(['1.1', '1.2'])('node-soap with our WSDL, SOAP %s', (version) => {
  let broker: StubBroker;
  let client: Client;
  let official: SchemaValidator | undefined;
  const ourProblems = loadOurSchemas();

  beforeAll(async () => {
    broker = await StubBroker.start();
    client = await createClientAsync(broker.wsdl, { disableCache: true, forceSoap12Headers: version === '1.2' });
    official = await loadOfficialSchemas();
  });
  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
  });

  /** Calls an operation as people do with node-soap, and gives what it parsed. */
  async function call(service: string, operation: string, args: unknown): Promise<unknown> {
    const suffix = version === '1.1' ? 'Soap11Port' : 'Soap12Port';
    const port = (client[`${service}Service`] as Record<string, Port>)[`${service}${suffix}`]!;
    return new Promise((resolve, reject) => {
      port[operation]!(args, (error, result) => {
        if (error === null) resolve(result);
        else reject(error instanceof Error ? error : new Error('Failed'));
      });
    });
  }

  test.each([
    [
      'NotificationBroker',
      'Subscribe',
      'NotificationProducer/SubscribeRequest',
      {
        ConsumerReference: { Address: 'http://consumer.example/' },
        Filter: { TopicExpression: { attributes: { 'xmlns:n': 'urn:news', Dialect: SIMPLE }, $value: 'n:sport' } },
        InitialTerminationTime: 'PT1H',
      },
    ],
    [
      'NotificationBroker',
      'Notify',
      'NotificationConsumer/Notify',
      {
        NotificationMessage: [
          { Topic: { attributes: { Dialect: SIMPLE }, $value: 'news' }, Message: { $xml: '<x xmlns="urn:x"/>' } },
        ],
      },
    ],
    [
      'NotificationBroker',
      'GetCurrentMessage',
      'NotificationProducer/GetCurrentMessageRequest',
      { Topic: { attributes: { Dialect: SIMPLE }, $value: 'news' } },
    ],
    ['CreatePullPoint', 'CreatePullPoint', 'CreatePullPoint/CreatePullPointRequest', {}],
    ['PullPoint', 'GetMessages', 'PullPoint/GetMessagesRequest', { MaximumNumber: 3 }],
    ['PullPoint', 'DestroyPullPoint', 'PullPoint/DestroyPullPointRequest', {}],
    ['SubscriptionManager', 'Renew', 'SubscriptionManager/RenewRequest', { TerminationTime: '2030-01-01T00:00:00Z' }],
    ['SubscriptionManager', 'Unsubscribe', 'SubscriptionManager/UnsubscribeRequest', {}],
    ['SubscriptionManager', 'PauseSubscription', 'SubscriptionManager/PauseSubscriptionRequest', {}],
    ['SubscriptionManager', 'ResumeSubscription', 'SubscriptionManager/ResumeSubscriptionRequest', {}],
  ])('%s.%s makes a valid request with the action of the standard', async (service, operation, action, args) => {
    await call(service, operation, args);
    const { path, headers, body } = broker.requests.at(-1)!;
    expect([path, body.namespace, body.localName]).toEqual([
      `/wsn/${service}`,
      'http://docs.oasis-open.org/wsn/b-2',
      operation,
    ]);
    const sent = version === '1.1' ? headers['soapaction'] : headers['content-type'];
    expect(sent).toContain(`"${ACTION}/${action}"`);
    expect(ourProblems(standalone(body))).toEqual([]);
    expect(official?.validate(Buffer.from(standalone(body))) ?? []).toEqual([]);
  });

  test('the answers are understood', async () => {
    expect(
      await call('NotificationBroker', 'Subscribe', { ConsumerReference: { Address: 'http://c/' } }),
    ).toMatchObject({
      SubscriptionReference: {
        Address: `${broker.url}/wsn/SubscriptionManager/ME1/5f`,
        ReferenceParameters: { Engine: 'ME1', Resource: '5f' },
      },
    });
    await call('PullPoint', 'GetMessages', {});
    await call('NotificationBroker', 'Notify', {
      NotificationMessage: [{ Message: { $xml: '<x xmlns="urn:x">1</x>' } }],
    });
    expect(await call('PullPoint', 'GetMessages', {})).toEqual({ NotificationMessage: [{ Message: { x: '1' } }] });
  });
});
