import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { nameBasedUrn, NumberedUrns } from '../../../src/kernel/ids.ts';

const NAMESPACE = Buffer.from('6f1d7c0a5b2e4c3f9a84d1e07b63f250', 'hex');

describe('nameBasedUrn()', () => {
  it.each(['', 'a', 'grüße €', 'x'.repeat(256), '€'.repeat(256), 'x'.repeat(257)])('is version 5 of %j', (name) => {
    const urn = nameBasedUrn(name);
    const hex = createHash('sha1').update(NAMESPACE).update(name).digest('hex');
    expect(urn).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    // All but the digits for version and variant.
    const bits = (text: string): string => text.slice(0, 12) + text.slice(13, 16) + text.slice(17, 32);
    expect(bits(urn.replaceAll(/urn:uuid:|-/g, ''))).toBe(bits(hex));
  });
});

describe('NumberedUrns', () => {
  it('gives each number of each name an id of its own, of version 8, and the same one again', () => {
    const names = ['message a', 'message b', 'notify a'];
    const numbers = [0, 1, 2, 15, 16, 4096, 2 ** 32, 2 ** 48 - 1];
    const ids = names.flatMap((name) => numbers.map((number) => new NumberedUrns(name).of(number)));
    expect(new Set(ids).size).toBe(names.length * numbers.length);
    for (const id of ids) {
      expect(id).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    expect(names.flatMap((name) => numbers.map((number) => new NumberedUrns(name).of(number)))).toEqual(ids);
    expect(new NumberedUrns('a').of(255)).toMatch(/-0000000000ff$/);
  });

  it('has none for a number that it has no room for', () => {
    expect(new NumberedUrns('a').of(2 ** 48)).toBeUndefined();
  });
});
