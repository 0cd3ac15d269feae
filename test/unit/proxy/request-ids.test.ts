import { expect, it } from 'vitest';
import { RequestIds } from '../../../src/proxy/request-ids.ts';

it('ids of one proxy follow each other in order, and no other proxy has them', () => {
  const one = new RequestIds();
  const other = new RequestIds();
  const ids = Array.from({ length: 300 }, () => one.next());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set([...ids, ...Array.from({ length: 300 }, () => other.next())]).size).toBe(600);
});
