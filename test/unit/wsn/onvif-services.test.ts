import { describe, expect, test } from 'vitest';
import type { EngineOperations } from '../../../src/engine/ports/engine.ts';
import { performOnvif } from '../../../src/service-point/onvif/onvif-services.ts';
import { readEndpointReference } from '../../../src/soap/addressing.ts';
import { ProtocolError } from '../../../src/soap/fault.ts';
import { WsnFault } from '../../../src/wsn/faults.ts';
import { decodeOnvifRequest } from '../../../src/wsn/onvif/decode-onvif.ts';
import { TDS_NAMESPACE, TEV_NAMESPACE } from '../../../src/wsn/onvif/namespaces.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { element, read, WSNT } from '../soap/envelopes.ts';
import { decoding, NOW, OnvifBroker, options } from './onvif-broker.ts';

const RESOURCE = '/wsn/PullPointSubscription/ME1/a1';
const tev = (name: string, content = ''): string => `<t:${name} xmlns:t="${TEV_NAMESPACE}">${content}</t:${name}>`;
const tds = (name: string, content = ''): string => `<t:${name} xmlns:t="${TDS_NAMESPACE}">${content}</t:${name}>`;
const pull = (timeout: string, limit = 10): string =>
  tev('PullMessages', `<t:Timeout>${timeout}</t:Timeout><t:MessageLimit>${limit}</t:MessageLimit>`);

async function perform(broker: OnvifBroker, body: string, path = '/onvif/event_service'): Promise<XmlElement> {
  const message = read(body);
  const reply = await performOnvif(decodeOnvifRequest(message, {}, decoding), broker.call(message, path), options);
  const parts = typeof reply === 'string' ? [reply] : reply;
  return element(parts.map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString())).join(''));
}

/** An engine with one subscription that ends at this time. */
function pulling(
  terminationTime: number | null,
  messages: EngineOperations['pullMessages']['reply']['messages'] = [],
): OnvifBroker {
  let end = terminationTime;
  return new OnvifBroker({
    describe: () => ({ kind: 'subscription', terminationTime: end, currentTime: NOW }),
    renew: ({ termination }) => {
      if (termination.kind === 'absolute') end = termination.at;
      return { terminationTime: end, currentTime: NOW };
    },
    pullMessages: () => ({ messages, terminationTime: end, currentTime: NOW }),
  });
}

describe('CreatePullPointSubscription', () => {
  const subscribing = (): OnvifBroker =>
    new OnvifBroker({
      subscribe: () => ({ subscription: 'a1', terminationTime: NOW + 1000, currentTime: NOW }),
    });

  test('makes a subscription that is its own pull point, and gives a reference to it', async () => {
    const broker = subscribing();
    const filter = '<t:Filter><wsnt:TopicExpression Dialect="d">A</wsnt:TopicExpression></t:Filter>';
    const reply = await perform(
      broker,
      tev('CreatePullPointSubscription', `${filter}<t:InitialTerminationTime>PT2M</t:InitialTerminationTime>`),
    );
    expect(broker.engine.asked).toMatchObject([
      [
        'subscribe',
        {
          consumer: { kind: 'own' },
          filter: { topics: [{ dialect: 'd', text: 'A' }] },
          termination: { kind: 'relative', duration: { ms: 120_000 } },
        },
      ],
    ]);
    const reference = readEndpointReference(reply.child(TEV_NAMESPACE, 'SubscriptionReference')!);
    expect(reference.address).toBe(`http://gateway:8080${RESOURCE}`);
    expect(reference.referenceParameters).toHaveLength(2);
    expect(reply.child(WSNT, 'TerminationTime')!.text()).toBe('2026-01-02T03:04:06.678Z');
  });

  test('lives for a minute where nothing else is said, and for ever where that is said', async () => {
    const broker = subscribing();
    await perform(broker, tev('CreatePullPointSubscription'));
    const nil = '<t:InitialTerminationTime xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>';
    await perform(broker, tev('CreatePullPointSubscription', nil));
    expect(broker.engine.asked).toMatchObject([
      ['subscribe', { termination: { kind: 'relative', duration: { months: 0, ms: 60_000 } } }],
      ['subscribe', { termination: { kind: 'infinite' } }],
    ]);
  });
});

describe('PullMessages', () => {
  test('waits for as long as asked, up to a minute, and gives up to 1,000 messages', async () => {
    const broker = pulling(null);
    await perform(broker, pull('PT5S', 7), RESOURCE);
    await perform(broker, pull('PT1M', 2000), RESOURCE);
    expect(broker.engine.asked.filter(([operation]) => operation === 'pullMessages')).toEqual([
      ['pullMessages', { resource: 'a1', maximum: 7, waitMs: 5000 }],
      ['pullMessages', { resource: 'a1', maximum: 1000, waitMs: 60_000 }],
    ]);
  });

  test('keeps the subscription alive over its wait and, behind that, for its Timeout', async () => {
    const broker = pulling(NOW + 10_000);
    const reply = await perform(broker, pull('PT20S'), RESOURCE);
    expect(broker.engine.asked.map(([operation]) => operation)).toEqual(['describe', 'renew', 'pullMessages']);
    expect(Date.parse(reply.child(TEV_NAMESPACE, 'TerminationTime')!.text())).toBe(NOW + 40_000);
  });

  test.each([NOW + 40_000, NOW + 3_600_000, null])('leaves a subscription alone that ends at %s', async (end) => {
    const broker = pulling(end);
    await perform(broker, pull('PT20S'), RESOURCE);
    expect(broker.engine.asked.map(([operation]) => operation)).toEqual(['describe', 'pullMessages']);
  });

  test('hands out messages with their topic; the reference only of another subscription', async () => {
    const message = Buffer.from(`<w:Message xmlns:w="${WSNT}"><p:a xmlns:p="urn:p"/></w:Message>`);
    const broker = pulling(null, [
      { topic: '{http://www.onvif.org/ver10/topics}A/B', message, subscription: 'a1', dialect: 'urn:d' },
      { message, subscription: 'b2' },
    ]);
    const reply = await perform(broker, pull('PT0S'), RESOURCE);
    const [first, second] = reply.children().filter((child) => child.is(WSNT, 'NotificationMessage'));
    expect(first!.children().map(({ localName }) => localName)).toEqual(['Topic', 'Message']);
    expect(first!.child(WSNT, 'Topic')!.text()).toBe('tns1:A/B');
    expect(first!.child(WSNT, 'Topic')!.attribute('', 'Dialect')).toBe('urn:d');
    expect(readEndpointReference(second!.child(WSNT, 'SubscriptionReference')!).address).toBe(
      'http://gateway:8080/wsn/SubscriptionManager/ME1/b2',
    );
  });

  test('an address of nothing is unknown', async () => {
    const broker = pulling(null);
    const failure = await perform(broker, pull('PT0S')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WsnFault);
    expect((failure as WsnFault).fault).toBe('ResourceUnknownFault');
    expect(broker.engine.asked).toEqual([]);
  });
});

describe('the other operations', () => {
  test('SetSynchronizationPoint is passed to the subscription that it is sent to', async () => {
    const broker = new OnvifBroker({ synchronize: () => ({}) });
    const reply = await perform(broker, tev('SetSynchronizationPoint'), RESOURCE);
    expect(reply.is(TEV_NAMESPACE, 'SetSynchronizationPointResponse')).toBe(true);
    expect(broker.engine.asked).toEqual([['synchronize', { subscription: 'a1' }]]);
  });

  test('Seek is refused in the words of ONVIF', async () => {
    const failure = await perform(new OnvifBroker({}), tev('Seek'), RESOURCE).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProtocolError);
    expect((failure as ProtocolError).subcode?.localName).toBe('ActionNotSupported');
  });

  test('GetEventProperties shows the topics of the bus', async () => {
    const reply = await perform(new OnvifBroker({}), tev('GetEventProperties'));
    expect(reply.child('http://docs.oasis-open.org/wsn/t-1', 'TopicSet')!.child('urn:t', 'Root')).toBeDefined();
    expect(reply.child(WSNT, 'FixedTopicSet')!.text()).toBe('false');
  });

  test('GetCapabilities tells of the services that are asked for, and faults where there is none of them', async () => {
    const broker = new OnvifBroker({});
    const services = async (...categories: string[]): Promise<string[]> => {
      const asked = categories.map((category) => `<t:Category>${category}</t:Category>`).join('');
      const reply = await perform(broker, tds('GetCapabilities', asked), '/onvif/device_service');
      return reply
        .children()[0]!
        .children()
        .map((service) => service.children()[0]!.text());
    };
    const device = 'http://gateway:8080/onvif/device_service';
    const events = 'http://gateway:8080/onvif/event_service';
    expect(await services()).toEqual([device, events]);
    expect(await services('All')).toEqual([device, events]);
    expect(await services('Events', 'PTZ')).toEqual([events]);
    const failure = await services('PTZ', 'Media').catch((error: unknown) => error);
    expect((failure as ProtocolError).subsubcode?.localName).toBe('NoSuchService');
  });
});
