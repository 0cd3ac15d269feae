import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesAll, TopicIndex } from '../../../src/engine/matching.ts';
import { CONCRETE_DIALECT, FULL_DIALECT, XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { compileTopicExpression } from '../../../src/wsn/topics/topic-expression.ts';
import type { TopicMatcher, TopicSelector } from '../../../src/wsn/topics/topic-matchers.ts';
import { topicPath } from '../../../src/wsn/topics/topic-path.ts';

const NAMESPACES = { t: 'urn:t', u: 'urn:u' };

/** In the place of a topic set: an expression selects the topics that its text ends with. */
const topics: TopicSelector = {
  check: () => undefined,
  select: ({ text }) => new Set(text === 'a[1]' ? ['a', '{urn:t}a'] : ['a/b']),
};

function compile(text: string, dialect = FULL_DIALECT): TopicMatcher {
  return compileTopicExpression({ dialect, text, namespaces: NAMESPACES }, topics);
}

const name = fc.constantFrom('a', 'b', 't:a', 't:b', 'u:a');
const root = fc.oneof(name, fc.constantFrom('*', 't:*', '//*', '//a', 't://*', 't://b'));
const child = fc
  .tuple(fc.constantFrom('/', '/', '//'), fc.oneof(name, fc.constantFrom('*', '.')))
  .map((parts) => parts.join(''));
const path = fc.tuple(root, fc.array(child, { maxLength: 3 })).map(([first, rest]) => first + rest.join(''));
const matcher = fc.oneof(
  { weight: 4, arbitrary: fc.array(path, { minLength: 1, maxLength: 3 }).map((paths) => compile(paths.join('|'))) },
  {
    weight: 2,
    arbitrary: fc
      .array(name, { minLength: 1, maxLength: 3 })
      .map((names) => compile(names.join('/'), CONCRETE_DIALECT)),
  },
  { weight: 1, arbitrary: fc.constantFrom('a[1]', 'a/b[1]').map((text) => compile(text, XPATH_DIALECT)) },
);
const matchers = fc.array(matcher, { maxLength: 3 });
const step = fc.record({ namespace: fc.constantFrom('', 'urn:t', 'urn:u'), localName: fc.constantFrom('a', 'b') });
const topic = fc.option(fc.array(step, { minLength: 1, maxLength: 5 }).map(topicPath), { nil: undefined });

function neverUndecided({ id }: { readonly id: number }): void {
  expect.fail(`${String(id)} is undecided`);
}

function found(index: TopicIndex<{ readonly id: number }>, one: string | undefined): number[] {
  const ids: number[] = [];
  index.match(one, ({ id }) => ids.push(id), neverUndecided);
  return ids.sort((left, right) => left - right);
}

describe('TopicIndex', () => {
  test('finds whom trying every matcher finds, each once, also after some have gone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ matchers, leaves: fc.boolean() }), { maxLength: 20 }),
        fc.array(topic, { maxLength: 8 }),
        (added, asked) => {
          const index = new TopicIndex<{ readonly id: number }>();
          const values = added.map((one, id) => ({ id, ...one }));
          const check = (present: typeof values): void => {
            for (const one of asked) {
              const expected = present.filter((value) => matchesAll(value.matchers, one)).map(({ id }) => id);
              expect(found(index, one)).toEqual(expected);
            }
          };
          for (const value of values) index.add(value, value.matchers);
          check(values);
          for (const value of values) if (value.leaves) index.remove(value, value.matchers);
          check(values.filter(({ leaves }) => !leaves));
          for (const value of values) if (value.leaves) index.add(value, value.matchers);
          check(values);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('asks no matcher that is alone and says what it selects', () => {
    const index = new TopicIndex<{ readonly id: number }>();
    for (const [id, text] of ['t:a', 't:a/*', '//b', 't:a|t:b//.', 't://*'].entries()) {
      const { exact, patterns } = compile(text);
      const matches = (): boolean => {
        throw new Error('Asked');
      };
      index.add({ id }, [
        { matches, ...(exact === undefined ? {} : { exact }), ...(patterns === undefined ? {} : { patterns }) },
      ]);
    }
    expect(found(index, '{urn:t}a/b')).toEqual([1, 2, 4]);
    expect(found(index, '{urn:t}b/c')).toEqual([3, 4]);
  });

  test('asks once for all that ask the same of the topic set, and no more when they are gone', () => {
    let asked = 0;
    const matcherOf = (key: string): TopicMatcher => ({ key, matches: () => (asked += 1) > 0 });
    const index = new TopicIndex<{ readonly id: number }>();
    const values = Array.from({ length: 10 }, (_, id) => ({ id, matchers: [matcherOf(`key ${id % 2}`)] }));
    for (const value of values) index.add(value, value.matchers);
    expect(found(index, 'a')).toHaveLength(10);
    expect(asked).toBe(2);
    for (const value of values) index.remove(value, value.matchers);
    expect(found(index, 'a')).toEqual([]);
    expect(asked).toBe(2);
  });

  test('looks at few of a hundred thousand patterns', () => {
    const index = new TopicIndex<{ readonly id: number }>();
    const { length } = Array.from({ length: 100_000 }, (_, id) => {
      const text = ['t:d#/*', 't:*/d#', '//d#', '*/d#//.'][id % 4]?.replace('#', String(id)) ?? '';
      index.add({ id }, [compile(text)]);
      return id;
    });
    expect(length).toBe(100_000);
    // Each of these would take minutes if every pattern were tried.
    for (let id = 0; id < 100_000; id += 4) {
      expect(found(index, `{urn:t}d${id}/d${id + 1}`)).toEqual([id, id + 1]);
      expect(found(index, `{urn:u}x/d${id + 3}/d${id + 2}`)).toEqual([id + 2, id + 3]);
    }
  });

  test('lets go of somebody who leaves while others are visited', () => {
    const index = new TopicIndex<{ readonly id: number }>();
    const values = [0, 1, 2].map((id) => ({ id }));
    const all = [compile('//a')];
    for (const value of values) index.add(value, all);
    const visited: number[] = [];
    const visit = ({ id }: { readonly id: number }): void => {
      visited.push(id);
      for (const value of values) index.remove(value, all);
    };
    index.match('a', visit, neverUndecided);
    expect(visited).toEqual([0]);
  });
});
