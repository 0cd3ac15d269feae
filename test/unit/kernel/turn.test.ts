import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Gathering, Turn } from '../../../src/kernel/turn.ts';

it('lets everybody of a turn go on together, in their order', async () => {
  const turn = new Turn();
  const seen: string[] = [];
  const pass = async (name: string): Promise<void> => {
    await turn.over();
    seen.push(`${name}: first stage`);
    await Promise.resolve();
    seen.push(`${name}: second stage`);
  };
  const both = Promise.all([pass('a'), pass('b')]);
  await Promise.resolve();
  expect(seen).toEqual([]);
  await both;
  expect(seen).toEqual(['a: first stage', 'b: first stage', 'a: second stage', 'b: second stage']);
});

it('lets who comes later wait for the next one', async () => {
  const turn = new Turn();
  const first = turn.over();
  expect(turn.over()).toBe(first);
  await nextTurn();
  const second = turn.over();
  expect(second).not.toBe(first);
  await second;
});

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
