import { describe, expect, test } from 'vitest';
import { SharedFilters } from '../../../src/engine/shared-filters.ts';
import type { Filter, FilterExpression } from '../../../src/wsn/messages.ts';
import { CONCRETE_DIALECT, FULL_DIALECT, XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';

interface One {
  readonly name: string;
  slot: number;
}

const NAMESPACES = { t: 'urn:t' };
const said = (text: string, dialect = CONCRETE_DIALECT, namespaces: FilterExpression['namespaces'] = NAMESPACES) => ({
  dialect,
  text,
  namespaces: { ...namespaces },
});
const filterOf = (rest: Partial<Filter> = {}): Filter => ({ topics: [said('t:a/b')], ...rest });
const content = (text: string): FilterExpression => ({ dialect: XPATH_DIALECT, text, namespaces: {} });
const filters = (): SharedFilters<One> =>
  new SharedFilters({ check: () => undefined, select: () => expect.fail('nobody asks') });

describe('SharedFilters', () => {
  test('gives the equal one that is in use, and never one that only means the same', () => {
    const all = filters();
    const different: readonly Filter[] = [
      filterOf(),
      filterOf({ topics: [said('t:a/b', FULL_DIALECT)] }),
      filterOf({ topics: [said('t:a/b', CONCRETE_DIALECT, { t: 'urn:other' })] }),
      filterOf({ topics: [said('t:a/b', CONCRETE_DIALECT, { t: 'urn:t', u: 'urn:u' })] }),
      filterOf({ contents: [content('/a')] }),
      filterOf({ contents: [content('/b')] }),
      filterOf({ queries: [{ id: 'q', element: '<q/>' }] }),
      filterOf({ producerProperties: [content('/a')] }),
    ];
    const compiled = different.map((filter) => all.compiled(filter));
    expect(new Set(compiled).size).toBe(different.length);
    for (const shared of compiled) all.keep(shared);
    for (const [index, filter] of different.entries()) {
      const equal = structuredClone(filter);
      expect(all.compiled(equal)).toBe(compiled[index]);
    }
    for (const [index, shared] of compiled.entries()) {
      all.drop(shared);
      expect(all.compiled(shared.filter)).not.toBe(shared);
      for (const later of compiled.slice(index + 1)) expect(all.compiled(later.filter)).toBe(later);
    }
  });

  test('looks at a few of one text only, whatever others ask for', () => {
    const all = filters();
    const many = Array.from({ length: 100 }, (_, at) => all.compiled(filterOf({ contents: [content(`/a${at}`)] })));
    for (const shared of many) all.keep(shared);
    const found = many.filter((shared) => all.compiled(shared.filter) === shared);
    expect(found.length).toBe(8);
    for (const shared of many) all.drop(shared);
    expect(many.filter((shared) => all.compiled(shared.filter) === shared)).toEqual([]);
  });

  test('one that was compiled twice before it was in use is found once', () => {
    const all = filters();
    const [first, second] = [all.compiled(filterOf()), all.compiled(filterOf())];
    expect(second).not.toBe(first);
    all.keep(first);
    all.keep(second);
    all.keep(first);
    all.drop(second);
    expect(all.compiled(filterOf())).toBe(first);
    all.drop(first);
    expect(all.compiled(filterOf())).not.toBe(first);
  });

  test('refuses what is not understood', () => {
    expect(() => filters().compiled({ topics: [said('a b')] })).toThrow("'a b'");
    expect(() => filters().compiled({ topics: [], contents: [said('1')] })).toThrow('dialect');
  });
});

describe('SharedFilter', () => {
  test('knows its members, in whatever order they come and go', () => {
    const shared = filters().compiled(filterOf());
    const members = Array.from({ length: 5 }, (_, at): One => ({ name: `m${at}`, slot: 0 }));
    const names = (): string[] => {
      const found: string[] = [];
      shared.each(({ name }) => found.push(name));
      return found.sort();
    };
    expect([shared.isUnused, names()]).toEqual([true, []]);
    for (const member of members) shared.add(member);
    expect([shared.isUnused, names()]).toEqual([false, ['m0', 'm1', 'm2', 'm3', 'm4']]);
    const left = new Set(members);
    for (const at of [1, 4, 0, 3, 2]) {
      const gone = members[at];
      if (gone === undefined) continue;
      shared.remove(gone);
      shared.remove(gone);
      left.delete(gone);
      expect(names()).toEqual([...left].map(({ name }) => name));
    }
    expect(shared.isUnused).toBe(true);
  });
});
