import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONCRETE_SET_DIALECT, FULL_DIALECT, XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { compileTopicExpression, expressionKey } from '../../../src/wsn/topics/topic-expression.ts';
import { overlaps, patternsOf, type TopicMatcher } from '../../../src/wsn/topics/topic-matchers.ts';
import { TopicModel } from '../../../src/wsn/topics/topic-model.ts';
import { exactPattern, patternsOverlap, selects } from '../../../src/wsn/topics/topic-pattern.ts';
import { topicPath, topicSteps } from '../../../src/wsn/topics/topic-path.ts';
import { TopicSet } from '../../../src/wsn/topics/topic-set.ts';
import { UnboundedXPath } from './topics-xpath.ts';
import { wsnFault } from './wsn-fault.ts';

const NAMESPACES = { tns: 'urn:1', tns2: 'urn:2' };
/** The set that the tables are about; t4 is none of the topics. */
const WORKED: Readonly<Record<string, string>> = {
  t1: '{urn:1}t1',
  't1/t2': '{urn:1}t1/t2',
  't1/t3': '{urn:1}t1/t3',
  't1/t3/t5': '{urn:1}t1/t3/t5',
  't1/x1': '{urn:1}t1/{urn:2}x1',
  't1/x1/t3': '{urn:1}t1/{urn:2}x1/t3',
  't4/t5': '{urn:1}t4/t5',
  't4/t5/t3': '{urn:1}t4/t5/t3',
};
const EVERY = Object.keys(WORKED);

function setOf(topics: Iterable<string>): TopicSet {
  const model = new TopicModel({ fixed: false, namespaces: [], permanent: topics });
  return new TopicSet({ model, xpath: new UnboundedXPath() });
}

function compile(text: string, dialect: string, topics?: TopicSet): TopicMatcher {
  return compileTopicExpression({ dialect, text, namespaces: NAMESPACES }, topics);
}

function selected(text: string, dialect: string): string[] {
  const matcher = compile(text, dialect, setOf(Object.values(WORKED)));
  return EVERY.filter((short) => matcher.matches(WORKED[short] ?? ''));
}

const WORKED_EXAMPLES: readonly [string, readonly string[]][] = [
  ['tns:t1', ['t1']],
  ['tns:t1/*', ['t1/t2', 't1/t3', 't1/x1']],
  ['tns:t1//.', ['t1', 't1/t2', 't1/t3', 't1/t3/t5', 't1/x1', 't1/x1/t3']],
  ['tns:t1//*', ['t1/t2', 't1/t3', 't1/t3/t5', 't1/x1', 't1/x1/t3']],
  ['tns:t1//t3', ['t1/t3', 't1/x1/t3']],
  ['tns:t1/*/t3', ['t1/x1/t3']],
  ['tns:*', ['t1']],
  ['*', ['t1']],
  ['//*', EVERY],
  ['//t3', ['t1/t3', 't1/x1/t3', 't4/t5/t3']],
  ['tns:t4', []],
  ['tns:t4//.', ['t4/t5', 't4/t5/t3']],
  ['tns:t1/tns2:x1', ['t1/x1']],
  ['tns2:x1', []],
  ['tns:t1/.', ['t1']],
  ['tns:t1//./t5', ['t1/t3/t5']],
  ['tns:t1/t2|tns:t4/t5', ['t1/t2', 't4/t5']],
  ['//*/t3', ['t1/t3', 't1/x1/t3', 't4/t5/t3']],
];

describe('the worked set', () => {
  test.each(WORKED_EXAMPLES)('%s in Full and XPath', (text, expected) => {
    expect(selected(text, FULL_DIALECT)).toEqual(expected);
    expect(selected(text, XPATH_DIALECT)).toEqual(expected);
    // The same again by the XPath library alone.
    const key = 'by the library';
    const all = setOf(Object.values(WORKED)).select({ dialect: XPATH_DIALECT, text, namespaces: NAMESPACES }, key)!;
    expect(EVERY.filter((short) => all.has(WORKED[short] ?? ''))).toEqual(expected);
  });

  test.each([
    ['tns://*', EVERY],
    ['tns2://*', ['t1/x1', 't1/x1/t3']],
    ['tns://t3', ['t1/t3', 't1/x1/t3', 't4/t5/t3']],
    ['tns2://t3', ['t1/x1/t3']],
    ['tns2://x1', ['t1/x1']],
    ['tns://t1', ['t1']],
    ['tns://t5/t3', ['t4/t5/t3']],
    ['tns2://*/t3', ['t1/x1/t3']],
  ])('%s is Full alone', (text, expected) => {
    expect(selected(text, FULL_DIALECT)).toEqual(expected);
    expect(wsnFault(() => selected(text, XPATH_DIALECT)).fault).toBe('InvalidTopicExpressionFault');
  });

  test.each([
    ['//tns2:x1', ['t1/x1']],
    ['tns:t1/tns2:*', ['t1/x1']],
    ['tns:t1/t2 | tns:t4/t5', ['t1/t2', 't4/t5']],
    ['tns:t1[t2]', ['t1']],
    ['tns:t1/*[last()]', ['t1/x1']],
    ['//t3/..', ['t1', 't1/x1', 't4/t5']],
    ['/*/tns:t1', ['t1']],
    ['descendant::t3', ['t1/t3', 't1/x1/t3', 't4/t5/t3']],
    ['tns:t1/@*', []],
    ['count(//*)', []],
    ["'tns:t1'", []],
    ['true()', []],
    ['.', []],
    ['tns:t1/text()', []],
    ['unknown-function()', []],
  ])('%s is XPath alone', (text, expected) => {
    if (text === 'unknown-function()') {
      expect(wsnFault(() => selected(text, XPATH_DIALECT)).fault).toBe('InvalidTopicExpressionFault');
      return;
    }
    expect(selected(text, XPATH_DIALECT)).toEqual(expected);
    expect(wsnFault(() => selected(text, FULL_DIALECT)).fault).toBe('InvalidTopicExpressionFault');
  });

  test.each(['x:a', 'x:a[1]', 'tns:t1[', '', 'a b', '//'])('%j is refused in XPath', (text) => {
    expect(wsnFault(() => selected(text, XPATH_DIALECT)).fault).toBe('InvalidTopicExpressionFault');
  });

  test.each([
    ['tns:t1//.', ['t1', 't1/t2', 't1/t3', 't1/t3/t5', 't1/x1', 't1/x1/t3']],
    ['tns:t1/t3//.|tns:t4/t5', ['t1/t3', 't1/t3/t5', 't4/t5']],
    ['tns:t1/tns2:x1', ['t1/x1']],
  ])('%s in ConcreteSet', (text, expected) => {
    expect(selected(text, CONCRETE_SET_DIALECT)).toEqual(expected);
  });

  test('names without prefix are in no namespace, an asterisk is in any, and what comes later is covered', () => {
    expect(compile('t1', FULL_DIALECT).matches('{urn:1}t1')).toBe(false);
    expect(compile('tns:t1/x1', FULL_DIALECT).matches('{urn:1}t1/{urn:2}x1')).toBe(false);
    expect(compile('tns:t1/*', FULL_DIALECT).matches('{urn:1}t1/{urn:9}later')).toBe(true);
    expect(compile('tns:*', FULL_DIALECT).matches('{urn:1}later')).toBe(true);
    expect(compile('tns:t1', FULL_DIALECT).matches('{urn:1}t12')).toBe(false);
    expect(compile('tns:t1/*', FULL_DIALECT).matches('{urn:1}t12/a')).toBe(false);
  });

  test('without a topic set, XPath that needs it selects everything', () => {
    expect(compile('tns:t1[t2]', XPATH_DIALECT).matches('{urn:9}other')).toBe(true);
  });
});

const names = ['a', 'b', 'tns:a', 'tns:b', 'tns2:a'];
const prefixes = ['', '', '/'];
const root = fc.oneof(fc.constantFrom(...names, '*', 'tns:*', '//*', '//a', '//b'));
const child = fc.tuple(fc.constantFrom(...prefixes), fc.constantFrom(...names, '*', '.'));
const path = fc
  .tuple(root, fc.array(child, { maxLength: 4 }))
  .map(([first, rest]) => first + rest.map(([slash, name]) => `/${slash}${name}`).join(''));
const full = fc.array(path, { minLength: 1, maxLength: 3 }).map((paths) => paths.join('|'));
const throughPath = fc.tuple(
  fc.constantFrom('tns://', 'tns2://'),
  fc.constantFrom('a', 'b', '*'),
  fc.array(child, { maxLength: 2 }),
);
const through = throughPath.map(([first, name, rest]) => first + name + rest.map(([s, n]) => `/${s}${n}`).join(''));
const step = fc.record({ namespace: fc.constantFrom('', 'urn:1', 'urn:2'), localName: fc.constantFrom('a', 'b') });
const topic = fc.array(step, { minLength: 1, maxLength: 5 }).map(topicPath);
const runs = { numRuns: 300 };

describe('patterns', () => {
  test('select what XPath selects of any topic set', () => {
    fc.assert(
      fc.property(full, fc.array(topic, { maxLength: 12 }), (text, topics) => {
        const set = setOf(topics);
        const matcher = compile(text, FULL_DIALECT);
        const bySet = set.select({ dialect: XPATH_DIALECT, text, namespaces: NAMESPACES }, 'by the library')!;
        expect(set.all().filter((one) => matcher.matches(one))).toEqual(set.all().filter((one) => bySet.has(one)));
        expect(compile(text, XPATH_DIALECT).key).toBeUndefined();
      }),
      runs,
    );
  });

  test('of a whole namespace select as the rewritten XPath does', () => {
    const rewritten = (text: string): string =>
      text.replace(/^(\w+):\/\/(\*|\w+)/, (_all, prefix: string, name: string) =>
        name === '*'
          ? `//${prefix}:*/descendant-or-self::*`
          : `(//${prefix}:${name}|//${prefix}:*/descendant-or-self::${name})`,
      );
    fc.assert(
      fc.property(through, fc.array(topic, { maxLength: 12 }), (text, topics) => {
        const set = setOf(topics);
        const matcher = compile(text, FULL_DIALECT);
        const expression = { dialect: XPATH_DIALECT, text: rewritten(text), namespaces: NAMESPACES };
        const bySet = set.select(expression, 'by the library')!;
        expect(set.all().filter((one) => matcher.matches(one))).toEqual(set.all().filter((one) => bySet.has(one)));
      }),
      runs,
    );
  });

  test('have the same key only if they select the same', () => {
    fc.assert(
      fc.property(full, full, topic, (one, other, found) => {
        const [left, right] = [one, other].map((text) => ({ dialect: FULL_DIALECT, text, namespaces: NAMESPACES }));
        if (left === undefined || right === undefined || expressionKey(left) !== expressionKey(right)) return;
        expect(compileTopicExpression(left).matches(found)).toBe(compileTopicExpression(right).matches(found));
      }),
      { numRuns: 2_000 },
    );
  });

  test('take no more than a moment for what makes others search for long', () => {
    const text = `${'//a'.repeat(63)}//b`;
    expect(compile(text, FULL_DIALECT).matches(`${'a/'.repeat(63)}a`)).toBe(false);
    expect(compile(text, FULL_DIALECT).matches(`${'a/'.repeat(63)}b`)).toBe(true);
  });
});

describe('overlaps()', () => {
  test.each([
    ['tns:a/*', 'tns:*/b', true],
    ['tns:a/*', 'tns:b/*', false],
    ['tns:a//.', 'tns:a/b/a', true],
    ['tns:a/*', 'tns:a', false],
    ['//b', '*', true],
    ['*/*', '*', false],
    ['tns:a//b', '//a', false],
    ['tns:a//b//.', '//a', true],
    ['a|b', 'tns:a|b', true],
  ])('%s and %s: %j', (one, other, expected) => {
    expect(overlaps(compile(one, FULL_DIALECT), compile(other, FULL_DIALECT))).toBe(expected);
    expect(overlaps(compile(other, FULL_DIALECT), compile(one, FULL_DIALECT))).toBe(expected);
  });

  test('is true where it depends on the topic set', () => {
    expect(overlaps(compile('a[b]', XPATH_DIALECT), compile('b/*', FULL_DIALECT))).toBe(true);
  });

  test('is true of whatever select the same topic', () => {
    fc.assert(
      fc.property(full, full, topic, (one, other, found) => {
        const [left, right] = [compile(one, FULL_DIALECT), compile(other, FULL_DIALECT)];
        if (left.matches(found) && right.matches(found)) expect(overlaps(left, right)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a pattern and one topic is whether it selects it', () => {
    fc.assert(
      fc.property(full, topic, (text, found) => {
        for (const pattern of patternsOf(compile(text, FULL_DIALECT)) ?? []) {
          const steps = topicSteps(found);
          expect(patternsOverlap(pattern, exactPattern(steps))).toBe(selects(pattern, steps));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
