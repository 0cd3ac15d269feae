import { describe, expect, it } from 'vitest';
import { Desk } from '../../../src/xml/desk.ts';
import { isSpelledAt, isTextAt, NEVER, spell } from '../../../src/xml/spelling.ts';

const LETTERS = 'abcdefghijklmnopq';

/** A desk with this document on it. */
function deskWith(document: string): Desk {
  const desk = new Desk();
  desk.lay(Buffer.from(document));
  return desk;
}

describe('isSpelledAt()', () => {
  it.each(Array.from(LETTERS, (_, index) => index + 1))('compares all of %i bytes', (length) => {
    const text = LETTERS.slice(0, length);
    const spelling = spell(text);
    expect(spelling.length).toBe(length);
    expect(isSpelledAt(spelling, deskWith(`<<${text}>>`).view, 2)).toBe(true);
    for (let at = 0; at < length; at++) {
      const other = `<<${text.slice(0, at)}-${text.slice(at + 1)}>>`;
      expect(isSpelledAt(spelling, deskWith(other).view, 2)).toBe(false);
    }
  });

  it('compares what UTF-8 makes of it', () => {
    expect(spell('é').length).toBe(2);
    expect(isSpelledAt(spell('é'), deskWith('é').view, 0)).toBe(true);
    expect(isSpelledAt(spell('é'), deskWith('è').view, 0)).toBe(false);
  });

  it('never finds what never stands anywhere', () => {
    const { view } = deskWith('a');
    expect([0, 1, 2].some((at) => isSpelledAt(NEVER, view, at))).toBe(false);
  });

  it('finds nothing where the document ends, were it as long as the desk', () => {
    const desk = deskWith('x'.repeat(65536 - 8));
    const spelling = spell('x'.repeat(300));
    const ends = [65536 - 8 - 300, 65536 - 8 - 299, 65536 - 9, 65536 - 8];
    expect(ends.map((at) => isSpelledAt(spelling, desk.view, at))).toEqual([true, false, false, false]);
  });
});

describe('isTextAt()', () => {
  it('compares all bytes', () => {
    const { bytes } = deskWith('<añb');
    expect(isTextAt('añ', 3, bytes, 1)).toBe(true);
    expect(isTextAt('aè', 3, bytes, 1)).toBe(false);
    expect(isTextAt('b', 1, bytes, 4)).toBe(true);
    expect(isTextAt('bc', 2, bytes, 4)).toBe(false);
  });
});
