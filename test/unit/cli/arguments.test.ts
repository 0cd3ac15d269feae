import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCount, parseMilliseconds, parseTermination } from '../../../src/cli/durations.ts';
import { UsageError } from '../../../src/cli/failure.ts';
import { parseNamespaces, parseTopic } from '../../../src/cli/topics.ts';

const DIALECT = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression';
const XPATH = 'http://www.w3.org/TR/1999/REC-xpath-19991116';

describe('parseTopic()', () => {
  test.each([
    ['news', 'news', 'Simple', {}],
    [' news ', 'news', 'Simple', {}],
    ['news/sport', 'news/sport', 'Concrete', {}],
    ['{urn:n}news', 't1:news', 'Simple', { t1: 'urn:n' }],
    ['{}news', 'news', 'Simple', {}],
    ['{http://n/}news/sport', 't1:news/sport', 'Concrete', { t1: 'http://n/' }],
    ['{urn:n}a/{urn:m}b/{urn:n}c', 't1:a/t2:b/t1:c', 'Concrete', { t1: 'urn:n', t2: 'urn:m' }],
    ['p:a/b', 'p:a/b', 'Concrete', { p: 'urn:p' }],
    ['t1:a/{urn:n}b', 't1:a/t2:b', 'Concrete', { t1: 'urn:t1', t2: 'urn:n' }],
    ['p:a//*', 'p:a//*', 'Full', { p: 'urn:p' }],
    ['{urn:n}//*', 't1://*', 'Full', { t1: 'urn:n' }],
    ['a/*', 'a/*', 'Full', {}],
    ['a|b', 'a|b', 'Full', {}],
    ['a/.', 'a/.', 'Full', {}],
    ['a.b', 'a.b', 'Simple', {}],
    ['a/b.c', 'a/b.c', 'Concrete', {}],
  ])('%s', (topic, text, dialect, namespaces) => {
    const declared = { p: 'urn:p', t1: 'urn:t1', unused: 'urn:u' };
    const usable = topic.includes('t1:') || topic.includes('p:a') ? declared : {};
    expect(parseTopic(topic, usable)).toEqual({ text, dialect: `${DIALECT}/${dialect}`, namespaces });
  });

  test('takes the dialect that is asked for, by name or URI', () => {
    expect(parseTopic('a', {}, 'Full').dialect).toBe(`${DIALECT}/Full`);
    expect(parseTopic('a', {}, 'urn:mine').dialect).toBe('urn:mine');
    expect(() => parseTopic('a', {}, 'plain')).toThrow(/--dialect takes simple, concrete, full, xpath or a URI/);
    expect(() => parseTopic('a', {}, 'constructor')).toThrow(UsageError);
  });

  test('takes XPath with axes and functions', () => {
    const topic = parseTopic(`child::p:a[contains(., 'x y')] | q:b`, { p: 'urn:p', q: 'urn:q' }, 'xpath');
    expect(topic).toEqual({
      text: `child::p:a[contains(., 'x y')] | q:b`,
      dialect: XPATH,
      namespaces: { p: 'urn:p', q: 'urn:q' },
    });
  });

  test.each(['', ' ', 'a b', '{urn:n', 'urn:n}a', '{a}{b'])('refuses "%s"', (topic) => {
    expect(() => parseTopic(topic, {})).toThrow(UsageError);
  });

  test('refuses a prefix that is not declared, and never takes one from the prototype', () => {
    expect(() => parseTopic('q:a', { p: 'urn:p' })).toThrow(
      'The topic uses the prefix "q"; declare it with --ns q=URI',
    );
    expect(() => parseTopic('constructor:a', {})).toThrow(UsageError);
  });

  test('declares every prefix that the text uses, and gives each namespace its own', () => {
    const step = fc.tuple(
      fc.constantFrom('', 'urn:a', 'urn:b', 'http://c/d'),
      fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const { text, namespaces } = parseTopic(
          steps.map(([ns, name]) => (ns === '' ? name : `{${ns}}${name}`)).join('/'),
          {},
        );
        const read = text.split('/').map((part) => {
          const [name = '', prefix] = part.split(':').reverse();
          return [prefix === undefined ? '' : namespaces[prefix], name];
        });
        expect(read).toEqual(steps);
        expect(new Set(Object.values(namespaces)).size).toBe(Object.keys(namespaces).length);
      }),
    );
  });
});

describe('parseNamespaces()', () => {
  test('reads declarations; the last one wins', () => {
    expect(parseNamespaces(['a=urn:a', 'b=http://b/?x=y', 'a=urn:c'])).toEqual({ a: 'urn:c', b: 'http://b/?x=y' });
  });

  test.each(['a', '=urn:a', 'a=', '1a=urn:a', 'a:b=urn:a', 'a=urn a'])('refuses "%s"', (declaration) => {
    expect(() => parseNamespaces([declaration])).toThrow(UsageError);
  });
});

describe('parseTermination()', () => {
  test.each([
    ['1h', 'PT3600S', true],
    ['1.5h', 'PT5400S', true],
    ['90s', 'PT90S', true],
    ['250ms', 'PT0.25S', true],
    ['2d', 'PT172800S', true],
    ['PT1H', 'PT1H', true],
    ['P1Y2M3DT4H5M6.7S', 'P1Y2M3DT4H5M6.7S', true],
    ['2030-01-01T00:00:00Z', '2030-01-01T00:00:00Z', false],
    ['2030-01-01T00:00:00.5+01:00', '2030-01-01T00:00:00.5+01:00', false],
    ['forever', undefined, false],
  ])('%s', (text, written, isRenewable) => {
    expect(parseTermination(text)).toEqual({ text: written, isRenewable });
  });

  test.each(['', '1', 'h', '-1h', 'P', 'PT', '1h30m', '-PT1H', '2030-01-01', 'never', '1H'])('refuses "%s"', (text) => {
    expect(() => parseTermination(text)).toThrow(UsageError);
  });
});

describe('parseCount() and parseMilliseconds()', () => {
  test('read numbers', () => {
    expect([parseCount('1', '--x'), parseCount('0', '--x', 0), parseCount('1000000', '--x')]).toEqual([
      1, 0, 1_000_000,
    ]);
    expect([parseMilliseconds('10ms', '--x'), parseMilliseconds('2m', '--x')]).toEqual([10, 120_000]);
  });

  test.each(['', '-1', '1.5', 'x', '1e3', ' 1', '10000000000'])('refuse "%s"', (text) => {
    expect(() => parseCount(text, '--x')).toThrow(/^--x takes a whole number/);
    expect(() => parseMilliseconds(text, '--x')).toThrow(/^--x takes a time/);
  });
});
