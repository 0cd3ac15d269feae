import { describe, expect, it } from 'vitest';
import { NotifyWriter } from '../../../src/delivery/notify-post.ts';
import { DELIVERY_NAMESPACE } from '../../../src/wsn/loop.ts';
import type { Claim } from '../../../src/engine/ports/outbox.ts';
import { WSA04_NAMESPACE, WSA_NAMESPACE } from '../../../src/soap/addressing-names.ts';
import { soapNamespace } from '../../../src/soap/version.ts';
import { WSNT_NAMESPACE } from '../../../src/wsn/namespaces.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { textMessage } from '../../support/delivery/test-outbox.ts';
import { hasOfficialSchemas, loadOfficialSchemas } from '../../support/schema-validator.ts';

const SUBSCRIPTION = '0123456789abcdef0123456789abcdef';

function claimOf(change: Partial<Claim> = {}): Claim {
  return {
    subscription: SUBSCRIPTION,
    consumer: { address: 'http://consumer/x?a=1&b=2', referenceParameters: [] },
    soapVersion: '1.2',
    useRaw: false,
    messages: [
      { seq: 7, notification: textMessage('a') },
      { seq: 9, notification: { message: textMessage('b').message } },
    ],
    mayBeRepeated: false,
    settle: () => undefined,
    postpone: () => undefined,
    giveUp: () => Promise.resolve(true),
    ...change,
  };
}

const writer = (engine = 'ME1'): NotifyWriter => new NotifyWriter({ engine, publicUrl: 'http://front:8080' });

function parse(claim: Claim, attempt = 1): { header: XmlElement; body: XmlElement } {
  const { body } = writer().write(claim, { epoch: 5, attempt });
  const { root } = readXml(body);
  const namespace = soapNamespace(claim.soapVersion);
  expect(root.is(namespace, 'Envelope')).toBe(true);
  return { header: root.child(namespace, 'Header')!, body: root.child(namespace, 'Body')! };
}

describe('NotifyWriter', () => {
  it.each(['1.1', '1.2'] as const)('addresses the consumer in SOAP %s', (soapVersion) => {
    const { header, body } = parse(claimOf({ soapVersion }));
    expect(header.child(WSA_NAMESPACE, 'To')!.text()).toBe('http://consumer/x?a=1&b=2');
    expect(header.child(WSA_NAMESPACE, 'Action')!.text()).toBe(
      'http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify',
    );
    expect(header.child(WSA_NAMESPACE, 'MessageID')!.text()).toMatch(/^urn:uuid:/);
    expect(body.child(WSNT_NAMESPACE, 'Notify')!.children()).toHaveLength(2);
  });

  it('says which engine, epoch and attempt it is, and names each message', () => {
    const delivery = parse(claimOf(), 3).header.child(DELIVERY_NAMESPACE, 'Delivery')!;
    const attributes = Object.fromEntries(delivery.attributes().map(({ localName, value }) => [localName, value]));
    const topology = 'http://front:8080';
    expect(attributes).toEqual({ engine: 'ME1', epoch: '5', topology, attempt: '3', redelivery: 'true' });
    expect(delivery.children().map((message) => message.attribute('', 'seq'))).toEqual(['7', '9']);
    const ids = delivery.children().map((message) => message.attribute('', 'id')!);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
  });

  it('gives a message the same id in every batch, on every server, in every epoch', () => {
    const idsOf = (claim: Claim, epoch: number): string[] => {
      const { root } = readXml(writer().write(claim, { epoch, attempt: 1 }).body);
      const delivery = root.children()[0]!.child(DELIVERY_NAMESPACE, 'Delivery')!;
      return delivery.children().map((message) => message.attribute('', 'id')!);
    };
    const whole = claimOf();
    const first = claimOf({ messages: whole.messages.slice(0, 1) });
    expect(idsOf(first, 9)).toEqual(idsOf(whole, 5).slice(0, 1));
    expect(writer().write(whole, { epoch: 9, attempt: 2 }).messageId).toBe(
      writer().write(whole, { epoch: 5, attempt: 1 }).messageId,
    );
    expect(idsOf(claimOf({ subscription: 'f'.repeat(32) }), 5)).not.toEqual(idsOf(whole, 5));
  });

  it('turns reference parameters into header blocks', () => {
    const referenceParameters = ['<k:Key xmlns:k="urn:k">42</k:Key>', '<wsa xmlns="urn:other"><x/></wsa>'];
    const { header } = parse(claimOf({ consumer: { address: 'http://c/', referenceParameters } }));
    for (const [namespace, name] of [
      ['urn:k', 'Key'],
      ['urn:other', 'wsa'],
    ] as const) {
      expect(header.child(namespace, name)!.attribute(WSA_NAMESPACE, 'IsReferenceParameter')).toBe('true');
    }
    expect(header.child('urn:k', 'Key')!.text()).toBe('42');
  });

  it('speaks WS-Addressing 2004/08 to a consumer that was named in it', () => {
    const referenceParameters = ['<k:Key xmlns:k="urn:k">42</k:Key>'];
    const consumer = { address: 'http://c/', referenceParameters, addressing: '2004/08' } as const;
    const { header } = parse(claimOf({ consumer }));
    expect(header.children().filter(({ namespace }) => namespace === WSA_NAMESPACE)).toEqual([]);
    expect(header.child(WSA04_NAMESPACE, 'To')!.text()).toBe('http://c/');
    expect(header.child(WSA04_NAMESPACE, 'Action')!.text()).toMatch(/NotificationConsumer\/Notify$/);
    expect(header.child(WSA04_NAMESPACE, 'MessageID')!.text()).toMatch(/^urn:uuid:/);
    expect(header.child('urn:k', 'Key')!.attribute(WSA_NAMESPACE, 'IsReferenceParameter')).toBeUndefined();
  });

  it('names the subscription through which each message comes', () => {
    const [message] = parse(claimOf()).body.child(WSNT_NAMESPACE, 'Notify')!.children();
    const reference = message!.child(WSNT_NAMESPACE, 'SubscriptionReference')!;
    expect(reference.child(WSA_NAMESPACE, 'Address')!.text()).toBe(
      `http://front:8080/wsn/SubscriptionManager/ME1/${SUBSCRIPTION}`,
    );
  });

  it('passes payloads on byte for byte', () => {
    const claim = claimOf();
    const { body } = writer().write(claim, { epoch: 1, attempt: 1 });
    for (const { notification } of claim.messages)
      expect(Buffer.from(body).includes(Buffer.from(notification.message))).toBe(true);
  });

  it('asks for no understanding', () => {
    const { body } = writer().write(claimOf(), { epoch: 1, attempt: 1 });
    expect(Buffer.from(body).toString()).not.toContain('mustUnderstand');
  });

  it.each([
    ['1.1', 'Concrete'],
    ['1.1', 'Full'],
    ['1.2', 'Simple'],
    ['1.2', 'Full'],
  ] as const)('states the topic in SOAP %s in the dialect %s that the subscriber has chosen', (soapVersion, name) => {
    const dialect = `http://docs.oasis-open.org/wsn/t-1/TopicExpression/${name}`;
    const [message] = parse(claimOf({ soapVersion, dialect })).body.child(WSNT_NAMESPACE, 'Notify')!.children();
    const topic = message!.child(WSNT_NAMESPACE, 'Topic')!;
    expect(topic.text()).toMatch(/news\/sport$/);
  });
});

describe.skipIf(!hasOfficialSchemas)('NotifyWriter by the official schemas', () => {
  it.each(['1.1', '1.2'] as const)('writes valid envelopes in SOAP %s', async (soapVersion) => {
    const schemas = (await loadOfficialSchemas())!;
    const referenceParameters = ['<k:Key xmlns:k="urn:k">42</k:Key>'];
    for (const [dialect, addressing] of [
      [undefined, undefined],
      ['http://docs.oasis-open.org/wsn/t-1/TopicExpression/Full', undefined],
      [undefined, '2004/08'],
    ] as const) {
      const consumer = { address: 'http://c/', referenceParameters, ...(addressing && { addressing }) };
      const claim = claimOf({ soapVersion, consumer, ...(dialect === undefined ? {} : { dialect }) });
      expect(schemas.validate(writer().write(claim, { epoch: 1, attempt: 2 }).body)).toEqual([]);
    }
  });
});

describe('UseRaw', () => {
  it.each(['1.1', '1.2'] as const)('sends the payload as it is, and the rest as headers, in SOAP %s', (soapVersion) => {
    const { header, body } = parse(
      claimOf({ soapVersion, useRaw: true, messages: [{ seq: 7, notification: textMessage('a') }] }),
    );
    const payload = readXml(Buffer.from(textMessage('a').message)).root.children()[0]!;
    expect(body.children().map((child) => child.slice().toString())).toEqual([payload.slice().toString()]);
    expect(header.child(WSNT_NAMESPACE, 'SubscriptionReference')?.child(WSA_NAMESPACE, 'Address')?.text()).toContain(
      SUBSCRIPTION,
    );
    expect(header.child(WSNT_NAMESPACE, 'Topic') === undefined).toBe(textMessage('a').topic === undefined);
  });
});
