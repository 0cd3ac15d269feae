import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turn } from '../../../src/kernel/turn.ts';

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

it('lets so many through in one turn, and the others in the next ones', async () => {
  const turn = new Turn();
  const gone: number[] = [];
  for (let who = 0; who < 70; who += 1) void turn.over().then(() => gone.push(who));
  const counts: number[] = [];
  for (let turns = 0; turns < 3; turns += 1) {
    await nextTurn();
    counts.push(gone.length);
  }
  expect(counts).toEqual([32, 64, 70]);
  expect(gone).toEqual([...gone].sort((a, b) => a - b));
});
