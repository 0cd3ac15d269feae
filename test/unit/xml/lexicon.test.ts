import { describe, expect, it } from 'vitest';
import { Desk } from '../../../src/xml/desk.ts';
import { Lexicon } from '../../../src/xml/lexicon.ts';
import { isTextAt, NEVER } from '../../../src/xml/spelling.ts';
import { NO_NAMESPACE, UNDECLARED, type Word } from '../../../src/xml/words.ts';

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
    const internAt = (index: number): Word => lexicon.intern(desk, index * 5, 5, 42);
    const words = Array.from({ length: count }, (_, i) => internAt(i));
    expect(new Set(words).size).toBe(count);
    expect(words.map(({ text }) => text)).toEqual(words.map((_, i) => `w${1000 + i}`));
    expect([internAt(count), internAt(count + 1)]).toEqual([words[7], words[499]]);
  });

  it('finds words again after it has grown, whatever their hashes', () => {
    const count = 3000;
    const { desk, lexicon } = deskWith(count);
    const internAll = (): Word[] => Array.from({ length: count }, (_, i) => lexicon.intern(desk, i * 5, 5, i % 7));
    const first = internAll();
    expect(internAll().every((word, i) => word === first[i])).toBe(true);
    expect(first.every(({ text }, i) => text === `w${1000 + i}`)).toBe(true);
  });

  it('has the words that every document has', () => {
    const desk = new Desk();
    const lexicon = new Lexicon(desk);
    desk.lay(Buffer.from('xmlns:xml'));
    expect(lexicon.intern(desk, 0, 5)).toBe(lexicon.xmlns);
    expect(lexicon.intern(desk, 6, 3)).toBe(lexicon.xml);
    const declaration = lexicon.takeApart(lexicon.intern(desk, 0, 9), desk, 0);
    expect([declaration?.prefix, declaration?.local, declaration?.declares]).toEqual([
      lexicon.xmlns,
      lexicon.xml,
      lexicon.xml,
    ]);
    expect(lexicon.takeApart(lexicon.xmlns, desk, 0)?.declares).toBe(lexicon.empty);
  });

  it('knows an attribute that declares nothing', () => {
    const desk = new Desk();
    const lexicon = new Lexicon(desk);
    desk.lay(Buffer.from('xml:lang'));
    const name = lexicon.takeApart(lexicon.intern(desk, 0, 8), desk, 0);
    expect([name?.prefix.text, name?.local.text, name?.declares]).toEqual(['xml', 'lang', undefined]);
    expect(lexicon.name(name?.id ?? -1)).toBe(name);
    expect(name?.asStart).toBe(NEVER);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'knows words of %i bytes, and not those that only begin or end like them',
    (length) => {
      const desk = new Desk();
      const lexicon = new Lexicon(desk);
      const name = 'abcdefghi'.slice(0, length);
      desk.lay(Buffer.from(`${name}${name.slice(0, -1)}x${name}`));
      const word = lexicon.intern(desk, 0, length);
      const isAt = (at: number): boolean => isTextAt(word.text, word.length, desk.bytes, at);
      expect([0, length, 2 * length].map(isAt)).toEqual([true, false, true]);
      expect(isAt(2 * length + 1)).toBe(false);
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
    expect([lexicon.empty.binding, lexicon.xmlns.binding]).toEqual([NO_NAMESPACE, UNDECLARED]);
  });
});
