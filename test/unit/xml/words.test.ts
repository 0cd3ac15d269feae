import { describe, expect, it } from 'vitest';
import { Source } from '../../../src/xml/source.ts';
import { newWordRows, Words } from '../../../src/xml/words.ts';

describe('Words', () => {
  it('tells words apart that all have the same hash', () => {
    const count = 500;
    const words = new Words(
      new Source(Buffer.from(Array.from({ length: count }, (_, i) => `w${1000 + i}`).join('') + 'w1007w1499')),
      newWordRows(),
    );
    const internAt = (index: number): number => words.intern(index * 5, index * 5 + 5, 42);
    const numbers = Array.from({ length: count }, (_, i) => internAt(i));
    expect(new Set(numbers).size).toBe(count);
    expect(numbers.map((number) => words.text(number))).toEqual(numbers.map((_, i) => `w${1000 + i}`));
    expect([internAt(count), internAt(count + 1)]).toEqual([numbers[7], numbers[499]]);
  });

  it('knows nothing of the document whose rows it writes over', () => {
    const rows = newWordRows();
    const first = new Words(new Source(Buffer.from('p:a')), rows);
    first.roleOf(first.internRange(0, 3));
    first.bind(first.internRange(0, 1), 7);
    first.settle();
    const second = new Words(new Source(Buffer.from('p:b')), rows);
    const word = second.internRange(0, 3);
    second.roleOf(word);
    expect(second.bindingOf(second.prefixOf(word))).toBe(0);
    expect([first.text(3), second.text(second.localOf(word))]).toEqual(['p:a', 'b']);
  });

  it('finds words again after it has grown, whatever their hashes', () => {
    const count = 3000;
    const words = new Words(
      new Source(Buffer.from(Array.from({ length: count }, (_, i) => `w${1000 + i}`).join(''))),
      newWordRows(),
    );
    const internAll = (): number[] => Array.from({ length: count }, (_, i) => words.intern(i * 5, i * 5 + 5, i % 7));
    expect(internAll()).toEqual(internAll());
  });
});
