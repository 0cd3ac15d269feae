import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { ProducerAnswerError, readAnswer } from '../../../src/producers/answer.ts';
import { topicKey } from '../../../src/producers/line.ts';
import {
  ASKED,
  type AskedName,
  readGrant,
  readLifetime,
  readPulled,
  writeBare,
  writeCreatePullPoint,
  writePullMessages,
  writeRenew,
  writeSubscribe,
} from '../../../src/producers/messages.ts';
import { writeEnvelope } from '../../../src/soap/fault.ts';
import { CONCRETE_DIALECT, FULL_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { expressionKey } from '../../../src/wsn/topics/topic-expression.ts';
import { decodeSubscribe } from '../../../src/wsn/decode-subscribe.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { hasOfficialSchemas, loadOfficialSchemas } from '../../support/schema-validator.ts';

const MAX = 64 * 1024;
const S12 = 'http://www.w3.org/2003/05/soap-envelope';
const S11 = 'http://schemas.xmlsoap.org/soap/envelope/';

function reply(
  body: string | Buffer,
  status = 200,
  contentType = 'application/soap+xml',
): Parameters<typeof readAnswer>[0] {
  return { status, headers: { 'content-type': contentType }, body: Buffer.from(body) };
}

function envelope(body: string, namespace = S12): string {
  return `<s:Envelope xmlns:s="${namespace}"><s:Body>${body}</s:Body></s:Envelope>`;
}

function answered(body: string | Buffer, status = 200, asked: AskedName = 'Subscribe'): ReturnType<typeof readAnswer> {
  return readAnswer(reply(body, status), ASKED[asked].reply, MAX);
}

function refusal(body: string | Buffer, status = 500, asked: AskedName = 'Subscribe'): ProducerAnswerError {
  try {
    answered(body, status, asked);
  } catch (error) {
    if (error instanceof ProducerAnswerError) return error;
    throw error;
  }
  throw new Error('Expected a ProducerAnswerError');
}

function fault11(code: string, text: string, detail = ''): string {
  return envelope(`<s:Fault><faultcode>${code}</faultcode><faultstring>${text}</faultstring>${detail}</s:Fault>`, S11);
}

function fault12(code: string, subcode: string, text: string, detail = ''): string {
  const finer = subcode === '' ? '' : `<s:Subcode><s:Value>${subcode}</s:Value></s:Subcode>`;
  return envelope(
    `<s:Fault><s:Code><s:Value>${code}</s:Value>${finer}</s:Code><s:Reason><s:Text xml:lang="en">${text}</s:Text></s:Reason>` +
      `${detail}</s:Fault>`,
  );
}

const UNKNOWN = '<r:ResourceUnknownFault xmlns:r="http://docs.oasis-open.org/wsrf/r-2"/>';

describe('readAnswer()', () => {
  it('gives the element, and undefined for success without content', () => {
    const body = '<w:PauseSubscriptionResponse xmlns:w="http://docs.oasis-open.org/wsn/b-2"/>';
    expect(answered(envelope(body), 200, 'PauseSubscription')?.localName).toBe('PauseSubscriptionResponse');
    expect(answered('', 202, 'PauseSubscription')).toBeUndefined();
  });

  it.each([
    ['another element', envelope('<x xmlns="urn:x"/>'), 200, "status 200 and '{urn:x}x', expected '{http"],
    ['a page', '<html>', 200, 'no SOAP message'],
    ['a redirect', '', 302, 'HTTP status 302'],
    ['an empty error', '', 500, 'HTTP status 500'],
    ['a document type', `<!DOCTYPE x>${envelope('<x/>')}`, 200, 'no SOAP message'],
    ['depth', envelope('<x>'.repeat(200) + '</x>'.repeat(200)), 200, 'no SOAP message'],
    ['too much', envelope(`<x>${'y'.repeat(MAX)}</x>`), 200, 'no SOAP message'],
    ['an error with the element of success', envelope('<x/>'), 500, 'status 500'],
  ])('refuses %s', (_name, body, status, message) => {
    const error = refusal(body, status);
    expect(error.message).toContain(message);
    expect(error.message.length).toBeLessThan(700);
    expect(error.fault).toBeUndefined();
  });

  it.each([
    ['in the detail of SOAP 1.1', fault11('s:Server', 'x', `<detail>${UNKNOWN}</detail>`), 500],
    ['in the detail of SOAP 1.2', fault12('s:Sender', '', 'x', `<s:Detail>${UNKNOWN}</s:Detail>`), 400],
    ['in the subcode', fault12('s:Sender', 'r:ResourceUnknownFault', 'x'), 400],
    ['with status 200', fault12('s:Receiver', 'ResourceUnknown', 'x'), 200],
    ['by HTTP', '', 410],
  ])('recognises an unknown resource %s', (_name, body, status) => {
    const error = refusal(body, status);
    expect(error.isResourceUnknown).toBe(true);
    expect(error.isUnsupported).toBe(false);
  });

  it.each([
    ['WS-Addressing in SOAP 1.2', fault12('s:Sender', 'wsa:ActionNotSupported', 'x'), 400, true],
    ['WS-Addressing in SOAP 1.1', fault11('wsa:ActionNotSupported', 'x'), 500, true],
    ['a plain fault of the sender', fault11('s:Client', 'Message part was not recognized'), 500, true],
    ['a finer code', fault11('s:Client.NoSuchMethod', 'x'), 500, true],
    ['only the words', fault11('s:Server', 'Method wsnt:PauseSubscription not implemented'), 500, true],
    ['HTTP', '', 405, true],
    ['a fault of the receiver', fault11('s:Server', 'database gone'), 500, false],
    ['overload', fault12('s:Sender', '', 'x'), 503, false],
    ['an error page', '<html>', 500, false],
  ])('tells an operation that is not offered by %s', (_name, body, status, expected) => {
    const error = refusal(body, status);
    expect(error.isUnsupported).toBe(expected);
    expect(error.isBusy).toBe(status === 503);
  });

  it('bounds what it takes from a fault', () => {
    const name = 'n'.repeat(900);
    const many = `<${name}>${Array.from({ length: 40 }, (_, n) => `<h${n}>${'v'.repeat(900)}</h${n}>`).join('')}</${name}>`;
    const error = refusal(fault12('s:Sender', `x:${name}`, 'r'.repeat(5_000), `<s:Detail>${many}</s:Detail>`));
    expect(error.message.length).toBeLessThan(1_500);
    for (const found of error.fault?.names ?? []) expect(found.length).toBeLessThan(200);
    expect(error.fault?.hints.size).toBe(30);
    for (const value of error.fault?.hints.values() ?? []) expect(value.length).toBeLessThan(200);
  });
});

describe('what is granted', () => {
  const reference = (address: string): string =>
    `<w:SubscriptionReference><a:Address xmlns:a="http://www.w3.org/2005/08/addressing">${address}</a:Address></w:SubscriptionReference>`;
  const response = (content: string): ReturnType<typeof readXml>['root'] =>
    readXml(Buffer.from(`<w:R xmlns:w="http://docs.oasis-open.org/wsn/b-2">${content}</w:R>`)).root;
  const times = (current: string, termination: string): string =>
    `<w:CurrentTime>${current}</w:CurrentTime><w:TerminationTime>${termination}</w:TerminationTime>`;

  it.each([
    ['the difference of its own times', times('1999-01-01T00:00:00Z', '1999-01-01T00:01:00Z'), 60_000],
    ['with zones', times('2012-02-01T14:44:55+01:00', '2012-02-01T13:45:55'), 60_000],
    ['nothing without its clock', '<w:TerminationTime>2999-01-01T00:00:00Z</w:TerminationTime>', undefined],
    ['nothing for the past', times('1999-01-01T00:01:00Z', '1999-01-01T00:00:00Z'), undefined],
    ['nothing for nonsense', times('yesterday', 'P1D'), undefined],
    ['nothing where nothing is said', '', undefined],
    ['no end', '<w:TerminationTime x:nil="true" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"/>', null],
    ['not more than ten years', times('0001-01-01T00:00:00Z', '9999-01-01T00:00:00Z'), 315_360_000_000],
  ])('is %s', (_name, content, lifetimeMs) => {
    expect(readLifetime(response(content))).toBe(lifetimeMs);
  });

  it.each(['http://www.w3.org/2005/08/addressing/anonymous', 'ftp://x/', 'nowhere', '/path', ''])(
    'is of no use with the reference "%s"',
    (address) => {
      expect(() => readGrant(response(reference(address)))).toThrow(ProducerAnswerError);
    },
  );

  it('is of no use without a reference', () => {
    expect(() => readGrant(response(''))).toThrow('without a SubscriptionReference');
    expect(() => readGrant(undefined)).toThrow('without a SubscriptionReference');
  });
});

describe('what is asked', () => {
  const consumer = {
    address: 'http://front:8080/wsn/NotificationConsumer/ME1/a1',
    referenceParameters: ['<p xmlns="urn:p"/>'],
  };

  it('carries the prefixes of the expression, whatever they are', () => {
    const topic = {
      dialect: CONCRETE_DIALECT,
      text: 'wsnt:a/x:b',
      namespaces: { wsnt: 'urn:one', x: 'urn:"two"', '': 'urn:d' },
    };
    const { root } = readXml(
      Buffer.from(`<r xmlns:wsa="http://www.w3.org/2005/08/addressing">${writeSubscribe(consumer, topic, 60_000)}</r>`),
    );
    const { filter, termination } = decodeSubscribe(root.children()[0]!);
    expect(expressionKey(filter.topics[0]!)).toBe('topic {urn:one}a/{urn:"two"}b');
    expect(termination).toEqual({ kind: 'relative', duration: { months: 0, ms: 60_000 } });
  });

  it('declares no prefix that is none', () => {
    const namespaces = { 'a:b': 'urn:x', 'x="y" z': 'urn:x', xmlns: 'urn:x', xml: 'urn:x', empty: '' };
    const text = writeSubscribe(consumer, { dialect: 'urn:d', text: '<&>', namespaces }, 1);
    const { root } = readXml(Buffer.from(`<r xmlns:wsa="http://www.w3.org/2005/08/addressing">${text}</r>`));
    expect([...root.inScope().keys()]).toEqual(['wsa']);
    expect(text).toContain('PT1S');
  });

  it('has a key for a topic of every dialect', () => {
    const full = { dialect: FULL_DIALECT, text: 't:a//.', namespaces: { t: 'urn:t' } };
    const foreign = { dialect: 'urn:own', text: 'a', namespaces: { b: 'urn:b', a: 'urn:a' } };
    expect(topicKey(undefined)).toBe('');
    expect(topicKey(foreign)).toBe(topicKey({ ...foreign, namespaces: { a: 'urn:a', b: 'urn:b' } }));
    expect(
      new Set([full, foreign, { ...foreign, text: 'b' }, { ...foreign, dialect: 'urn:other' }].map(topicKey)).size,
    ).toBe(4);
  });

  it.skipIf(!hasOfficialSchemas)('is valid by the official schemas', async () => {
    const validator = await loadOfficialSchemas();
    const topic = { dialect: CONCRETE_DIALECT, text: 'x:b', namespaces: { x: 'urn:x' } };
    const bodies = [
      writeSubscribe(consumer, topic, 60_000),
      writeSubscribe(consumer, undefined, 60_000),
      writeRenew(1_500),
      ...(['Unsubscribe', 'PauseSubscription', 'ResumeSubscription'] as const).map(writeBare),
    ];
    for (const version of ['1.1', '1.2'] as const) {
      for (const body of bodies)
        expect(validator?.validate(writeEnvelope({ version, headerBlocks: '', body }))).toEqual([]);
    }
  });

  it('is well-formed for ONVIF', () => {
    const topic = {
      dialect: CONCRETE_DIALECT,
      text: 'tns1:Device',
      namespaces: { tns1: 'http://www.onvif.org/ver10/topics' },
    };
    const create = readXml(Buffer.from(writeCreatePullPoint(topic, 60_000))).root;
    expect(create.children().map(({ localName }) => localName)).toEqual(['Filter', 'InitialTerminationTime']);
    expect(
      readXml(Buffer.from(writePullMessages(20_000, 100)))
        .root.children()[0]
        ?.text(),
    ).toBe('PT20S');
  });
});

const MESSAGES = new URL('../../../../shared/messages/', import.meta.url);

describe.skipIf(!existsSync(MESSAGES))('answers of real producers', () => {
  const file = (name: string): Buffer => readFileSync(new URL(name, MESSAGES));

  test('an Axis camera grants a pull point, a month long', () => {
    const grant = readGrant(
      answered(file('onvif-05-axis-createpullpoint-response.xml'), 200, 'CreatePullPointSubscription'),
    );
    expect(grant.reference.address).toBe('http://192.168.0.19/onvif/services');
    expect(grant.reference.referenceParameters).toHaveLength(1);
    expect(grant.lifetimeMs).toBe(28 * 86_400_000);
  });

  test('an Axis camera refuses one without a word', () => {
    const error = refusal(file('onvif-02-axis-createpullpoint-fault.xml'), 500, 'CreatePullPointSubscription');
    expect(error.message).toBe('answered with the fault SubscribeCreationFailedFault');
    expect(error.isResourceUnknown).toBe(false);
  });

  test('a Pelco camera has ten notifications', () => {
    const pulled = readPulled(answered(file('onvif-03-pelco-pullmessages.xml'), 200, 'PullMessages'));
    expect(pulled.refused).toBe(0);
    expect(pulled.messages).toHaveLength(10);
    expect(pulled.messages[0]?.topic).toBe('{http://www.onvif.org/ver10/topics}Monitoring/ProcessorUsage');
  });

  test.each([
    ['dtt-04-subscribe-response-default-ns.xml', 120_000],
    ['ogc-02-subscribe-response-s11.xml', undefined],
  ])('%s is a grant', (name, lifetimeMs) => {
    const grant = readGrant(answered(file(name)));
    expect(URL.canParse(grant.reference.address)).toBe(true);
    if (lifetimeMs !== undefined) expect(grant.lifetimeMs).toBe(lifetimeMs);
  });

  test('a renewal, an Unsubscribe, and faults', () => {
    expect(readLifetime(answered(file('dtt-06-renew-response-order.xml'), 200, 'Renew')!)).toBe(195_000);
    const done = answered(file('onvif-01-unsubscribe-response-padded-action.xml'), 200, 'Unsubscribe');
    expect(done?.localName).toBe('UnsubscribeResponse');
    for (const name of ['ogc-06-fault-s11.xml', 'ogc-07-fault-s12.xml']) {
      expect(refusal(file(name)).message).toContain(
        "SubscribeCreationFailedFault: The publication identifier 'xyz' is invalid",
      );
    }
  });
});
