import { expect, it } from 'vitest';
import { memoized, memoizedOf } from '../../../src/kernel/memo.ts';

it('memoized() does the same work once, keeps but so many results, and none of long texts', () => {
  const done: string[] = [];
  const lengthOf = memoized((text) => {
    done.push(text);
    return text.length;
  }, 4);
  expect(['a', 'bb', 'a', 'bb'].map(lengthOf)).toEqual([1, 2, 1, 2]);
  expect(done).toEqual(['a', 'bb']);
  for (const text of ['c', 'd', 'e', 'f', 'a']) lengthOf(text);
  expect(done.filter((text) => text === 'a')).toHaveLength(2);
  const long = 'x'.repeat(1_000);
  expect([lengthOf(long), lengthOf(long)]).toEqual([1_000, 1_000]);
  expect(done.filter((text) => text === long)).toHaveLength(2);
});

it('memoizedOf() does the work once for each object, not for each that is alike', () => {
  let worked = 0;
  const namesOf = memoizedOf((shared: object) => {
    worked += 1;
    return Object.keys(shared);
  });
  const one = { a: 1 };
  expect([namesOf(one), namesOf(one), namesOf({ a: 1 })]).toEqual([['a'], ['a'], ['a']]);
  expect(worked).toBe(2);
});
