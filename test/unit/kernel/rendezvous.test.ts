import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rendezvous } from '../../../src/kernel/rendezvous.ts';

describe('rendezvous()', () => {
  it('does not depend on the order of the candidates', () => {
    fc.assert(
      fc.property(fc.string(), fc.uniqueArray(fc.string(), { minLength: 1 }), (key, candidates) => {
        expect(rendezvous(key, [...candidates].reverse())).toBe(rendezvous(key, candidates));
      }),
    );
  });

  it('moves only the keys of a candidate that goes', () => {
    fc.assert(
      fc.property(fc.string(), fc.uniqueArray(fc.string(), { minLength: 2 }), (key, candidates) => {
        const chosen = rendezvous(key, candidates);
        const [gone] = candidates.filter((candidate) => candidate !== chosen);
        expect(
          rendezvous(
            key,
            candidates.filter((candidate) => candidate !== gone),
          ),
        ).toBe(chosen);
      }),
    );
  });

  it('spreads keys evenly', () => {
    const counts = new Map<string, number>();
    for (let key = 0; key < 3_000; key += 1) {
      const chosen = rendezvous(String(key), ['ME1', 'ME2', 'ME3']) ?? 'none';
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
    }
    expect(Math.min(...counts.values())).toBeGreaterThan(850);
  });

  it('gives nothing without candidates', () => {
    expect(rendezvous('key', [])).toBeUndefined();
  });
});
