import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readEndpointReference } from '../../../src/soap/addressing.ts';
import { affinityReference } from '../../../src/soap/affinity.ts';
import { readEnvelope, type HttpFraming } from '../../../src/soap/envelope.ts';
import { ProtocolError, protocolFaultReply } from '../../../src/soap/fault.ts';
import { LATEST_TIME } from '../../../src/wsn/date-time.ts';
import { decodeOnvifRequest, type OnvifDecoding, type OnvifRequest } from '../../../src/wsn/onvif/decode-onvif.ts';
import {
  encodeGetCapabilitiesReply,
  encodeGetDeviceInformationReply,
  encodeGetDeviceServiceCapabilitiesReply,
  encodeGetServicesReply,
  encodeGetSystemDateAndTimeReply,
} from '../../../src/wsn/onvif/device-replies.ts';
import {
  encodeCreatePullPointSubscriptionReply,
  encodeGetEventPropertiesReply,
  encodeGetEventServiceCapabilitiesReply,
  encodePullMessagesReply,
  encodeSetSynchronizationPointReply,
  eventCapabilities,
} from '../../../src/wsn/onvif/event-replies.ts';
import { noSuchService } from '../../../src/wsn/onvif/faults.ts';
import { TDS_NAMESPACE, TER_NAMESPACE, TEV_NAMESPACE, TT_NAMESPACE } from '../../../src/wsn/onvif/namespaces.ts';
import { isOnvifRequest, ONVIF_OPERATIONS, type OnvifOperation } from '../../../src/wsn/onvif/operations.ts';
import { readTopicExpression } from '../../../src/wsn/topics/read-topic.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { element, envelope, protocolError, read, WSA, WSNT } from '../soap/envelopes.ts';
import { wsnFault } from './wsn-fault.ts';

const NOW = Date.parse('2026-01-02T03:04:05.678Z');

const decoding: OnvifDecoding = {
  readFilter: (filter) => ({
    topics: (filter?.children() ?? [])
      .filter((part) => part.is(WSNT, 'TopicExpression'))
      .map((element) => readTopicExpression(element)),
  }),
  readPolicy: (policy) => (policy?.child(WSNT, 'UseRaw') === undefined ? {} : { useRaw: true }),
};

function decode(body: string, header = '', framing: HttpFraming = {}, strict = false): OnvifRequest {
  return decodeOnvifRequest(read(body, header, '1.2', framing), framing, { ...decoding, strict });
}
const tev = (name: string, content = ''): string => `<t:${name} xmlns:t="${TEV_NAMESPACE}">${content}</t:${name}>`;
const tds = (name: string, content = ''): string => `<t:${name} xmlns:t="${TDS_NAMESPACE}">${content}</t:${name}>`;
const pull = (timeout: string, limit: string): string =>
  tev('PullMessages', `<t:Timeout>${timeout}</t:Timeout><t:MessageLimit>${limit}</t:MessageLimit>`);
const names = Object.keys(ONVIF_OPERATIONS) as OnvifOperation[];

/** A body that its operation accepts. */
function bodyOf(name: OnvifOperation): string {
  const { namespace, localName } = ONVIF_OPERATIONS[name].request;
  if (name === 'PullMessages') return pull('PT1M', '10');
  return namespace === TEV_NAMESPACE ? tev(localName) : tds(localName);
}

describe('requests of ONVIF', () => {
  test.each(names)('%s is recognised by its body, under its own action, each alias, or none', (name) => {
    const { action, aliases } = ONVIF_OPERATIONS[name];
    const body = bodyOf(name);
    expect(isOnvifRequest(element(body))).toBe(true);
    for (const stated of [undefined, action, ...aliases]) {
      const header = stated === undefined ? '' : `<wsa:Action>${stated}</wsa:Action>`;
      const http = stated === undefined ? {} : { contentType: `application/soap+xml; action="${stated}"` };
      expect(decode(body, header, http).operation).toBe(name);
    }
    for (const alias of aliases) {
      const refused = protocolError(() => decode(body, `<wsa:Action>${alias}</wsa:Action>`, {}, true));
      expect(refused.subcode?.localName).toBe('ActionNotSupported');
    }
    expect(decode(body, `<wsa:Action>${action}</wsa:Action>`, {}, true).operation).toBe(name);
  });

  test('the action of another operation is refused, in the header and in HTTP', () => {
    const { action } = ONVIF_OPERATIONS.Seek;
    const header = `<wsa:MessageID>urn:1</wsa:MessageID><wsa:Action>${action}</wsa:Action>`;
    const error = protocolError(() => decode(bodyOf('PullMessages'), header));
    expect([error.code, error.subcode?.namespace, error.subcode?.localName]).toEqual([
      'Sender',
      WSA,
      'ActionNotSupported',
    ]);
    expect(error.relatesTo).toBe('urn:1');
    const framing = { contentType: `application/soap+xml; action="${action}"` };
    expect(protocolError(() => decode(bodyOf('PullMessages'), '', framing)).message).toContain(action);
  });

  test.each([tds('GetProfiles'), tev('AddEventBroker'), tev('Notify')])('%s is not offered', (body) => {
    const error = protocolError(() => decode(body));
    expect([error.code, error.subcode?.namespace, error.subcode?.localName]).toEqual([
      'Receiver',
      TER_NAMESPACE,
      'ActionNotSupported',
    ]);
  });

  test('those of WS-BaseNotification are none', () => {
    expect(isOnvifRequest(element(`<n:Renew xmlns:n="${WSNT}"/>`))).toBe(false);
  });
});

describe('CreatePullPointSubscription', () => {
  const create = (content: string): OnvifRequest => decode(tev('CreatePullPointSubscription', content));

  test('without anything asks for everything, for as long as the broker likes', () => {
    expect(create('')).toEqual({
      operation: 'CreatePullPointSubscription',
      filter: { topics: [] },
      policy: {},
      termination: { kind: 'absent' },
    });
  });

  test('hands filter and policy to the readers of Subscribe, and reads times as Subscribe does', () => {
    const filter = `<t:Filter><wsnt:TopicExpression Dialect="d" xmlns:tns1="urn:x">tns1:A</wsnt:TopicExpression></t:Filter>`;
    expect(
      create(`${filter}<t:InitialTerminationTime>PT2M</t:InitialTerminationTime><t:SubscriptionPolicy/>`),
    ).toMatchObject({
      filter: { topics: [{ dialect: 'd', text: 'tns1:A', namespaces: { tns1: 'urn:x' } }] },
      termination: { kind: 'relative', duration: { months: 0, ms: 120_000 } },
    });
    expect(create('<t:InitialTerminationTime>2030-01-01T00:00:00Z</t:InitialTerminationTime>')).toMatchObject({
      termination: { kind: 'absolute', at: Date.parse('2030-01-01T00:00:00Z') },
    });
  });

  test.each([
    '<t:Filtre/>',
    '<wsnt:Filter/>',
    '<Filter xmlns=""/>',
    '<t:Filter/><t:Filter/>',
    '<wsnt:ConsumerReference/>',
  ])('%s is refused, not passed over', (content) => {
    expect(protocolError(() => create(content)).code).toBe('Sender');
  });

  test('raw notifications cannot be pulled', () => {
    const fault = wsnFault(() => create('<t:SubscriptionPolicy><wsnt:UseRaw/></t:SubscriptionPolicy>'));
    expect(fault.fault).toBe('UnsupportedPolicyRequestFault');
    expect(fault.details.unsupportedPolicies).toEqual([{ namespace: WSNT, localName: 'UseRaw' }]);
  });

  test('an empty time is a fault of its own', () => {
    expect(wsnFault(() => create('<t:InitialTerminationTime/>')).fault).toBe('UnacceptableInitialTerminationTimeFault');
  });

  const real = new URL('../../../../shared/messages/dtt-01-createpullpoint-bom-itemfilter.xml', import.meta.url);
  test.skipIf(!existsSync(real))("the one of ONVIF's own test tool is read", () => {
    const request = decodeOnvifRequest(readEnvelope(readFileSync(real), {}), {}, decoding);
    expect(request).toMatchObject({
      filter: {
        topics: [{ text: 'tns1:RuleEngine', dialect: 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet' }],
      },
      termination: { kind: 'relative', duration: { months: 1, ms: 0 } },
    });
  });
});

describe('PullMessages', () => {
  test.each([
    ['PT1M', '10', 60_000, 10],
    [' PT0.5S ', ' 1 ', 500, 1],
    ['PT0S', '1000', 0, 1000],
    ['PT60S', '1001', 60_000, 1000],
    ['PT5S', '99999999999999999999', 5000, 1000],
  ])('Timeout %s and MessageLimit %s', (timeout, limit, timeoutMs, maximum) => {
    expect(decode(pull(timeout, limit))).toEqual({ operation: 'PullMessages', timeoutMs, maximum });
  });

  test.each(['PT1M0.001S', 'P1M', 'P9999999999999Y', 'PT61S'])('Timeout %s is more than there is', (timeout) => {
    const error = protocolError(() => decode(pull(timeout, '1'), '<wsa:MessageID>urn:1</wsa:MessageID>'));
    const text = protocolFaultReply(error).body.toString();
    const fault = element(
      /<tev:PullMessagesFaultResponse.*<\/tev:PullMessagesFaultResponse>/.exec(text)?.[0] ?? '<none/>',
    );
    expect(fault.children().map((child) => [child.namespace, child.localName, child.text()])).toEqual([
      [TEV_NAMESPACE, 'MaxTimeout', 'PT60S'],
      [TEV_NAMESPACE, 'MaxMessageLimit', '1000'],
    ]);
    const action =
      'http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessages/Fault/PullMessagesFaultResponse';
    expect(text).toContain(`<wsa:Action>${action}</wsa:Action>`);
    expect(error.code).toBe('Sender');
  });

  test.each([
    ['-PT1S', '1'],
    ['-P1M', '1'],
    ['60', '1'],
    ['', '1'],
    ['PT1S', '0'],
    ['PT1S', '-1'],
    ['PT1S', '1.5'],
    ['PT1S', ''],
  ])('Timeout %j with MessageLimit %j is malformed', (timeout, limit) => {
    expect(protocolError(() => decode(pull(timeout, limit))).detail).toBeUndefined();
  });

  test('needs both of its parts', () => {
    expect(protocolError(() => decode(tev('PullMessages', '<t:Timeout>PT1S</t:Timeout>'))).message).toContain(
      'MessageLimit',
    );
    expect(protocolError(() => decode(tev('PullMessages', '<t:MessageLimit>1</t:MessageLimit>'))).message).toContain(
      'Timeout',
    );
  });
});

describe('the device service', () => {
  test('reads which capabilities are asked for', () => {
    const categories = (...values: string[]): OnvifRequest =>
      decode(tds('GetCapabilities', values.map((value) => `<t:Category>${value}</t:Category>`).join('')));
    expect(categories()).toEqual({ operation: 'GetCapabilities', categories: [] });
    expect(categories('Events', 'PTZ', ' Events ')).toEqual({
      operation: 'GetCapabilities',
      categories: ['Events', 'PTZ'],
    });
    expect(protocolError(() => categories('Coffee')).message).toContain("'Coffee'");
  });

  test('reads whether capabilities are to be included', () => {
    const include = (value: string): OnvifRequest =>
      decode(tds('GetServices', `<t:IncludeCapability>${value}</t:IncludeCapability>`));
    expect(include('true')).toMatchObject({ includeCapability: true });
    expect(include('0')).toMatchObject({ includeCapability: false });
    expect(decode(tds('GetServices'))).toMatchObject({ includeCapability: false });
    expect(protocolError(() => include('yes')).code).toBe('Sender');
  });
});

const shape = (xml: XmlElement): unknown[] =>
  xml
    .children()
    .map((child) =>
      child.children().length === 0 ? [child.localName, child.text()] : [child.localName, ...shape(child)],
    );
const whole = (parts: readonly (string | Uint8Array)[]): XmlElement =>
  element(parts.map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString())).join(''));

describe('replies', () => {
  const reference = affinityReference('http://gw', 'PullPointSubscription', 'ME1', 'a1');
  const granted = { currentTime: NOW, terminationTime: NOW + 60_000 };
  const capacity = { maxSubscriptions: 20, maxPullPoints: 10 };
  const addresses = { device: 'http://gw/d?a&b', events: 'http://gw/e' };
  const topicSet = '<w:TopicSet xmlns:w="http://docs.oasis-open.org/wsn/t-1"/>';
  const message = Buffer.from(`<w:Message xmlns:w="${WSNT}"><t:Message xmlns:t="${TT_NAMESPACE}"/></w:Message>`);

  test('are the elements that the operations name', () => {
    const replies: Record<Exclude<OnvifOperation, 'Seek'>, XmlElement> = {
      CreatePullPointSubscription: element(encodeCreatePullPointSubscriptionReply(reference, granted)),
      PullMessages: whole(encodePullMessagesReply(granted, [])),
      SetSynchronizationPoint: element(encodeSetSynchronizationPointReply()),
      GetEventProperties: element(encodeGetEventPropertiesReply(topicSet, false)),
      GetEventServiceCapabilities: element(encodeGetEventServiceCapabilitiesReply(capacity)),
      GetSystemDateAndTime: element(encodeGetSystemDateAndTimeReply(NOW)),
      GetCapabilities: element(encodeGetCapabilitiesReply(addresses)),
      GetServices: element(encodeGetServicesReply(addresses)),
      GetDeviceServiceCapabilities: element(encodeGetDeviceServiceCapabilitiesReply()),
      GetDeviceInformation: element(encodeGetDeviceInformationReply({ firmwareVersion: '1', serialNumber: 's' })),
    };
    for (const [name, { namespace, localName }] of Object.entries(replies)) {
      expect({ namespace, localName }).toEqual(ONVIF_OPERATIONS[name as OnvifOperation].reply);
    }
  });

  test('CreatePullPointSubscription: the reference, and the times of WS-BaseNotification', () => {
    const children = element(encodeCreatePullPointSubscriptionReply(reference, granted)).children();
    expect(readEndpointReference(children[0]!)).toEqual(reference);
    expect(children.slice(1).map((child) => [child.namespace, child.localName, child.text()])).toEqual([
      [WSNT, 'CurrentTime', '2026-01-02T03:04:05.678Z'],
      [WSNT, 'TerminationTime', '2026-01-02T03:05:05.678Z'],
    ]);
  });

  test('PullMessages: the times of ONVIF, then the messages with their bytes', () => {
    const reply = whole(
      encodePullMessagesReply({ currentTime: NOW, terminationTime: null }, [
        { notification: { topic: '{urn:t}a', message } },
      ]),
    );
    expect(reply.children().map((child) => [child.namespace, child.localName])).toEqual([
      [TEV_NAMESPACE, 'CurrentTime'],
      [TEV_NAMESPACE, 'TerminationTime'],
      [WSNT, 'NotificationMessage'],
    ]);
    // It is not nillable, and clients compute with it.
    expect(Date.parse(reply.children()[1]!.text())).toBe(LATEST_TIME);
    expect(reply.children()[2]!.child(WSNT, 'Message')!.slice().equals(message)).toBe(true);
  });

  test('GetEventProperties: in the order of the schema, with what ONVIF demands first', () => {
    const children = element(encodeGetEventPropertiesReply(topicSet, true)).children();
    const values = (name: string): string[] =>
      children.filter((child) => child.localName === name).map((child) => child.text());
    expect([...new Set(children.map(({ localName }) => localName))]).toEqual([
      'TopicNamespaceLocation',
      'FixedTopicSet',
      'TopicSet',
      'TopicExpressionDialect',
      'MessageContentFilterDialect',
      'ProducerPropertiesFilterDialect',
      'MessageContentSchemaLocation',
    ]);
    expect(values('FixedTopicSet')).toEqual(['true']);
    expect(values('TopicExpressionDialect').slice(0, 2)).toEqual([
      'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete',
      'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet',
    ]);
    expect(values('MessageContentFilterDialect')[0]).toBe(
      'http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter',
    );
  });

  test('GetServiceCapabilities: attributes of one element', () => {
    const capabilities = element(encodeGetEventServiceCapabilitiesReply(capacity)).child(TEV_NAMESPACE, 'Capabilities');
    expect(Object.fromEntries(capabilities!.attributes().map(({ localName, value }) => [localName, value]))).toEqual({
      WSSubscriptionPolicySupport: 'true',
      WSPullPointSupport: 'true',
      WSPausableSubscriptionManagerInterfaceSupport: 'true',
      MaxNotificationProducers: '20',
      MaxPullPoints: '10',
      PersistentNotificationStorage: 'false',
    });
  });

  test('GetSystemDateAndTime: the time in its parts, as plain numbers', () => {
    expect(shape(element(encodeGetSystemDateAndTimeReply(NOW)))).toEqual([
      [
        'SystemDateAndTime',
        ['DateTimeType', 'NTP'],
        ['DaylightSavings', 'false'],
        ['TimeZone', ['TZ', 'UTC0']],
        [
          'UTCDateTime',
          ['Time', ['Hour', '3'], ['Minute', '4'], ['Second', '5']],
          ['Date', ['Year', '2026'], ['Month', '1'], ['Day', '2']],
        ],
      ],
    ]);
  });

  test('GetCapabilities and GetServices: where the two services are', () => {
    expect(shape(element(encodeGetCapabilitiesReply({ events: addresses.events })))).toEqual([
      [
        'Capabilities',
        [
          'Events',
          ['XAddr', 'http://gw/e'],
          ['WSSubscriptionPolicySupport', 'true'],
          ['WSPullPointSupport', 'true'],
          ['WSPausableSubscriptionManagerInterfaceSupport', 'true'],
        ],
      ],
    ]);
    const services = element(encodeGetServicesReply(addresses, eventCapabilities(capacity))).children();
    expect(services.map((service) => service.child(TDS_NAMESPACE, 'Namespace')?.text())).toEqual([
      TDS_NAMESPACE,
      TEV_NAMESPACE,
    ]);
    expect(services.map((service) => service.child(TDS_NAMESPACE, 'XAddr')?.text())).toEqual([
      'http://gw/d?a&b',
      'http://gw/e',
    ]);
    const included = services[1]!.child(TDS_NAMESPACE, 'Capabilities')?.child(TEV_NAMESPACE, 'Capabilities');
    expect(included?.attribute('', 'MaxPullPoints')).toBe('10');
    const without = element(encodeGetServicesReply(addresses)).children();
    expect(without.map((service) => service.child(TDS_NAMESPACE, 'Capabilities'))).toEqual([undefined, undefined]);
  });

  test('GetDeviceInformation: what it is given is escaped', () => {
    const reply = element(encodeGetDeviceInformationReply({ firmwareVersion: '1.2', serialNumber: 'a<b' }));
    expect(shape(reply)).toEqual([
      ['Manufacturer', 'Pointsman'],
      ['Model', 'WS-Notification broker'],
      ['FirmwareVersion', '1.2'],
      ['SerialNumber', 'a<b'],
      ['HardwareId', 'none'],
    ]);
  });

  test('a fault with two subcodes of ONVIF can be read in both versions of SOAP', () => {
    for (const version of ['1.1', '1.2'] as const) {
      const error = noSuchService(version, 'no PTZ');
      expect(error).toBeInstanceOf(ProtocolError);
      const reply = protocolFaultReply(error);
      expect(reply.status).toBe(500);
      expect(reply.body.toString()).toContain('ter:NoSuchService');
      expect(element(reply.body.toString()).localName).toBe(
        element(envelope('<x/>', '', version).toString()).localName,
      );
    }
  });
});
