import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack, unpack } from '../../../src/kernel/packed.ts';

/** Byte strings as arrays of numbers, so that a Buffer and a Uint8Array with the same bytes compare equal. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, comparable(member)]));
}

describe('pack()', () => {
  it('and unpack() give back any JSON value with byte strings in it', () => {
    const values = [fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.uint8Array({ maxLength: 40 })];
    const value = fc.object({ values, maxDepth: 3, maxKeys: 4, key: fc.string().filter((key) => key !== '__proto__') });
    fc.assert(
      fc.property(value, (original) => {
        expect(comparable(unpack(pack(original)))).toEqual(comparable(original));
      }),
    );
  });

  it('leaves members out that are undefined, and owns its memory', () => {
    const bytes = Buffer.from('abc');
    const packed = pack({ a: undefined, bytes });
    bytes.fill('x');
    const back = unpack(packed) as { bytes: Buffer };
    expect(Object.keys(back)).toEqual(['bytes']);
    expect(back.bytes.toString()).toBe('abc');
  });

  it('keeps apart byte strings, also empty ones, and texts that look like a reference to one', () => {
    const value = { '\\u0000bytes': 'text', list: [Buffer.from('one'), [], [Buffer.alloc(0)], '"\u0000bytes"'] };
    expect(comparable(unpack(pack(value)))).toEqual(comparable(value));
    expect(comparable(unpack(pack(Buffer.from('alone'))))).toEqual(comparable(Buffer.from('alone')));
  });
});
