import { describe, expect, test } from 'vitest';
import { namespacesIn, undeclaredKnownPrefix } from '../../../src/wsn/prefixes.ts';
import { element } from '../soap/envelopes.ts';

const scope = element('<e xmlns="urn:default" xmlns:a="urn:a" xmlns:b-1.2="urn:b" xmlns:tt="urn:own"/>');

describe('namespacesIn()', () => {
  test.each<[string, Record<string, string>]>([
    ['a:x/b-1.2:y', { a: 'urn:a', 'b-1.2': 'urn:b' }],
    ['-a:x|3+a:y', { a: 'urn:a' }],
    ['child::a:x', { a: 'urn:a' }],
    ['ihe:X', { ihe: 'urn:ihe:iti:dsub:2009' }],
    ['//tns1:X', { tns1: 'http://www.onvif.org/ver10/topics' }],
    ["*[@wstop:topic='true']", { wstop: 'http://docs.oasis-open.org/wsn/t-1' }],
    ['tt:X', { tt: 'urn:own' }],
    ['x:y/__proto__:z/toString:a', {}],
    ['noPrefix', {}],
    ['', {}],
  ])('of %j', (expression, namespaces) => {
    expect(namespacesIn(expression, scope)).toEqual(namespaces);
  });

  test('takes a declared __proto__ for a prefix like any other', () => {
    const own = namespacesIn('__proto__:a', element('<e xmlns:__proto__="urn:p"/>'));
    expect(Object.entries(own)).toEqual([['__proto__', 'urn:p']]);
    expect(Object.getPrototypeOf(own)).toBe(Object.prototype);
  });
});

describe('undeclaredKnownPrefix()', () => {
  test.each([
    ['boolean(//ihe:X)', 'ihe'],
    ["tns1:a['b:c']", 'tns1'],
    ['tt:X', undefined],
    ['"ihe:X" = \'tns1:Y\'', undefined],
    ['x:y', undefined],
  ])('in %j is %j', (expression, prefix) => {
    expect(undeclaredKnownPrefix(expression, scope)).toBe(prefix);
  });
});
