import { afterAll, describe, expect, test } from 'vitest';
import { decodeSubscribe } from '../../../src/wsn/decode-subscribe.ts';
import type { SubscribeOptions, SubscribeRequest } from '../../../src/wsn/decode-subscribe.ts';
import { RIM_NAMESPACE as RIM } from '../../../src/wsn/filters/payload.ts';
import { XPATH_DIALECT as XPATH } from '../../../src/wsn/topics/dialects.ts';
import { XPathSandbox } from '../../../src/xml/xpath/sandbox.ts';
import { protocolError, read, WSA04, WSNT } from '../soap/envelopes.ts';
import { wsnFault } from './wsn-fault.ts';

const xpath = new XPathSandbox({ startMs: 60_000, limitMs: 20_000 });
afterAll(() => xpath.dispose());

const CONCRETE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete';
const ADDRESS = '<wsa:Address>http://consumer/</wsa:Address>';
const CONSUMER = `<wsnt:ConsumerReference>${ADDRESS}</wsnt:ConsumerReference>`;

function subscribe(parts: string, options: SubscribeOptions = {}): SubscribeRequest {
  return decodeSubscribe(read(`<wsnt:Subscribe>${parts}</wsnt:Subscribe>`).body, { xpath, ...options });
}

describe('Subscribe', () => {
  test('is read with its parts in any order, extensions passed over', () => {
    const request = subscribe(
      '<x:Extension xmlns:x="urn:x"/><wsnt:SubscriptionPolicy><!-- none --></wsnt:SubscriptionPolicy>' +
        '<wsnt:InitialTerminationTime>PT1H</wsnt:InitialTerminationTime>' +
        `<wsnt:Filter><wsnt:TopicExpression xmlns:t="urn:t" Dialect="${CONCRETE}"> t:a/b </wsnt:TopicExpression></wsnt:Filter>` +
        '<wsnt:ConsumerReference><wsa:Address> https://consumer/x </wsa:Address><wsa:ReferenceParameters><p>1</p></wsa:ReferenceParameters></wsnt:ConsumerReference>',
    );
    expect(request).toEqual({
      operation: 'Subscribe',
      consumer: { address: 'https://consumer/x', referenceParameters: [expect.stringContaining('1</p>')] },
      filter: { topics: [{ dialect: CONCRETE, text: 't:a/b', namespaces: { t: 'urn:t' } }] },
      policy: {},
      termination: { kind: 'relative', duration: { months: 0, ms: 3_600_000 } },
    });
  });

  test('needs nothing but a ConsumerReference', () => {
    expect(subscribe(CONSUMER)).toMatchObject({ filter: { topics: [] }, termination: { kind: 'absent' } });
    expect(subscribe(`${CONSUMER}<wsnt:Filter/>`)).toMatchObject({ filter: { topics: [] } });
    const error = protocolError(() => subscribe(''));
    expect([error.code, error.subcode]).toEqual(['Sender', undefined]);
    expect(error.message).toContain('found no wsnt:ConsumerReference');
  });

  test.each([
    ['a part twice', CONSUMER + CONSUMER, 'found a second wsnt:ConsumerReference in Subscribe'],
    [
      'an unknown part',
      `${CONSUMER}<wsnt:UseNotify/>`,
      'found wsnt:UseNotify, expected wsnt:ConsumerReference, wsnt:Filter',
    ],
  ])('with %s is malformed', (_, parts, message) => {
    const error = protocolError(() => subscribe(parts));
    expect([error.code, error.subcode]).toEqual(['Sender', undefined]);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/ at 1:\d+: /);
  });

  test('without an address has an invalid endpoint reference', () => {
    const error = protocolError(() => subscribe('<wsnt:ConsumerReference/>'));
    expect([error.subcode?.localName, error.subsubcode?.localName]).toEqual(['InvalidEPR', 'MissingAddressInEPR']);
  });

  test.each([
    'http://www.w3.org/2005/08/addressing/none-of-these',
    'http://user:secret@consumer:99/a?b=c#d',
    'HTTP://CONSUMER',
    'http://[::1]:80/',
  ])('may send to %s', (address) => {
    const request = subscribe(`<wsnt:ConsumerReference><wsa:Address>${address}</wsa:Address></wsnt:ConsumerReference>`);
    expect(request).toMatchObject({ consumer: { address } });
  });

  test.each([
    'ftp://consumer/',
    'urn:uuid:1',
    '/relative',
    'consumer',
    'http://',
    'file:///etc/passwd',
    'mailto:a@b',
    'http://a b/',
    '${host}',
  ])('cannot send to %s', (address) => {
    const fault = wsnFault(() =>
      subscribe(`<wsnt:ConsumerReference><wsa:Address>${address}</wsa:Address></wsnt:ConsumerReference>`),
    );
    expect(fault.fault).toBe('SubscribeCreationFailedFault');
    expect(fault.message).toBe(
      `Found the ConsumerReference address '${address}', expected the absolute http or https URL of a consumer`,
    );
  });

  test.each([
    'http://www.w3.org/2005/08/addressing/anonymous',
    'http://www.w3.org/2005/08/addressing/none',
    'http://www.w3.org/2005/08/addressing/role/anonymous',
    `${WSA04}/role/anonymous`,
  ])('cannot send to %s, which is no place', (address) => {
    const fault = wsnFault(() =>
      subscribe(`<wsnt:ConsumerReference><wsa:Address>${address}</wsa:Address></wsnt:ConsumerReference>`),
    );
    expect(fault.fault).toBe('SubscribeCreationFailedFault');
  });

  test('names every filter that is not understood, once', () => {
    const fault = wsnFault(() =>
      subscribe(
        `${CONSUMER}<wsnt:Filter><wsnt:TopicExpression Dialect="urn:unknown">a</wsnt:TopicExpression><MessageContent Dialect="x"/>` +
          '<q xmlns="urn:q"/><q xmlns="urn:q"/><wsnt:Other/></wsnt:Filter>',
      ),
    );
    expect(fault.fault).toBe('InvalidFilterFault');
    expect(fault.details.unknownFilters).toEqual([
      { namespace: '', localName: 'MessageContent' },
      { namespace: 'urn:q', localName: 'q' },
      { namespace: WSNT, localName: 'Other' },
    ]);
    expect(fault.message).toContain('{urn:q}q');
  });

  test('reads filters of every kind, with the namespaces of the prefixes that they use', () => {
    const filter =
      `<wsnt:Filter xmlns:p="urn:p" xmlns:q="urn:q"><wsnt:MessageContent Dialect="${XPATH}" xmlns:r="urn:r"> //p:a[q:b="r:c"] </wsnt:MessageContent>` +
      `<wsnt:TopicExpression Dialect="${CONCRETE}">p:a</wsnt:TopicExpression>` +
      `<wsnt:ProducerProperties dialect=" ${XPATH} ">count(//p:*) &gt; 1</wsnt:ProducerProperties>` +
      '<wsnt:MessageContent Dialect="http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter">boolean(//tt:SimpleItem[@Name="p:a"])</wsnt:MessageContent></wsnt:Filter>';
    expect(subscribe(CONSUMER + filter)).toMatchObject({
      filter: {
        topics: [{ dialect: CONCRETE, text: 'p:a', namespaces: { p: 'urn:p' } }],
        contents: [
          { dialect: XPATH, text: '//p:a[q:b="r:c"]', namespaces: { p: 'urn:p', q: 'urn:q' } },
          { text: 'boolean(//tt:SimpleItem[@Name="p:a"])', namespaces: {} },
        ],
        producerProperties: [{ dialect: XPATH, text: 'count(//p:*) > 1', namespaces: { p: 'urn:p' } }],
      },
    });
  });

  test.each([
    ['MessageContent', 'an unknown dialect', 'Dialect="urn:unknown"', 'a'],
    ['MessageContent', 'no dialect', '', 'a'],
    ['MessageContent', 'elements', `Dialect="${XPATH}"`, 'a<b/>'],
    ['MessageContent', 'no text', `Dialect="${XPATH}"`, ' '],
    ['MessageContent', 'what only libxml2 knows to be none', `Dialect="${XPATH}"`, 'a[]'],
    ['MessageContent', 'an undeclared prefix', `Dialect="${XPATH}"`, 'x:a'],
    ['MessageContent', 'no end', `Dialect="${XPATH}"`, 'a'.repeat(4097)],
    ['MessageContent', 'a constant', `Dialect="${XPATH}"`, '1'],
    ['ProducerProperties', 'an unknown dialect', 'Dialect="urn:unknown"', 'a'],
    ['ProducerProperties', 'what only libxml2 knows to be none', `Dialect="${XPATH}"`, 'a/'],
  ])('refuses a %s with %s', (name, _, attributes, text) => {
    const filter = `<wsnt:Filter><wsnt:${name} ${attributes}>${text}</wsnt:${name}></wsnt:Filter>`;
    expect(wsnFault(() => subscribe(CONSUMER + filter)).fault).toBe(`Invalid${name}ExpressionFault`);
  });

  test('without an XPath the grammar is not checked, everything else is', () => {
    const decodeContent = (text: string): unknown =>
      decodeSubscribe(
        read(
          `<wsnt:Subscribe>${CONSUMER}<wsnt:Filter><wsnt:MessageContent Dialect="${XPATH}">${text}</wsnt:MessageContent></wsnt:Filter></wsnt:Subscribe>`,
        ).body,
      );
    expect(decodeContent('a[]')).toMatchObject({ operation: 'Subscribe' });
    expect(wsnFault(() => decodeContent('x:a')).fault).toBe('InvalidMessageContentExpressionFault');
  });

  describe('of IHE DSUB', () => {
    const query = (attributes: string, text = ''): string =>
      `${CONSUMER}<wsnt:Filter xmlns:rim="${RIM}"><rim:AdhocQuery ${attributes}><rim:Slot>${text}</rim:Slot></rim:AdhocQuery></wsnt:Filter>`;

    test('has stored queries, where the profile is on', () => {
      expect(subscribe(query('id=" urn:uuid:1 "'), { dsub: true })).toMatchObject({
        filter: {
          queries: [
            {
              id: 'urn:uuid:1',
              element: `<rim:AdhocQuery xmlns:rim="${RIM}" id=" urn:uuid:1 "><rim:Slot></rim:Slot></rim:AdhocQuery>`,
            },
          ],
        },
      });
    });

    test.each([
      ['is off', 'id="urn:uuid:1"', '', false, 'InvalidFilterFault'],
      ['is on, but there is no id', '', '', true, 'InvalidFilterFault'],
      [
        'is on, but the query is too large',
        'id="urn:uuid:1"',
        'x'.repeat(65_536),
        true,
        'SubscribeCreationFailedFault',
      ],
    ])('has none where it %s', (_, attributes, text, dsub, expected) => {
      const fault = wsnFault(() => subscribe(query(attributes, text), { dsub }));
      expect(fault.fault).toBe(expected);
      if (expected === 'InvalidFilterFault') {
        expect(fault.details.unknownFilters).toEqual([{ namespace: RIM, localName: 'AdhocQuery' }]);
      }
    });
  });

  test.each([
    ['an unknown dialect', 'Dialect="urn:unknown"', 'a', 'TopicExpressionDialectUnknownFault'],
    ['bad grammar', `Dialect="${CONCRETE}"`, 'a//b', 'InvalidTopicExpressionFault'],
    ['an undeclared prefix', `Dialect="${CONCRETE}"`, 'x:a', 'InvalidTopicExpressionFault'],
  ])('refuses a topic expression with %s', (_, attributes, text, expected) => {
    const filter = `<wsnt:Filter><wsnt:TopicExpression ${attributes}>${text}</wsnt:TopicExpression></wsnt:Filter>`;
    expect(wsnFault(() => subscribe(CONSUMER + filter)).fault).toBe(expected);
  });

  test('refuses endless filters', () => {
    const one = `<wsnt:TopicExpression Dialect="${CONCRETE}">a</wsnt:TopicExpression>`;
    const filter = (count: number): string => `<wsnt:Filter>${one.repeat(count)}</wsnt:Filter>`;
    expect(subscribe(CONSUMER + filter(100))).toMatchObject({ operation: 'Subscribe' });
    expect(wsnFault(() => subscribe(CONSUMER + filter(101))).fault).toBe('SubscribeCreationFailedFault');
  });

  const policy = (text: string): string =>
    `${CONSUMER}<wsnt:SubscriptionPolicy xmlns:o="urn:pointsman:policy">${text}</wsnt:SubscriptionPolicy>`;

  test.each([
    ['', {}],
    ['<wsnt:UseRaw/>', { useRaw: true }],
    ['<o:PauseRetention> last </o:PauseRetention>', { pauseRetention: 'last' }],
    ['<o:NotifyTermination/>', { notifyTermination: true }],
    ['<o:NotifyTermination>true</o:NotifyTermination>', { notifyTermination: true }],
    ['<o:NotifyTermination>0</o:NotifyTermination>', { notifyTermination: false }],
    [
      '<wsnt:UseRaw/><wsnt:UseRaw/><o:PauseRetention>all</o:PauseRetention><o:NotifyTermination>false</o:NotifyTermination>',
      { useRaw: true, pauseRetention: 'all', notifyTermination: false },
    ],
  ])('takes the policy %s', (text, expected) => {
    expect(subscribe(policy(text)).policy).toEqual(expected);
  });

  test.each([
    ['PauseRetention', '<o:PauseRetention/>'],
    ['PauseRetention', '<o:PauseRetention>LAST</o:PauseRetention>'],
    ['PauseRetention', '<o:PauseRetention><a/>all</o:PauseRetention>'],
    ['PauseRetention', '<o:PauseRetention>all</o:PauseRetention><o:PauseRetention>none</o:PauseRetention>'],
    ['NotifyTermination', '<o:NotifyTermination>yes</o:NotifyTermination>'],
  ])('refuses a %s that it cannot have: %s', (localName, text) => {
    const fault = wsnFault(() => subscribe(policy(`<wsnt:UseRaw/>${text}`)));
    expect(fault.fault).toBe('UnsupportedPolicyRequestFault');
    expect(fault.details.unsupportedPolicies).toEqual([{ namespace: 'urn:pointsman:policy', localName }]);
  });

  test('names every policy that is not known, once', () => {
    const fault = wsnFault(() =>
      subscribe(policy('<o:PauseRetention>wrong</o:PauseRetention><p xmlns="urn:p"/><UseRaw/><UseRaw/><o:useRaw/>')),
    );
    expect(fault.fault).toBe('UnrecognizedPolicyRequestFault');
    expect(fault.details.unrecognizedPolicies).toEqual([
      { namespace: 'urn:p', localName: 'p' },
      { namespace: '', localName: 'UseRaw' },
      { namespace: 'urn:pointsman:policy', localName: 'useRaw' },
    ]);
  });

  test('refuses a termination time that is none', () => {
    const fault = wsnFault(() => subscribe(`${CONSUMER}<wsnt:InitialTerminationTime/>`));
    expect(fault.fault).toBe('UnacceptableInitialTerminationTimeFault');
  });
});
