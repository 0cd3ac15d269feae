import { describe, expect, test } from 'vitest';
import { readEndpointReference } from '../../../src/soap/addressing.ts';
import { WsnFault } from '../../../src/wsn/faults.ts';
import { CONCRETE_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { Bus } from './bus-stub.ts';

const ID = '0123456789abcdef0123456789abcdef';
const NOW = Date.parse('2026-01-02T03:04:05Z');
const granted = { terminationTime: null, currentTime: NOW };
const REGISTRATION = `/wsn/PublisherRegistrationManager/ME1/${ID}`;

describe('RegisterPublisher', () => {
  const register = (parts: string): string => `<br:RegisterPublisher>${parts}</br:RegisterPublisher>`;
  const publisher = (address: string): string =>
    `<br:PublisherReference><wsa:Address>${address}</wsa:Address></br:PublisherReference>`;
  const bus = (): Bus => new Bus({ ME1: { registerPublisher: () => ({ registration: ID, ...granted }) }, ME2: {} });

  test('gives a publisher that sends its registration and an address of its own to send to', async () => {
    const engines = bus();
    const { status, body } = await engines.send(
      '/wsn/NotificationBroker',
      register(`<br:Topic Dialect="${CONCRETE_DIALECT}">a/b</br:Topic>`),
    );
    const references = body?.children().map((child) => [child.localName, readEndpointReference(child).address]);
    expect([status, references]).toEqual([
      200,
      [
        ['PublisherRegistrationReference', `http://gw:8080${REGISTRATION}`],
        ['ConsumerReference', `http://gw:8080/wsn/NotificationConsumer/ME1/${ID}`],
      ],
    ]);
    expect(engines.asked).toMatchObject([
      {
        operation: 'registerPublisher',
        request: {
          registration: {
            topics: [{ dialect: CONCRETE_DIALECT, text: 'a/b', namespaces: {} }],
            demand: false,
            soapVersion: '1.2',
          },
          termination: { kind: 'absent' },
        },
      },
    ]);
  });

  test('gives one on demand no address: the broker comes to it', async () => {
    const { body } = await bus().send(
      '/wsn/NotificationBroker',
      register(`${publisher('http://publisher/')}<br:Demand>true</br:Demand>`),
    );
    expect(body?.children().map(({ localName }) => localName)).toEqual(['PublisherRegistrationReference']);
  });

  test('lets the broker not subscribe to itself', async () => {
    const engines = bus();
    const itself = `${publisher('http://GW:8080/anything')}<br:Demand>true</br:Demand>`;
    expect(await engines.fault('/wsn/NotificationBroker', register(itself))).toBe('PublisherRegistrationRejectedFault');
    expect(engines.asked).toEqual([]);
  });
});

describe('the address of a registration', () => {
  const notify =
    '<wsnt:Notify><wsnt:NotificationMessage><wsnt:Message><a/></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>';

  test('names the publisher of what is sent to it', async () => {
    const engines = new Bus({ ME1: { notify: () => ({}) } });
    const { status } = await engines.send(`/wsn/NotificationConsumer/ME1/${ID}`, notify);
    expect(status).toBe(202);
    expect(engines.asked).toMatchObject([{ operation: 'notify', request: { resource: ID } }]);
  });

  test.each([`/wsn/NotificationConsumer/ME1/${ID}`, REGISTRATION, '/wsn/NotificationBroker'])(
    'is no consumer: %s',
    async (path) => {
      const engines = new Bus({ ME1: { subscribe: () => ({ subscription: ID, ...granted }) } });
      const subscribe = `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>http://gw:8080${path}</wsa:Address></wsnt:ConsumerReference></wsnt:Subscribe>`;
      expect(await engines.fault('/wsn/NotificationBroker', subscribe)).toBe('SubscribeCreationFailedFault');
      expect(engines.asked).toEqual([]);
    },
  );

  test('ends with DestroyRegistration', async () => {
    const engines = new Bus({ ME1: { destroyRegistration: () => ({}) } });
    const { body } = await engines.send(REGISTRATION, '<br:DestroyRegistration/>');
    expect(body?.localName).toBe('DestroyRegistrationResponse');
    expect(engines.asked).toMatchObject([{ operation: 'destroyRegistration', request: { registration: ID } }]);
    expect(await engines.fault('/wsn/PublisherRegistrationManager', '<br:DestroyRegistration/>')).toBe(
      'ResourceUnknownFault',
    );
  });
});

test('what is pulled cannot be raw', async () => {
  const engines = new Bus({ ME1: { subscribe: () => ({ subscription: ID, ...granted }) } });
  const subscribe = (policy: string): string =>
    `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>http://gw:8080/wsn/PullPoint/ME1/${ID}</wsa:Address>` +
    `</wsnt:ConsumerReference><wsnt:SubscriptionPolicy>${policy}</wsnt:SubscriptionPolicy></wsnt:Subscribe>`;
  const fault = await engines.fault('/wsn/NotificationBroker', subscribe('<wsnt:UseRaw/>'));
  expect([fault, engines.asked]).toEqual(['UnsupportedPolicyRequestFault', []]);
  const { body } = await engines.send('/wsn/NotificationBroker', subscribe(''));
  expect(body?.localName).toBe('SubscribeResponse');
});

describe('the lifetime of a resource', () => {
  test('ends at once, whatever it is and wherever that is asked for', async () => {
    const engines = new Bus({ ME1: { destroy: () => ({}) } });
    for (const portType of ['SubscriptionManager', 'PullPoint', 'PublisherRegistrationManager']) {
      const { body } = await engines.send(`/wsn/${portType}/ME1/${ID}`, '<rl:Destroy/>');
      expect(body?.localName).toBe('DestroyResponse');
    }
    expect(engines.asked.map(({ operation, request }) => [operation, request])).toEqual(
      Array.from({ length: 3 }, () => ['destroy', { resource: ID }]),
    );
    expect(await engines.fault('/wsn/NotificationBroker', '<rl:Destroy/>')).toBe('ResourceUnknownFault');
  });

  test('is set, and what is granted comes back', async () => {
    const engines = new Bus({ ME1: { setTermination: () => ({ ...granted, terminationTime: NOW + 60_000 }) } });
    const { body } = await engines.send(
      REGISTRATION,
      '<rl:SetTerminationTime><rl:RequestedLifetimeDuration>PT1M</rl:RequestedLifetimeDuration></rl:SetTerminationTime>',
    );
    expect(body?.children().map((child) => `${child.localName} ${child.text()}`)).toEqual([
      'NewTerminationTime 2026-01-02T03:05:05.000Z',
      'CurrentTime 2026-01-02T03:04:05.000Z',
    ]);
    expect(engines.asked).toMatchObject([{ request: { resource: ID, termination: { kind: 'relative' } } }]);
  });

  test('is not set where the engine refuses it, in the words of the standard', async () => {
    const engines = new Bus({
      ME1: {
        setTermination: () => {
          throw new WsnFault('TerminationTimeChangeRejectedFault', 'why');
        },
        destroy: () => {
          throw new WsnFault('rl:ResourceNotDestroyedFault', 'why');
        },
      },
    });
    const request =
      '<rl:SetTerminationTime><rl:RequestedLifetimeDuration>PT1M</rl:RequestedLifetimeDuration></rl:SetTerminationTime>';
    expect(await engines.fault(REGISTRATION, request)).toBe('TerminationTimeChangeRejectedFault');
    const { body } = await engines.send(REGISTRATION, '<rl:Destroy/>');
    const detail = body?.children().find(({ localName }) => localName === 'Detail');
    expect(detail?.children()[0]?.is('http://docs.oasis-open.org/wsrf/rl-2', 'ResourceNotDestroyedFault')).toBe(true);
  });
});
