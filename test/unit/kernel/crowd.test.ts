import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Crowd, NOWHERE, type Member } from '../../../src/kernel/crowd.ts';

it('has those who have come and not gone', () => {
  const step = fc.record({ which: fc.nat({ max: 19 }), isHere: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const crowd = new Crowd<Member & { readonly which: number }>();
      const all = Array.from({ length: 20 }, (_, which) => ({ which, place: NOWHERE }));
      const expected = new Set<number>();
      for (const { which, isHere } of steps) {
        if (!isHere) crowd.delete(all[which]!);
        else if (!expected.has(which)) crowd.add(all[which]!);
        if (isHere) expected.add(which);
        else expected.delete(which);
        expect(crowd.size).toBe(expected.size);
      }
      const found = crowd.all().map(({ which }) => which);
      expect(found.toSorted((a, b) => a - b)).toEqual([...expected].toSorted((a, b) => a - b));
      expect(all.filter(({ place }) => place !== NOWHERE).map(({ which }) => which)).toEqual(
        [...expected].toSorted((a, b) => a - b),
      );
      crowd.clear();
      expect(crowd.size).toBe(0);
      expect(all.every(({ place }) => place === NOWHERE)).toBe(true);
    }),
  );
});
