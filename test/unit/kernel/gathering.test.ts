import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Gathering } from '../../../src/kernel/gathering.ts';

it('takes what was gathered further together, in its order, and begins anew then', async () => {
  const seen: string[] = [];
  const gathering = new Gathering<string>(setImmediate, (item) => {
    seen.push(item);
    if (item === 'b') gathering.add('c');
  });
  gathering.add('a');
  gathering.add('b');
  expect(seen).toEqual([]);
  await nextTurn();
  expect(seen).toEqual(['a', 'b']);
  await nextTurn();
  expect(seen).toEqual(['a', 'b', 'c']);
});
