import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MUTATIONS } from '../../scripts/mutations.ts';

describe('the mutations of the safety code', () => {
  it.each(MUTATIONS)('$rule: can be made, and has tests', ({ file, from, tests }) => {
    expect(readFileSync(file, 'utf8')).toContain(from);
    expect(tests.filter((path) => !existsSync(path))).toEqual([]);
  });
});
