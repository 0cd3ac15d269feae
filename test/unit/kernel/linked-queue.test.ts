import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LinkedQueue } from '../../../src/kernel/linked-queue.ts';
import type { QueuePlace } from '../../../src/kernel/linked-queue.ts';

it('LinkedQueue behaves like an array from which anything may be removed', () => {
  const steps = fc.array(fc.oneof(fc.constant('push'), fc.constant('shift'), fc.nat({ max: 20 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (taken) => {
      const queue = new LinkedQueue<number>();
      const places: QueuePlace<number>[] = [];
      let model: number[] = [];
      taken.forEach((step, index) => {
        if (step === 'push') {
          places.push(queue.push(index));
          model.push(index);
        } else if (step === 'shift') {
          expect(queue.shift()).toBe(model.shift());
        } else {
          // Perhaps one that has left already.
          const place = places[step];
          if (place === undefined) return;
          queue.remove(place);
          model = model.filter((value) => value !== place.value);
        }
        expect(queue.size).toBe(model.length);
      });
      const rest: number[] = [];
      for (let value = queue.shift(); value !== undefined; value = queue.shift()) rest.push(value);
      expect(rest).toEqual(model);
    }),
  );
});
