import { describe, expect, test } from 'vitest';
import { decodeRequest } from '../../../src/wsn/codec.ts';
import type { WsnRequest } from '../../../src/wsn/codec.ts';
import { parseDuration } from '../../../src/wsn/date-time.ts';
import { SIMPLE_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { protocolError, read } from '../soap/envelopes.ts';
import { wsnFault } from './wsn-fault.ts';

const NAMESPACES = [
  'xmlns:br="http://docs.oasis-open.org/wsn/br-2"',
  'xmlns:rl="http://docs.oasis-open.org/wsrf/rl-2"',
  'xmlns:rp="http://docs.oasis-open.org/wsrf/rp-2"',
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
].join(' ');
const BR = 'http://docs.oasis-open.org/wsn/br-2';

/** Reads a body in which br, rl, rp and xsi are declared too. */
function decode(body: string): WsnRequest {
  return decodeRequest(read(body.replace(/^<[\w:]+/, (start) => `${start} ${NAMESPACES}`)), {});
}

const register = (parts: string): WsnRequest => decode(`<br:RegisterPublisher>${parts}</br:RegisterPublisher>`);
const topic = (text: string, dialect = SIMPLE_DIALECT): string =>
  `<br:Topic xmlns:t="urn:t" Dialect="${dialect}">${text}</br:Topic>`;
const publisher = (address: string): string =>
  `<br:PublisherReference><wsa:Address>${address}</wsa:Address></br:PublisherReference>`;
const until = (content: string, attributes = ''): string =>
  `<br:InitialTerminationTime ${attributes}>${content}</br:InitialTerminationTime>`;

describe('RegisterPublisher', () => {
  test('is read with its parts in any order, extensions passed over', () => {
    const request = register(
      `${until('2030-01-01T00:00:00Z')}<br:Demand> 1 </br:Demand><x:E xmlns:x="urn:x"/>${topic('t:a')}${topic('b')}` +
        publisher('http://publisher/'),
    );
    expect(request).toEqual({
      operation: 'RegisterPublisher',
      publisher: { address: 'http://publisher/', referenceParameters: [] },
      topics: [
        { dialect: SIMPLE_DIALECT, text: 't:a', namespaces: { t: 'urn:t' } },
        { dialect: SIMPLE_DIALECT, text: 'b', namespaces: {} },
      ],
      demand: true,
      termination: { kind: 'absolute', at: Date.UTC(2030, 0, 1) },
    });
  });

  test('needs nothing: all topics, no demand, no end asked for', () => {
    const nothing = { operation: 'RegisterPublisher', topics: [], demand: false, termination: { kind: 'absent' } };
    expect(register('')).toEqual(nothing);
    expect(register('<br:Demand/>')).toEqual(nothing);
  });

  test('takes xsi:nil and a duration as its end, though its schema has only a dateTime', () => {
    expect(register(until('', 'xsi:nil="true"'))).toMatchObject({ termination: { kind: 'infinite' } });
    expect(register(until('PT1M'))).toMatchObject({
      termination: { kind: 'relative', duration: parseDuration('PT1M') },
    });
    expect(wsnFault(() => register(until('soon'))).fault).toBe('UnacceptableInitialTerminationTimeFault');
  });

  test.each([
    ['a part twice', '<br:Demand>1</br:Demand><br:Demand>1</br:Demand>', 'found a second br:Demand'],
    ['an unknown part', '<br:Topics/>', 'found br:Topics, expected br:PublisherReference, br:Topic'],
    ['a part of another standard', '<wsnt:Topic/>', 'found wsnt:Topic, expected br:PublisherReference'],
    ['a demand that is none', '<br:Demand>no</br:Demand>', "found 'no', expected true or false"],
    ['a demand of elements', '<br:Demand><a/>true</br:Demand>', 'expected true or false'],
    ['a reference without an address', '<br:PublisherReference/>', 'has no wsa:Address'],
  ])('with %s is malformed', (_, parts, message) => {
    expect(protocolError(() => register(parts)).message).toContain(message);
  });

  test('answers a topic that cannot be read, and a dialect that is unknown, with the only fault it has for both', () => {
    const unreadable = wsnFault(() => register(topic('u:a')));
    expect([unreadable.fault, unreadable.message.includes('u')]).toEqual(['InvalidTopicExpressionFault', true]);
    const unknown = wsnFault(() => register(topic('t:a', 'urn:dialect')));
    expect([unknown.fault, unknown.message.includes('urn:dialect')]).toEqual(['InvalidTopicExpressionFault', true]);
  });

  test('has at most a hundred topics', () => {
    expect(register(topic('a').repeat(100))).toMatchObject({ demand: false });
    expect(wsnFault(() => register(topic('a').repeat(101))).fault).toBe('PublisherRegistrationRejectedFault');
  });

  test.each(['urn:publisher', 'ftp://publisher/', 'http://www.w3.org/2005/08/addressing/anonymous', 'publisher'])(
    'with demand needs a publisher that can be called, which %s is not',
    (address) => {
      expect(wsnFault(() => register(`${publisher(address)}<br:Demand>true</br:Demand>`)).fault).toBe(
        'PublisherRegistrationRejectedFault',
      );
      expect(register(publisher(address))).toMatchObject({ publisher: { address } });
    },
  );
});

describe('requests without content', () => {
  test.each([
    ['br:DestroyRegistration', 'DestroyRegistration'],
    ['rl:Destroy', 'Destroy'],
    ['rp:GetResourcePropertyDocument', 'GetResourcePropertyDocument'],
  ])('%s', (name, operation) => {
    const [prefix = ''] = name.split(':');
    expect(decode(`<${name}/>`)).toEqual({ operation });
    expect(decode(`<${name}><e xmlns="urn:e"/></${name}>`)).toEqual({ operation });
    const error = protocolError(() => decode(`<${name}><${prefix}:x/></${name}>`));
    expect(error.message).toContain(`found ${prefix}:x, expected nothing`);
  });
});

describe('SetTerminationTime', () => {
  const set = (parts: string): WsnRequest => decode(`<rl:SetTerminationTime>${parts}</rl:SetTerminationTime>`);
  const time = (content: string, attributes = ''): string =>
    `<rl:RequestedTerminationTime ${attributes}>${content}</rl:RequestedTerminationTime>`;
  const duration = (content: string): string =>
    `<rl:RequestedLifetimeDuration>${content}</rl:RequestedLifetimeDuration>`;
  const inAMonth = { kind: 'relative', duration: parseDuration('P1M') };

  test.each([
    [time('2030-01-01T00:00:00Z'), { kind: 'absolute', at: Date.UTC(2030, 0, 1) }],
    [time('', 'xsi:nil="1"'), { kind: 'infinite' }],
    [duration('P1M'), inAMonth],
    [time('P1M'), inAMonth],
    [duration('2030-01-01T00:00:00'), { kind: 'absolute', at: Date.UTC(2030, 0, 1) }],
  ])('of %s', (parts, termination) => {
    expect(set(parts)).toEqual({ operation: 'SetTerminationTime', termination });
  });

  test.each([
    ['', 'found neither of'],
    [time('', 'xsi:nil="1"') + duration('P1M'), 'found both of'],
    [duration('P1M') + duration('P1M'), 'found a second rl:RequestedLifetimeDuration'],
    ['<rl:TerminationTime/>', 'found rl:TerminationTime, expected rl:RequestedTerminationTime'],
  ])('of %j is malformed', (parts, message) => {
    expect(protocolError(() => set(parts)).message).toContain(message);
  });

  test.each([time(''), time('soon'), duration('1 day')])('of %s is refused in the words of its standard', (parts) => {
    expect(wsnFault(() => set(parts)).fault).toBe('UnableToSetTerminationTimeFault');
  });
});

describe('the name of a property', () => {
  const get = (text: string, attributes = ''): WsnRequest =>
    decode(`<rp:GetResourceProperty ${attributes}>${text}</rp:GetResourceProperty>`);

  test('means what its prefix means where it stands', () => {
    const property = { namespace: BR, localName: 'Topic' };
    expect(get(' br:Topic\n')).toEqual({ operation: 'GetResourceProperty', property });
    expect(get('x:Topic', `xmlns:x="${BR}"`)).toMatchObject({ property });
  });

  test('without a prefix is in the default namespace', () => {
    expect(get('Topic')).toMatchObject({ property: { namespace: '', localName: 'Topic' } });
    expect(get('Topic', `xmlns="${BR}"`)).toMatchObject({ property: { namespace: BR, localName: 'Topic' } });
  });

  test('with an undeclared prefix is the name of no property', () => {
    const fault = wsnFault(() => get('toString:Topic'));
    expect(fault.fault).toBe('InvalidResourcePropertyQNameFault');
    expect(fault.message).toContain("'toString:Topic'");
  });

  test.each(['', 'a b', 'a:b:c', '{urn:x}a', ':a', '<br:Topic/>', 'br:Topic<br:Topic/>'])('is not %j', (text) => {
    protocolError(() => get(text));
  });
});

describe('GetMultipleResourceProperties', () => {
  const get = (parts: string): WsnRequest =>
    decode(`<rp:GetMultipleResourceProperties>${parts}</rp:GetMultipleResourceProperties>`);
  const one = '<rp:ResourceProperty xmlns:x="urn:x">x:a</rp:ResourceProperty>';

  test('names one property or several, each resolved where it stands', () => {
    expect(get(`${one}<rp:ResourceProperty xmlns:x="urn:y">x:a</rp:ResourceProperty>`)).toEqual({
      operation: 'GetMultipleResourceProperties',
      properties: [
        { namespace: 'urn:x', localName: 'a' },
        { namespace: 'urn:y', localName: 'a' },
      ],
    });
  });

  test('does not name none, or more than anybody has', () => {
    expect(protocolError(() => get('')).message).toContain('found no rp:ResourceProperty');
    expect(get(one.repeat(100))).toHaveProperty('properties.length', 100);
    expect(protocolError(() => get(one.repeat(101))).message).toContain('found 101 times rp:ResourceProperty');
  });
});

describe('changes of properties', () => {
  const value = '<br:Demand>true</br:Demand>';

  test('keep their order', () => {
    const request = decode(
      `<rp:SetResourceProperties><rp:Delete ResourceProperty="br:Topic"/><rp:Insert>${value}</rp:Insert>` +
        `<rp:Update>${value}${value}</rp:Update></rp:SetResourceProperties>`,
    );
    const changes = 'changes' in request ? request.changes : [];
    expect(changes.map((change) => (change.kind === 'delete' ? change : [change.kind, change.values.length]))).toEqual([
      { kind: 'delete', property: { namespace: BR, localName: 'Topic' } },
      ['insert', 1],
      ['update', 2],
    ]);
  });

  test.each(['Insert', 'Update', 'Delete'])('of one kind: %sResourceProperties', (kind) => {
    const components: Record<string, string> = {
      Insert: `<rp:Insert>${value}</rp:Insert>`,
      Update: `<rp:Update>${value}</rp:Update>`,
      Delete: '<rp:Delete ResourceProperty="br:Topic"/>',
    };
    const wrap = (content = ''): string => `<rp:${kind}ResourceProperties>${content}</rp:${kind}ResourceProperties>`;
    const own = components[kind];
    expect(decode(wrap(own))).toMatchObject({ changes: [{ kind: kind.toLowerCase() }] });
    expect(protocolError(() => decode(wrap(''))).message).toContain(`found no rp:${kind}`);
    expect(protocolError(() => decode(wrap(`${own}${own}`))).message).toContain('found 2 times');
    for (const other of Object.values(components).filter((component) => component !== own)) {
      expect(protocolError(() => decode(wrap(other))).message).toContain(`expected rp:${kind}`);
    }
  });

  test.each([
    ['', 'found no rp:Insert or rp:Update or rp:Delete'],
    ['<rp:Insert/>', 'found no element as value'],
    ['<rp:Delete/>', 'found no attribute ResourceProperty'],
    ['<rp:Delete ResourceProperty="a b"/>', "found 'a b'"],
    [`<rp:Insert>${value.repeat(1001)}</rp:Insert>`, 'found 1001 times'],
    [`<rp:Insert>${value}</rp:Insert>`.repeat(101), 'found 101 times'],
  ])('of %.40s are malformed', (parts, message) => {
    const body = `<rp:SetResourceProperties>${parts}</rp:SetResourceProperties>`;
    expect(protocolError(() => decode(body)).message).toContain(message);
  });

  test('by a document: one element', () => {
    const put = (content: string): WsnRequest =>
      decode(`<rp:PutResourcePropertyDocument>${content}</rp:PutResourcePropertyDocument>`);
    const request = put('<d xmlns="urn:d"/>');
    expect('document' in request && request.document.is('urn:d', 'd')).toBe(true);
    expect(protocolError(() => put('')).message).toContain('found 0 elements');
    expect(protocolError(() => put('<a/><b/>')).message).toContain('found 2 elements');
  });
});

describe('QueryResourceProperties', () => {
  const query = (content: string, attributes = ''): WsnRequest =>
    decode(
      `<rp:QueryResourceProperties><rp:QueryExpression ${attributes}>${content}</rp:QueryExpression></rp:QueryResourceProperties>`,
    );

  test('has the namespaces of what may be a prefix in it', () => {
    expect(query(' //br:Topic | //__proto__:b ', 'xmlns:__proto__="urn:p" Dialect=" urn:d "')).toEqual({
      operation: 'QueryResourceProperties',
      dialect: 'urn:d',
      text: '//br:Topic | //__proto__:b',
      namespaces: Object.fromEntries([
        ['br', BR],
        ['__proto__', 'urn:p'],
      ]),
    });
    expect(query('true()')).toEqual({ operation: 'QueryResourceProperties', text: 'true()', namespaces: {} });
  });

  test('needs an expression of text, not too long', () => {
    expect(protocolError(() => decode('<rp:QueryResourceProperties/>')).message).toContain('no rp:QueryExpression');
    expect(wsnFault(() => query('<a/>')).fault).toBe('InvalidQueryExpressionFault');
    expect(query('a'.repeat(4096))).toHaveProperty('text.length', 4096);
    expect(wsnFault(() => query('a'.repeat(4097))).fault).toBe('InvalidQueryExpressionFault');
  });
});
