import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEVIATIONS, REFUSED_DEVIATIONS } from '../../src/soap/tolerance.ts';
import { FAULT_SPECS, type FaultSpec } from '../../src/wsn/fault-specs.ts';
import { BR_NAMESPACE, R_NAMESPACE, RL_NAMESPACE, RP_NAMESPACE, WSNT_NAMESPACE } from '../../src/wsn/namespaces.ts';
import { OPERATIONS, type OperationSpec } from '../../src/wsn/operations.ts';
import { filesBelow, ROOT } from './repository.ts';
import { type Row, rowsOf } from './tables.ts';
import { titlesIn } from './titles.ts';

/*
 * Whether operations, elements and faults are those of the official WSDLs is shown by unit/wsn/official-operations, the
 * actions by unit/wsn/operations; here the document is compared with the code, and so with those.
 */

const INVENTORY = join(ROOT, '../shared/spec/wsn-inventory.md');
const PREFIXES: Readonly<Record<string, string>> = {
  [WSNT_NAMESPACE]: 'wsnt',
  [BR_NAMESPACE]: 'br',
  [R_NAMESPACE]: 'r',
  [RL_NAMESPACE]: 'rl',
  [RP_NAMESPACE]: 'rp',
};

/** What a cell names: `file`: title; `file`: title. */
function namedTests(cell: string): readonly { readonly file: string; readonly title: string }[] {
  return cell.split('; ').map((part) => {
    const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(part) ?? [];
    return { file: `test/${file}.test.ts`, title: title.replaceAll('\\', '') };
  });
}

function namedFiles(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, file = '']) => `src/${file}`);
}

const rows = rowsOf(readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8'));
const without = (heading: string): readonly Row[] => rows.filter((row) => row[heading] === undefined);
const having = (heading: string): readonly Row[] => rows.filter((row) => row[heading] !== undefined);
const plain = (text = ''): string => text.replaceAll(/[\\`]/g, '');

describe('docs/conformance.md', () => {
  test('numbers its rows, each number once', () => {
    const ids = rows.map(({ id }) => id);
    expect(ids.filter((id) => !/^[A-Z]+-\d+(?:\.\d+)?-\d+$/.test(id ?? ''))).toEqual([]);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test('names files that there are', () => {
    const missing = having('where').flatMap(({ id, where = '' }) => {
      const files = namedFiles(where);
      return files.length === 0 ? [id] : files.filter((file) => !existsSync(join(ROOT, file)));
    });
    expect(missing).toEqual([]);
  });

  test('names tests that there are, at least one for each row', () => {
    const titles = new Map<string, readonly string[]>();
    const missing = having('test').flatMap(({ id, test: cell = '' }) =>
      namedTests(cell).flatMap(({ file, title }) => {
        if (title === '' || !existsSync(join(ROOT, file))) return [`${id}: ${cell}`];
        const known = titles.get(file) ?? titlesIn(readFileSync(join(ROOT, file), 'utf8'));
        titles.set(file, known);
        return known.some((one) => one.replaceAll('\\', '').includes(title)) ? [] : [`${id}: ${file}: ${title}`];
      }),
    );
    expect(missing).toEqual([]);
    const untested = without('test').filter(({ deviation }) => deviation === undefined);
    expect(untested).toEqual([]);
  });

  test('has every operation, with its action, element and faults', () => {
    const shown = having('operation').map(({ operation, action, request, faults }) => ({
      operation,
      action: plain(action),
      request,
      faults,
    }));
    const served = Object.entries<OperationSpec>(OPERATIONS).map(([operation, spec]) => ({
      operation,
      action: spec.action.replace(/^http:\/\/docs\.oasis-open\.org\/(?:wsn|wsrf)\//, ''),
      request: `${PREFIXES[spec.request.namespace] ?? '?'}:${spec.request.localName}`,
      faults: spec.faults.join(', ') || 'none declared',
    }));
    const byName = <T extends { operation?: string | undefined }>(all: readonly T[]): readonly T[] =>
      all.toSorted((one, other) => ((one.operation ?? '') < (other.operation ?? '') ? -1 : 1));
    expect(byName(shown)).toEqual(byName(served));
  });

  test('has every fault, with its element and whose it is', () => {
    const shown = having('fault').map(({ fault, element, whose }) => [fault, element, whose]);
    const specs = Object.entries<FaultSpec>(FAULT_SPECS).map(([name, { namespace, localName, role }]) => [
      name,
      `${PREFIXES[namespace] ?? '?'}:${localName}`,
      role,
    ]);
    expect(shown).toEqual(specs);
  });

  test('names no fault that there is not', () => {
    const localNames = new Set(Object.values<FaultSpec>(FAULT_SPECS).map(({ localName }) => localName));
    const named = having('otherwise').flatMap(({ otherwise = '' }) => otherwise.match(/\b[A-Z]\w+Fault\b/g) ?? []);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !localNames.has(name))).toEqual([]);
  });

  test('says of the faults that no file of src/ raises, and of no other, that they never are', () => {
    const never = having('fault').filter(({ when }) => when?.startsWith('never') === true);
    expect(never.length).toBeGreaterThan(0);
    const sources = filesBelow('src', '.ts').map((file) => readFileSync(join(ROOT, file), 'utf8'));
    const isRaised = ({ fault = '' }: Row): boolean => sources.some((text) => text.includes(`WsnFault('${fault}'`));
    expect(never.filter(isRaised)).toEqual([]);
    const unplaced = having('fault').filter((row) => row['where'] === '`wsn/fault-specs.ts`');
    expect(unplaced).toEqual(never);
  });

  test('has the deviations of the table in soap/tolerance.ts', () => {
    const accepted = Object.entries(DEVIATIONS).map(([name, { what, seenIn }]) => [name, what, seenIn]);
    const refused = Object.entries(REFUSED_DEVIATIONS).map(([name, one]) => [name, one.what, one.seenIn, one.because]);
    const shown = having('accepted').map((row) => [row['deviation'], row['accepted'], row['seen in']]);
    const shownRefused = having('refused').map((row) => [row['deviation'], row['refused'], row['seen in'], row['because']]); // prettier-ignore
    const readable = (cells: readonly (readonly (string | undefined)[])[]): string[][] =>
      cells.map((row) => row.map((cell) => plain(cell)));
    expect(readable(shown)).toEqual(readable(accepted));
    expect(readable(shownRefused)).toEqual(readable(refused));
  });

  test.skipIf(!existsSync(INVENTORY))(
    'has rows for every section of the inventory, and for each numbered point',
    () => {
      const text = readFileSync(INVENTORY, 'utf8');
      const sections = [...text.matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? /gm)].map(([, number = '']) => number);
      const leaves = sections.filter(
        (one) => Number(one) !== 1 && !sections.some((other) => other.startsWith(`${one}.`)),
      );
      const ids = new Set(rows.map(({ id = '' }) => id.replace(/^[A-Z]+-/, '')));
      expect(leaves.length).toBeGreaterThan(20);
      expect(leaves.filter((section) => ![...ids].some((id) => id.startsWith(`${section}-`)))).toEqual([]);
      const points = (section: number, pattern: RegExp): string[] => {
        const [, content = ''] = text.split(`\n## ${String(section)}. `);
        const numbers = [...(content.split('\n## ')[0] ?? '').matchAll(pattern)].map(([, number = '']) => number);
        return numbers.map((number) => `${String(section)}-${number}`);
      };
      const numbered = [...points(8, /(?:^|[.;] )(\d+)\. [A-Zdx]/gm), ...points(13, /^(\d+)\. /gm)];
      expect(numbered.length).toBeGreaterThan(30);
      expect(numbered.filter((point) => !ids.has(point))).toEqual([]);
    },
  );
});

test('titlesIn() finds titles, also behind each() and skipIf()', () => {
  const text = "describe('a', () => { it.each([['x']])('b %s', () => f('c')); test.skipIf(!d)(`e`, g); });";
  expect(titlesIn(text)).toEqual(['a', 'b %s', 'e']);
});
