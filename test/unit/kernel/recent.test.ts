import { describe, expect, it } from 'vitest';
import { Recent } from '../../../src/kernel/recent.ts';

describe('Recent', () => {
  it('makes a value once', () => {
    const recent = new Recent<string, object>(2);
    const made = recent.get('a', () => ({}));
    expect(recent.get('a', () => ({}))).toBe(made);
    expect(recent.peek('a')).toBe(made);
    expect(recent.peek('b')).toBeUndefined();
  });

  it('lets the oldest go', () => {
    const recent = new Recent<string, string>(2);
    for (const key of ['a', 'b', 'c']) recent.get(key, (made) => `of ${made}`);
    expect(['a', 'b', 'c'].map((key) => recent.peek(key))).toEqual([undefined, 'of b', 'of c']);
    recent.set('b', 'other');
    expect(['a', 'b', 'c'].map((key) => recent.peek(key))).toEqual([undefined, 'other', 'of c']);
  });
});
