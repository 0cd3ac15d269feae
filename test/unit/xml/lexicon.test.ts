import { describe, expect, it } from 'vitest';
import { Desk } from '../../../src/xml/desk.ts';
import { Lexicon } from '../../../src/xml/lexicon.ts';
import { BINDING, EMPTY_WORD, LOCAL, PREFIX, XML_WORD, XMLNS_WORD } from '../../../src/xml/words.ts';

/** A desk with `count` different words on it, of five bytes each, then those of `again` once more; and a lexicon. */
function deskWith(count: number, again: readonly number[] = []): { desk: Desk; lexicon: Lexicon } {
  const desk = new Desk();
  const lexicon = new Lexicon(desk);
  const all = [...Array.from({ length: count }, (_, i) => i), ...again];
  desk.lay(Buffer.from(all.map((i) => `w${1000 + i}`).join('')));
  return { desk, lexicon };
}

describe('Lexicon', () => {
  it('tells words apart that all have the same hash', () => {
    const count = 500;
    const { desk, lexicon } = deskWith(count, [7, 499]);
    const internAt = (index: number): number => lexicon.intern(desk, index * 5, 5, 42);
    const words = Array.from({ length: count }, (_, i) => internAt(i));
    expect(new Set(words).size).toBe(count);
    expect(words.map((word) => lexicon.text(word))).toEqual(words.map((_, i) => `w${1000 + i}`));
    expect([internAt(count), internAt(count + 1)]).toEqual([words[7], words[499]]);
  });

  it('finds words again after it has grown, whatever their hashes', () => {
    const count = 3000;
    const { desk, lexicon } = deskWith(count);
    const internAll = (): number[] => Array.from({ length: count }, (_, i) => lexicon.intern(desk, i * 5, 5, i % 7));
    const first = internAll();
    expect(internAll()).toEqual(first);
    expect(first.every((word, i) => lexicon.isAt(word, desk.view, i * 5))).toBe(true);
  });

  it('has the words that every document has', () => {
    const desk = new Desk();
    const lexicon = new Lexicon(desk);
    desk.lay(Buffer.from('xmlns:xml'));
    expect(lexicon.intern(desk, 0, 5)).toBe(XMLNS_WORD);
    expect(lexicon.intern(desk, 6, 3)).toBe(XML_WORD);
    const declaration = lexicon.intern(desk, 0, 9);
    expect(lexicon.takeApart(declaration, desk, 0)).toBe(true);
    expect([lexicon.part(declaration, PREFIX), lexicon.part(declaration, LOCAL)]).toEqual(['xmlns', 'xml']);
    expect(lexicon.declaredPrefix(declaration)).toBe(XML_WORD);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'knows words of %i bytes, and not those that only begin or end like them',
    (length) => {
      const desk = new Desk();
      const lexicon = new Lexicon(desk);
      const name = 'abcdefghi'.slice(0, length);
      desk.lay(Buffer.from(`${name}${name.slice(0, -1)}x${name}`));
      const word = lexicon.intern(desk, 0, length);
      expect([0, length, 2 * length].map((at) => lexicon.isAt(word, desk.view, at))).toEqual([true, false, true]);
      expect(lexicon.isAt(word, desk.view, 2 * length + 1)).toBe(false);
      expect(lexicon.intern(desk, 2 * length, length)).toBe(word);
    },
  );

  it('is full at some time', () => {
    const { desk, lexicon } = deskWith(5000);
    expect(lexicon.isFull).toBe(false);
    for (let i = 0; i < 5000; i++) lexicon.intern(desk, i * 5, 5);
    expect(lexicon.isFull).toBe(true);
  });

  it('binds no prefix, and the empty one to no namespace', () => {
    const lexicon = new Lexicon(new Desk());
    expect([lexicon.cells[EMPTY_WORD + BINDING], lexicon.cells[XMLNS_WORD + BINDING]]).toEqual([1, 0]);
  });
});
