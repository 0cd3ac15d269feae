import { describe, expect, test } from 'vitest';
import { readEnvelope } from '../../../src/soap/envelope.ts';
import { writeEndpointReference } from '../../../src/soap/addressing.ts';
import { messageReply, writeEnvelope } from '../../../src/soap/fault.ts';
import { decodeRequest } from '../../../src/wsn/codec.ts';
import type { Notification } from '../../../src/wsn/messages.ts';
import { encodeGetMessagesReply, encodeNotify, notificationParts, TopicElements } from '../../../src/wsn/notify.ts';
import type { OutgoingBatch } from '../../../src/wsn/notify.ts';
import { OPERATIONS } from '../../../src/wsn/operations.ts';
import { element, read, WSA, WSNT } from '../soap/envelopes.ts';

const SIMPLE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple';
const CONCRETE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete';

const notifications = (xml: string): readonly Notification[] => {
  const request = decodeRequest(read(xml), {});
  if (request.operation !== 'Notify') throw new Error(`Expected Notify, found ${request.operation}`);
  return request.messages;
};

const [first, second] = notifications(
  '<wsnt:Notify xmlns:t="urn:t" xmlns:u="urn:u"><wsnt:NotificationMessage>' +
    `<wsnt:Topic Dialect="${CONCRETE}">t:a/b/u:c</wsnt:Topic>` +
    '<wsnt:ProducerReference><wsa:Address>urn:producer</wsa:Address></wsnt:ProducerReference>' +
    '<wsnt:Message><p a="t:q">é</p></wsnt:Message></wsnt:NotificationMessage>' +
    '<wsnt:NotificationMessage><wsnt:Message><wsnt:x xmlns="urn:d"><y/></wsnt:x></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>',
) as [Notification, Notification];

describe('encodeNotify()', () => {
  const subscription = {
    address: 'http://gw/wsn/SubscriptionManager/ME1/r',
    referenceParameters: ['<k xmlns="urn:k"/>'],
  };
  const reference = writeEndpointReference('wsnt:SubscriptionReference', subscription);
  const written = (batch: OutgoingBatch): Buffer =>
    Buffer.concat(encodeNotify(batch, new TopicElements()).map((part) => Buffer.from(part as string)));

  test('writes what decodeRequest() reads back the same, in both SOAP versions', () => {
    for (const version of ['1.1', '1.2'] as const) {
      const body = writeEnvelope({
        version,
        headerBlocks: `<wsa:Action>${OPERATIONS.Notify.action}</wsa:Action>`,
        body: encodeNotify({ reference, dialect: CONCRETE, notifications: [first, second] }, new TopicElements()),
      });
      const request = decodeRequest(readEnvelope(body, {}), {});
      const messages = request.operation === 'Notify' ? request.messages : [];
      expect(messages.map(({ topic, producer }) => ({ topic, producer }))).toEqual([
        { topic: first.topic, producer: first.producer },
        { topic: undefined, producer: undefined },
      ]);
      expect(
        messages.map(({ message }) => element(Buffer.from(message).toString()).children()[0]?.slice().toString()),
      ).toEqual(['<p a="t:q">é</p>', '<wsnt:x xmlns="urn:d"><y/></wsnt:x>']);
      const inner = element(Buffer.from(messages[0]?.message ?? []).toString()).children()[0];
      expect([inner?.resolvePrefix('t'), inner?.resolvePrefix('')]).toEqual(['urn:t', '']);
    }
  });

  test('puts the parts into the order of the schema', () => {
    const xml = written({ reference, dialect: undefined, notifications: [first] });
    const [message] = element(xml.toString()).children();
    expect(message?.children().map((child) => child.localName)).toEqual([
      'SubscriptionReference',
      'Topic',
      'ProducerReference',
      'Message',
    ]);
    const topic = message?.child(WSNT, 'Topic');
    expect([topic?.attribute('', 'Dialect'), topic?.text()]).toEqual([CONCRETE, 'tns1:a/b/tns2:c']);
    expect([topic?.resolvePrefix('tns1'), topic?.resolvePrefix('tns2')]).toEqual(['urn:t', 'urn:u']);
    expect(message?.child(WSNT, 'SubscriptionReference')?.child(WSA, 'Address')?.text()).toBe(subscription.address);
  });

  test("labels the topic with the subscriber's dialect", () => {
    const notification = { topic: '{urn:a&b}a', message: first.message };
    const xml = written({ reference: '', dialect: SIMPLE, notifications: [notification] });
    const topic = element(xml.toString()).children()[0]?.child(WSNT, 'Topic');
    expect([topic?.attribute('', 'Dialect'), topic?.text(), topic?.resolvePrefix('tns1')]).toEqual([
      SIMPLE,
      'tns1:a',
      'urn:a&b',
    ]);
  });
});

describe('encodeGetMessagesReply()', () => {
  test('writes the same messages into its own element; none gives an empty one', () => {
    const reply = messageReply({
      version: '1.2',
      action: OPERATIONS.GetMessages.replyAction,
      body: encodeGetMessagesReply([{ notification: first }, { notification: second }]),
    });
    const { body } = readEnvelope(reply.body, {});
    expect(body.is(WSNT, 'GetMessagesResponse')).toBe(true);
    expect(body.children().map((child) => child.localName)).toEqual(['NotificationMessage', 'NotificationMessage']);
    const empty = Buffer.concat(encodeGetMessagesReply([]).map((part) => Buffer.from(part)));
    expect(element(empty.toString()).children()).toEqual([]);
  });
});

test('encodeNotify() writes each notification as it would alone, whatever comes behind what, and with what it has kept', () => {
  const subscription = { address: 'http://gw/wsn/a&b', referenceParameters: ['<k xmlns="urn:k"/>'] };
  const reference = writeEndpointReference('wsnt:SubscriptionReference', subscription);
  const other = { ...first, topic: '{urn:x}é' };
  const { message } = second;
  const batches = [[first], [first, first, other, other, second, second, first], [second, { ...first, message }]];
  const bytes = (parts: readonly (string | Uint8Array)[]): string =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string))).toString();
  const topics = new TopicElements();
  const dialects = [undefined, CONCRETE, SIMPLE, ...Array.from({ length: 20 }, (_, n) => `urn:dialect:${n}`)];
  for (const dialect of [...dialects, ...dialects]) {
    for (const notifications of batches) {
      const form = dialect === undefined ? {} : { dialect };
      const each = notifications.flatMap((notification) => notificationParts({ subscription, notification, ...form }));
      const found = bytes(encodeNotify({ reference, dialect, notifications }, topics));
      expect(found.replace(/^<wsnt:Notify [^>]*>/, '<wsnt:Notify>')).toBe(`<wsnt:Notify>${bytes(each)}</wsnt:Notify>`);
    }
  }
});
