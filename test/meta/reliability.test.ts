import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './repository.ts';
import { rowsOf } from './tables.ts';
import { titlesIn } from './titles.ts';

/** Faults that wait for what is not built: the PostgreSQL store, and votes between hosts. */
const LATER = ['F5', 'F9', 'F10', 'F11', 'F12', 'F23', 'F24', 'F25'];
const FAULTS = Array.from({ length: 40 }, (_, index) => `F${String(index + 1)}`).filter((id) => !LATER.includes(id));
const MATRIX = join(ROOT, '../shared/design/fault-matrix.md');

const rows = rowsOf(readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8')).filter(
  (row) => row['fault'] !== undefined,
);

function filesOf(cell = ''): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, file = '']) => `test/${file}.test.ts`);
}

/** True when the id stands in the text as a word: F1 is not in "F13". */
function names(text: string, id: string): boolean {
  return new RegExp(`\\b${id}\\b`).test(text);
}

/** Titles that come from a table of cases: its `name` members. */
function tabledTitles(text: string): readonly string[] {
  return [...text.matchAll(/^\s+name: '([^']+)'/gm)].map(([, title = '']) => title);
}

describe('docs/reliability.md', () => {
  test('has a row for every fault that can be met, in order, and no other', () => {
    expect(rows.map(({ id }) => id)).toEqual(FAULTS);
  });

  test('names files for each whose tests name the fault', () => {
    const missing = rows.flatMap(({ id = '', test: cell }) => {
      const files = filesOf(cell);
      if (files.length === 0) return [`${id}: no test`];
      return files.flatMap((file) => {
        if (!existsSync(join(ROOT, file))) return [`${id}: no file ${file}`];
        const text = readFileSync(join(ROOT, file), 'utf8');
        const titles = [...titlesIn(text), ...tabledTitles(text)];
        return titles.some((title) => names(title, id)) ? [] : [`${id}: no title in ${file}`];
      });
    });
    expect(missing).toEqual([]);
  });

  test.skipIf(!existsSync(MATRIX))('knows the faults of the matrix', () => {
    const numbered = [...readFileSync(MATRIX, 'utf8').matchAll(/^\| (F\d+) \|/gm)].map(([, id]) => id);
    expect(FAULTS.filter((id) => !numbered.includes(id))).toEqual([]);
  });
});
