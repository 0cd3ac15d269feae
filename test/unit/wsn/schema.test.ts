import { describe, expect, test } from 'vitest';
import {
  headerBlocksFor,
  readEndpointReference,
  wsaName,
  writeEndpointReference,
} from '../../../src/soap/addressing.ts';
import { affinityReference, combineAffinity } from '../../../src/soap/affinity.ts';
import { readEnvelope } from '../../../src/soap/envelope.ts';
import { messageReply, ProtocolError, protocolFaultReply, writeEnvelope } from '../../../src/soap/fault.ts';
import type { RequestAddressing } from '../../../src/soap/fault.ts';
import { toleranceOf } from '../../../src/soap/tolerance.ts';
import type { SoapVersion } from '../../../src/soap/version.ts';
import { decodeRequest } from '../../../src/wsn/codec.ts';
import { LATEST_TIME } from '../../../src/wsn/date-time.ts';
import { FAULT_SPECS, WsnFault, wsnFaultReply } from '../../../src/wsn/faults.ts';
import type { WsnFaultName } from '../../../src/wsn/faults.ts';
import type { Notification } from '../../../src/wsn/messages.ts';
import { encodeGetMessagesReply, encodeNotify, TopicElements } from '../../../src/wsn/notify.ts';
import { OPERATIONS } from '../../../src/wsn/operations.ts';
import { demandPropertyElement, topicPropertyElement } from '../../../src/wsn/properties/resource-documents.ts';
import {
  encodeCreatePullPointReply,
  encodeDestroyPullPointReply,
  encodeDestroyRegistrationReply,
  encodeDestroyReply,
  encodeGetCurrentMessageReply,
  encodePauseReply,
  encodePropertiesReply,
  encodeRegisterPublisherReply,
  encodeRenewReply,
  encodeResumeReply,
  encodeSetTerminationTimeReply,
  encodeSubscribeReply,
  encodeUnsubscribeReply,
} from '../../../src/wsn/replies.ts';
import { hasOfficialSchemas, loadOfficialSchemas } from '../../support/schema-validator.ts';
import { element, envelope, protocolError, read } from '../soap/envelopes.ts';

const schemas = await loadOfficialSchemas();
const problemsOf = (xml: Uint8Array): string[] => schemas?.validate(xml) ?? ['no schemas'];

const NOW = Date.parse('2026-01-02T03:04:05.678Z');
const VERSIONS: readonly SoapVersion[] = ['1.1', '1.2'];
const ADDRESSINGS: readonly (RequestAddressing | undefined)[] = [
  undefined,
  { namespace: 'none' },
  { namespace: '2005/08' },
  {
    namespace: '2005/08',
    messageId: 'urn:a & <b>',
    fault: { kind: 'connection', address: '', blocks: '<k xmlns="urn:k"/>' },
    reply: { kind: 'connection', address: '', blocks: '<k xmlns="urn:k"/>' },
  },
  {
    namespace: '2005/08',
    messageId: 'urn:1',
    fault: { kind: 'nowhere', address: 'http://www.w3.org/2005/08/addressing/none', blocks: '' },
    reply: { kind: 'address', address: 'http://client/?a=1&b=2', blocks: '<k xmlns="urn:k"/>' },
  },
  { namespace: '2004/08', messageId: 'uuid:1' },
  {
    namespace: '2004/08',
    reply: { kind: 'address', address: 'http://client/', blocks: '<k xmlns="urn:k"/>' },
    fault: { kind: 'connection', address: '', blocks: '<k xmlns="urn:k"/>' },
  },
];
const everyWay = VERSIONS.flatMap((version) => ADDRESSINGS.map((addressing) => ({ version, addressing })));

const reference = affinityReference(
  'http://gateway:8080',
  'SubscriptionManager',
  'ME1',
  '0123456789abcdef0123456789abcdef',
);
const notification: Notification = {
  topic: '{urn:t}a/b/{urn:u}c',
  producer:
    '<n:ProducerReference xmlns:n="http://docs.oasis-open.org/wsn/b-2"><Address xmlns="http://www.w3.org/2005/08/addressing">urn:p</Address></n:ProducerReference>',
  message: Buffer.from(
    '<w:Message xmlns:w="http://docs.oasis-open.org/wsn/b-2"><p:a xmlns:p="urn:p">é</p:a></w:Message>',
  ),
};
const bare: Notification = { message: notification.message };

describe.skipIf(!hasOfficialSchemas)('what is emitted is valid by the official schemas', () => {
  test('the validator finds what is wrong', () => {
    expect(problemsOf(Buffer.from('<a'))).not.toEqual([]);
    expect(problemsOf(Buffer.from('<unknown/>'))).not.toEqual([]);
    expect(problemsOf(envelope('<wsnt:Notify/>'))).not.toEqual([]);
    expect(problemsOf(envelope('<wsnt:Unsubscribe/>'))).toEqual([]);
  });

  const details = {
    unknownFilters: [
      { namespace: 'urn:f', localName: 'F' },
      { namespace: '', localName: 'G' },
    ],
    unrecognizedPolicies: [{ namespace: 'urn:p', localName: 'P' }],
    unsupportedPolicies: [{ namespace: 'http://docs.oasis-open.org/wsn/b-2', localName: 'UseRaw' }],
    minimumTime: NOW + 1000,
    maximumTime: LATEST_TIME,
    changeFailure: {
      currentValue: [demandPropertyElement(false)],
      requestedValue: [topicPropertyElement({ dialect: 'urn:d', text: 'br:a', namespaces: { br: 'urn:x' } })],
      restored: true,
    },
  };

  test.each(Object.keys(FAULT_SPECS) as WsnFaultName[])('%s, with and without details, in every way', (name) => {
    for (const fault of [new WsnFault(name, 'why <&>', details), new WsnFault(name, '')]) {
      for (const { version, addressing } of everyWay) {
        expect(problemsOf(wsnFaultReply(version, fault, NOW, addressing).body)).toEqual([]);
      }
    }
  });

  const code = 'Sender';
  const readError = (header: string, body = '<x/>', version: SoapVersion = '1.2'): ProtocolError =>
    protocolError(() => decodeRequest(read(body, header, version), {}));
  const errors: [string, (version: SoapVersion) => ProtocolError][] = [
    ['Sender', (version) => new ProtocolError('a < b', { version, code })],
    ['Receiver', (version) => new ProtocolError('r', { version, code: 'Receiver', httpStatus: 503 })],
    ['two To', (version) => readError('<wsa:To>urn:a</wsa:To><wsa:To>urn:b</wsa:To>', '<x/>', version)],
    [
      'two To of 2004/08',
      (version) => readError('<wsa04:To>urn:a</wsa04:To><wsa04:To>urn:b</wsa04:To>', '<x/>', version),
    ],
    [
      'ReplyTo of 2004/08 elsewhere',
      (version) => readError('<wsa04:ReplyTo><wsa04:Address>urn:a</wsa04:Address></wsa04:ReplyTo>', '<x/>', version),
    ],
    [
      'no MessageID',
      (version) =>
        protocolError(() =>
          decodeRequest(
            read('<wsnt:Unsubscribe/>', `<wsa:Action>${OPERATIONS.Unsubscribe.action}</wsa:Action>`, version),
            {},
            { tolerance: toleranceOf({ strict: false, tolerate: { messageIdMissing: false } }) },
          ),
        ),
    ],
    [
      'ReplyTo elsewhere',
      (version) => readError('<wsa:ReplyTo><wsa:Address>urn:a</wsa:Address></wsa:ReplyTo>', '<x/>', version),
    ],
    [
      'MustUnderstand',
      (version) => readError('<u:x xmlns:u="urn:u" S:mustUnderstand="1"/><y S:mustUnderstand="1"/>', '<x/>', version),
    ],
    [
      'VersionMismatch',
      (version) => {
        const contentType = version === '1.1' ? 'text/xml' : 'application/soap+xml';
        return protocolError(() => readEnvelope(Buffer.from('<Envelope/>'), { contentType }));
      },
    ],
    ['ActionNotSupported', (version) => readError('<wsa:Action>urn:a</wsa:Action>', '<wsnt:Unsubscribe/>', version)],
    [
      'ActionMismatch',
      (version) => {
        const action = '<wsa:Action>urn:a</wsa:Action>';
        return protocolError(() => decodeRequest(read('<wsnt:Renew/>', action, version), { soapAction: 'urn:b' }));
      },
    ],
    [
      'InvalidEPR',
      (version) =>
        new ProtocolError(protocolError(() => readEndpointReference(element('<e/>'))).message, {
          version,
          code,
          subcode: wsaName('InvalidEPR'),
          subsubcode: wsaName('MissingAddressInEPR'),
        }),
    ],
    [
      'affinities that differ',
      (version) => protocolError(() => combineAffinity({ engine: 'ME1' }, { engine: 'ME2' }, version)),
    ],
  ];

  test.each(errors)('the fault for %s, in every way', (_, errorIn) => {
    for (const { version, addressing } of everyWay) {
      const error = errorIn(version);
      expect(error.version).toBe(version);
      expect(problemsOf(protocolFaultReply(error, addressing).body)).toEqual([]);
    }
  });

  const granted = { currentTime: NOW, terminationTime: NOW + 60_000 };
  const replies: [string, string, string | (string | Uint8Array)[]][] = [
    ['Subscribe', OPERATIONS.Subscribe.replyAction, encodeSubscribeReply(reference, granted)],
    [
      'Subscribe without end',
      OPERATIONS.Subscribe.replyAction,
      encodeSubscribeReply(reference, { ...granted, terminationTime: null }),
    ],
    ['Renew', OPERATIONS.Renew.replyAction, encodeRenewReply(granted)],
    ['Renew without end', OPERATIONS.Renew.replyAction, encodeRenewReply({ ...granted, terminationTime: null })],
    ['Unsubscribe', OPERATIONS.Unsubscribe.replyAction, encodeUnsubscribeReply()],
    ['PauseSubscription', OPERATIONS.PauseSubscription.replyAction, encodePauseReply()],
    ['ResumeSubscription', OPERATIONS.ResumeSubscription.replyAction, encodeResumeReply()],
    ['CreatePullPoint', OPERATIONS.CreatePullPoint.replyAction, encodeCreatePullPointReply(reference)],
    ['DestroyPullPoint', OPERATIONS.DestroyPullPoint.replyAction, encodeDestroyPullPointReply()],
    ['GetCurrentMessage', OPERATIONS.GetCurrentMessage.replyAction, encodeGetCurrentMessageReply(notification.message)],
    [
      'RegisterPublisher',
      OPERATIONS.RegisterPublisher.replyAction,
      encodeRegisterPublisherReply(reference, { address: 'http://a?b&c', referenceParameters: [] }),
    ],
    ['RegisterPublisher on demand', OPERATIONS.RegisterPublisher.replyAction, encodeRegisterPublisherReply(reference)],
    ['DestroyRegistration', OPERATIONS.DestroyRegistration.replyAction, encodeDestroyRegistrationReply()],
    ['Destroy', OPERATIONS.Destroy.replyAction, encodeDestroyReply()],
    ['SetTerminationTime', OPERATIONS.SetTerminationTime.replyAction, encodeSetTerminationTimeReply(granted)],
    [
      'SetTerminationTime without end',
      OPERATIONS.SetTerminationTime.replyAction,
      encodeSetTerminationTimeReply({ ...granted, terminationTime: null }),
    ],
    [
      'SetResourceProperties',
      OPERATIONS.SetResourceProperties.replyAction,
      encodePropertiesReply('SetResourceProperties'),
    ],
    [
      'GetResourceProperty',
      OPERATIONS.GetResourceProperty.replyAction,
      encodePropertiesReply('GetResourceProperty', demandPropertyElement(true)),
    ],
    ['GetMessages, none', OPERATIONS.GetMessages.replyAction, encodeGetMessagesReply([])],
    [
      'GetMessages',
      OPERATIONS.GetMessages.replyAction,
      encodeGetMessagesReply([{ subscription: reference, notification }, { notification: bare }]),
    ],
  ];

  test.each(replies)('the reply to %s, in every way', (_, action, body) => {
    for (const { version, addressing } of everyWay) {
      expect(problemsOf(messageReply({ version, action, addressing, body }).body)).toEqual([]);
    }
  });

  test.each(VERSIONS)('a Notify in SOAP %s', (version) => {
    const body = writeEnvelope({
      version,
      headerBlocks: headerBlocksFor(reference),
      body: encodeNotify(
        {
          reference: writeEndpointReference('wsnt:SubscriptionReference', reference),
          dialect: undefined,
          notifications: [notification, bare],
        },
        new TopicElements(),
      ),
    });
    expect(problemsOf(body)).toEqual([]);
  });

  test('a Notify out of a Notify with an unusual ProducerReference', () => {
    for (const producer of [
      '<wsa04:Address>urn:p</wsa04:Address><wsa04:ReferenceProperties><x/></wsa04:ReferenceProperties>',
      '<wsa:Metadata/><wsa:ReferenceParameters/><wsa:Address>urn:p</wsa:Address>',
      '<wsa:Address>urn:p</wsa:Address><y xmlns="urn:y"/>',
      '<wsa:Address>urn:p</wsa:Address><y/>',
    ]) {
      const message = `<wsnt:ProducerReference>${producer}</wsnt:ProducerReference><wsnt:Message><a/></wsnt:Message>`;
      const request = decodeRequest(
        read(`<wsnt:Notify><wsnt:NotificationMessage>${message}</wsnt:NotificationMessage></wsnt:Notify>`),
        {},
      );
      const messages = request.operation === 'Notify' ? request.messages : [];
      const xml = Buffer.concat(
        encodeNotify({ reference: '', dialect: undefined, notifications: messages }, new TopicElements()).map((part) =>
          Buffer.from(part as string),
        ),
      );
      expect(problemsOf(xml)).toEqual([]);
    }
  });
});
