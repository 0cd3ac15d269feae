import { describe, expect, it } from 'vitest';
import { Recent } from '../../../src/kernel/recent.ts';

describe('Recent', () => {
  it('makes a value once', () => {
    const recent = new Recent<string, object>(2);
    const made = recent.get('a', () => ({}));
    expect(recent.get('a', () => ({}))).toBe(made);
    expect(recent.find('a')).toBe(made);
    expect(recent.find('b')).toBeUndefined();
  });

  it('lets what was not used for long go', () => {
    const recent = new Recent<string, string>(2);
    for (const key of ['a', 'b', 'c']) recent.get(key, (made) => `of ${made}`);
    expect(['a', 'b', 'c'].map((key) => recent.find(key))).toEqual([undefined, 'of b', 'of c']);
    recent.set('b', 'other');
    expect(['a', 'b', 'c'].map((key) => recent.find(key))).toEqual([undefined, 'other', 'of c']);
  });

  it('forgets what is deleted, wherever it keeps it', () => {
    const recent = new Recent<string, string>(4);
    for (const key of ['a', 'b', 'c']) recent.set(key, `of ${key}`);
    // In both generations now.
    expect(recent.find('a')).toBe('of a');
    expect(recent.delete('a')).toBe(true);
    expect(recent.delete('b')).toBe(true);
    expect(recent.delete('b')).toBe(false);
    expect(['a', 'b', 'c'].map((key) => recent.find(key))).toEqual([undefined, undefined, 'of c']);
    for (const key of ['d', 'e', 'f']) recent.set(key, `of ${key}`);
    expect(['d', 'e', 'f'].map((key) => recent.find(key))).toEqual(['of d', 'of e', 'of f']);
  });

  it('never keeps more than it may by weight, nor what is too heavy, nor what was replaced', () => {
    const recent = new Recent<number, string>(20, ({ length }) => length);
    for (let key = 0; key < 100; key += 1) recent.set(key, 'four');
    const kept = Array.from({ length: 100 }, (_, key) => key).filter((key) => recent.find(key) !== undefined);
    expect(kept.length * 4).toBeLessThanOrEqual(20);
    expect(kept).toContain(99);
    recent.set(99, 'much too heavy');
    expect(recent.find(99)).toBeUndefined();
  });
});
