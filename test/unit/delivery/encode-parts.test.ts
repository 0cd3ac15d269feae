import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeParts } from '../../../src/delivery/encode-parts.ts';

it('puts texts and bytes behind one another', () => {
  const part = fc.oneof(fc.constantFrom('', 'same', 'grüße €'), fc.string({ unit: 'grapheme' }), fc.uint8Array());
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const expected = Buffer.concat(parts.map((one) => (typeof one === 'string' ? Buffer.from(one) : one)));
      expect(encodeParts(parts).equals(expected)).toBe(true);
      for (const scratch of [Buffer.alloc(16), Buffer.alloc(4096)]) {
        expect(encodeParts(parts, scratch).equals(expected)).toBe(true);
      }
    }),
  );
});
