import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Passing } from '../../../src/kernel/passing.ts';
import { bundled } from '../../support/bundled.ts';

const MIB = 1024 * 1024;

it('Passing behaves like a Map', () => {
  const key = fc.nat({ max: 200 });
  const step = fc.oneof(
    fc.record({ set: key }),
    { arbitrary: fc.record({ delete: key }), weight: 2 },
    fc.record({ clear: fc.constant(true) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1_000, size: 'max' }), (steps) => {
      const passing = new Passing<number, number>();
      const model = new Map<number, number>();
      steps.forEach((taken, index) => {
        if ('set' in taken) {
          passing.set(taken.set, index);
          model.set(taken.set, index);
        } else if ('delete' in taken) {
          expect(passing.delete(taken.delete)).toBe(model.delete(taken.delete));
        } else if (index % 50 === 0) {
          passing.clear();
          model.clear();
        }
        expect(passing.size).toBe(model.size);
      });
      expect(passing.entries()).toEqual([...model]);
      expect(passing.keys()).toEqual([...model.keys()]);
      expect(passing.values()).toEqual([...model.values()]);
      for (const known of [0, 100, 200]) {
        expect(passing.get(known)).toBe(model.get(known));
        expect(passing.has(known)).toBe(model.has(known));
      }
    }),
  );
});

describe('what has come and gone does not become old with V8', () => {
  const script = bundled(new URL('../../support/churn.ts', import.meta.url));

  it.each(['passing', 'row', 'crowd'])('%s', (kind) => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script, kind], { encoding: 'utf8' });
    expect(stderr).toBe('');
    // 160 MB come and go; a Map or a Set keeps tens of MB of them until the next full collection.
    expect(Number(stdout)).toBeLessThan(4 * MIB);
  });
});
