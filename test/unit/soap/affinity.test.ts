import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NAME_PATTERN } from '../../../src/kernel/names.ts';
import { affinityOfBlocks, affinityOfPath, affinityReference, combineAffinity } from '../../../src/soap/affinity.ts';
import { headerBlocksFor } from '../../../src/soap/addressing.ts';
import { protocolError, read } from './envelopes.ts';

const name = fc.stringMatching(NAME_PATTERN);

describe('affinityOfPath()', () => {
  test.each([
    ['/wsn/PullPoint/ME1/5f0c', { engine: 'ME1', resource: '5f0c' }],
    ['/wsn/PullPoint/ME1/5f0c/', { engine: 'ME1', resource: '5f0c' }],
    ['/wsn/NotificationBroker/ME1', { engine: 'ME1' }],
    ['/wsn/NotificationBroker', {}],
    ['/wsn/NotificationBroker/', {}],
    ['/wsn', {}],
    ['/', {}],
    ['', {}],
    ['wsn/PullPoint/ME1/5f0c', {}],
    ['/other/PullPoint/ME1/5f0c', {}],
    ['/wsn/PullPoint/ME1/5f0c/more', {}],
    ['/wsn/PullPoint//5f0c', {}],
    ['/wsn/PullPoint/ME1//', {}],
    ['/wsn/PullPoint/%4DE1/5f0c', {}],
    ['/wsn/PullPoint/ME1/..', {}],
    ['/wsn/PullPoint/../ME1', {}],
    [`/wsn/PullPoint/ME1/${'a'.repeat(65)}`, {}],
  ])('reads %j as %j', (path, affinity) => {
    expect(affinityOfPath(path)).toEqual(affinity);
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => Object.keys(affinityOfPath(`/wsn/${text}`)).length <= 2));
  });
});

describe('affinityReference()', () => {
  test('ties by path and by header alike, whichever of them the client keeps', () => {
    fc.assert(
      fc.property(name, name, (engine, resource) => {
        const reference = affinityReference('http://gateway:8080/', 'SubscriptionManager', engine, resource);
        expect(reference.address).toBe(`http://gateway:8080/wsn/SubscriptionManager/${engine}/${resource}`);
        expect(affinityOfPath(new URL(reference.address).pathname)).toEqual({ engine, resource });
        const message = read('<x/>', headerBlocksFor(reference));
        expect(affinityOfBlocks(message.blocks)).toEqual({ engine, resource });
      }),
      { numRuns: 50 },
    );
  });
});

describe('affinityOfBlocks()', () => {
  const block = (localName: string, value: string): string =>
    `<a:${localName} xmlns:a="urn:pointsman:affinity">${value}</a:${localName}>`;

  test('reads what is there, in any prefix, without outer white space', () => {
    expect(affinityOfBlocks(read('<x/>', '<Engine xmlns="urn:pointsman:affinity">\n ME1 </Engine>').blocks)).toEqual({
      engine: 'ME1',
    });
    expect(affinityOfBlocks(read('<x/>', block('Engine', '<!-- x -->M<![CDATA[E]]>&#49;')).blocks)).toEqual({
      engine: 'ME1',
    });
    expect(affinityOfBlocks(read('<x/>', '<Engine>ME1</Engine>').blocks)).toEqual({});
    expect(affinityOfBlocks([])).toEqual({});
  });

  test.each([
    ['an engine twice', block('Engine', 'ME1') + block('Engine', 'ME1')],
    ['a resource twice', block('Resource', 'a') + block('Resource', 'b')],
    ['an empty engine', block('Engine', '')],
    ['an engine that is no name', block('Engine', '../ME1')],
    ['an engine with an element inside', block('Engine', 'ME1<x/>')],
    ['an endless resource', block('Resource', 'a'.repeat(65))],
  ])('refuses %s', (_, header) => {
    for (const version of ['1.1', '1.2'] as const) {
      const error = protocolError(() => affinityOfBlocks(read('<x/>', header, version).blocks));
      expect([error.version, error.code, error.subcode?.localName]).toEqual([
        version,
        'Sender',
        'InvalidAddressingHeader',
      ]);
    }
  });
});

describe('combineAffinity()', () => {
  test('takes each part from where it is', () => {
    expect(combineAffinity({}, {}, '1.2')).toEqual({});
    expect(combineAffinity({ engine: 'ME1' }, { resource: 'r' }, '1.2')).toEqual({ engine: 'ME1', resource: 'r' });
    expect(combineAffinity({ engine: 'ME1', resource: 'r' }, { engine: 'ME1', resource: 'r' }, '1.2')).toEqual({
      engine: 'ME1',
      resource: 'r',
    });
  });

  test('refuses parts that differ', () => {
    const engines = protocolError(() => combineAffinity({ engine: 'ME1' }, { engine: 'ME2' }, '1.1'));
    expect([engines.version, engines.code, engines.subcode?.localName]).toEqual([
      '1.1',
      'Sender',
      'InvalidAddressingHeader',
    ]);
    expect(engines.message).toContain("'ME1' in the request path and 'ME2' in the header");
    const both = { engine: 'ME1', resource: 'a' };
    expect(protocolError(() => combineAffinity(both, { ...both, resource: 'b' }, '1.2')).detail).toContain(
      'aff:Resource',
    );
  });
});
