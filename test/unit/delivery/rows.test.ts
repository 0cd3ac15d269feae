import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Row } from '../../../src/delivery/row.ts';
import { Timetable } from '../../../src/delivery/timetable.ts';

describe('Row', () => {
  it('behaves like a list without repetitions', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom('add', 'delete'), item: fc.integer({ min: 0, max: 9 }) }),
      fc.record({ kind: fc.constant('shift'), item: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const row = new Row<number>();
        let model: number[] = [];
        for (const { kind, item } of steps) {
          if (kind === 'shift') expect(row.shift()).toBe(model.shift());
          if (kind === 'add') {
            row.add(item);
            if (!model.includes(item)) model.push(item);
          }
          if (kind === 'delete') {
            row.delete(item);
            model = model.filter((other) => other !== item);
          }
          expect(row.size).toBe(model.length);
        }
      }),
    );
  });
});

describe('Timetable', () => {
  it('runs what is due, the earliest first, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 100 }),
        fc.integer({ max: 50 }),
        (times, now) => {
          const timetable = new Timetable();
          const ran: number[] = [];
          let earliest = Infinity;
          for (const at of times) {
            expect(timetable.add(at, () => ran.push(at))).toBe(at < earliest);
            earliest = Math.min(earliest, at);
          }
          timetable.runDue(now);
          const sorted = times.toSorted((a, b) => a - b);
          expect(ran).toEqual(sorted.filter((at) => at <= now));
          expect(timetable.nextAt).toBe(sorted.find((at) => at > now));
        },
      ),
    );
  });

  it('runs what an action adds for now', () => {
    const timetable = new Timetable();
    const ran: string[] = [];
    timetable.add(1, () => {
      ran.push('first');
      timetable.add(2, () => ran.push('second'));
    });
    timetable.runDue(2);
    expect(ran).toEqual(['first', 'second']);
  });
});
