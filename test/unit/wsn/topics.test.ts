import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalDialect,
  CONCRETE_DIALECT,
  CONCRETE_SET_DIALECT,
  FULL_DIALECT,
  SIMPLE_DIALECT,
  XPATH_DIALECT,
} from '../../../src/wsn/topics/dialects.ts';
import { readTopic, readTopicExpression } from '../../../src/wsn/topics/read-topic.ts';
import {
  compileTopicExpression,
  concretePath,
  expressionKey,
  formatTopic,
} from '../../../src/wsn/topics/topic-expression.ts';
import { topicPath, topicSteps } from '../../../src/wsn/topics/topic-path.ts';
import { element } from '../soap/envelopes.ts';
import { wsnFault } from './wsn-fault.ts';

const NAMESPACES = { t: 'urn:t', u: 'urn:u' };
const compile = (text: string, dialect: string = CONCRETE_DIALECT): ReturnType<typeof compileTopicExpression> =>
  compileTopicExpression({ dialect, text, namespaces: NAMESPACES });

const name = fc.stringMatching(/^[A-Za-z_é][A-Za-z0-9_.é-]{0,8}$/);
const step = fc.record({ namespace: fc.constantFrom('', 'urn:a', 'urn:b/c', 'http://x/?y=1&z="<'), localName: name });
const steps = fc.array(step, { minLength: 1, maxLength: 6 });

describe('the grammar of WS-Topics', () => {
  // Computed with the patterns of the official schema; the columns are Simple and Concrete.
  test.each([
    ['a', true, true],
    ['t:a', true, true],
    ['t:é', true, true],
    ['t:a/b', false, true],
    ['t:a/u:b', false, true],
    ...[
      't:a//b',
      't:a/*',
      't:a/*/c',
      't:*',
      '*',
      't://*',
      '//*',
      't://b',
      't://b/c',
      '//b',
      't:a//.',
      't:a/.',
      't:a//*',
      't:a/./b',
      't:a//./b',
      't:a//u:b',
      't:a/b|t:c',
      'a|b|c',
      't:a/b | t:c',
      '|a',
      'a|',
      '/a',
      'a/',
      'a///b',
      '.',
      './a',
      '..',
      'a/..',
      't:a/u:*',
      'a b',
      '',
      'a:b:c',
      '1a',
      't:a/1',
      't:a[1]',
      't:a/@x',
      't://t:b',
      '//t:b',
      't:.',
    ].map((text): [string, boolean, boolean] => [text, false, false]),
  ])('%j: Simple %j, Concrete %j', (text, isSimple, isConcrete) => {
    for (const [dialect, isValid] of [
      [SIMPLE_DIALECT, isSimple],
      [CONCRETE_DIALECT, isConcrete],
    ] as const) {
      if (isValid) expect(compile(text, dialect).exact).toBeDefined();
      else expect(wsnFault(() => compile(text, dialect)).fault).toBe('InvalidTopicExpressionFault');
    }
  });

  test.each(['x:a', 't:a/x:b', 'toString:a', '__proto__:a', 'xml:a'])(
    'refuses %s: the prefix is not declared',
    (text) => {
      const fault = wsnFault(() => compile(text));
      expect(fault.fault).toBe('InvalidTopicExpressionFault');
      expect(fault.message).toMatch(/the prefix '\w+', which is not declared/);
    },
  );

  test('refuses braces in namespaces, which would make paths ambiguous', () => {
    const expression = { dialect: CONCRETE_DIALECT, text: 'p:a', namespaces: { p: 'urn:}x' } };
    expect(wsnFault(() => compileTopicExpression(expression)).fault).toBe('InvalidTopicExpressionFault');
  });

  test('refuses endless expressions without repeating them', () => {
    const fault = wsnFault(() => compile('a/'.repeat(3000)));
    expect(fault.message.length).toBeLessThan(400);
  });

  test.each([FULL_DIALECT, XPATH_DIALECT, CONCRETE_SET_DIALECT, 'urn:own', ''])(
    'does not know the dialect %j',
    (dialect) => {
      expect(wsnFault(() => compile('t:a', dialect)).fault).toBe('TopicExpressionDialectUnknownFault');
    },
  );

  test('takes the dialect names of the field', () => {
    expect(compile('t:a', 'http://docs.oasis-open.org/wsn/t1/TopicExpression/Simple').exact).toBe('{urn:t}a');
    expect(compile('t:a', 'http://docs.oasis-open.org/wsn/2004/06/TopicExpression/Simple').exact).toBe('{urn:t}a');
    expect(canonicalDialect('http://docs.oasis-open.org/wsnt/t-1/TopicExpression/ConcreteSet')).toBe(
      CONCRETE_SET_DIALECT,
    );
    expect(canonicalDialect('toString')).toBe('toString');
  });
});

describe('matching', () => {
  test('selects exactly the topic itself', () => {
    const matcher = compile('t:a/b');
    expect(matcher.exact).toBe('{urn:t}a/b');
    expect(matcher.matches('{urn:t}a/b')).toBe(true);
    for (const other of ['{urn:t}a', '{urn:t}a/b/c', '{urn:u}a/b', 'a/b', '{urn:t}a/{urn:t}b', '']) {
      expect(matcher.matches(other)).toBe(false);
    }
  });

  test('takes names without prefix as in no namespace, whatever the default namespace is', () => {
    const expression = { dialect: SIMPLE_DIALECT, text: 'a', namespaces: { '': 'urn:default' } };
    expect(compileTopicExpression(expression).exact).toBe('a');
  });

  test('expressionKey() is equal for the same topic in other prefixes and dialects, and differs for others', () => {
    const key = expressionKey({ dialect: SIMPLE_DIALECT, text: 't:a', namespaces: NAMESPACES });
    expect(expressionKey({ dialect: CONCRETE_DIALECT, text: 'p:a', namespaces: { p: 'urn:t' } })).toBe(key);
    expect(expressionKey({ dialect: CONCRETE_DIALECT, text: 'u:a', namespaces: NAMESPACES })).not.toBe(key);
  });
});

describe('formatTopic()', () => {
  test('makes prefixes up, one a namespace, never the default one', () => {
    expect(formatTopic('{urn:t}a/b/{urn:u}c/{urn:t}d')).toEqual({
      dialect: CONCRETE_DIALECT,
      text: 'tns1:a/b/tns2:c/tns1:d',
      namespaces: { tns1: 'urn:t', tns2: 'urn:u' },
    });
    expect(formatTopic('a/b', FULL_DIALECT)).toEqual({ dialect: FULL_DIALECT, text: 'a/b', namespaces: {} });
  });

  test("keeps the subscriber's dialect, but labels no path as Simple", () => {
    expect(formatTopic('{urn:t}a', SIMPLE_DIALECT).dialect).toBe(SIMPLE_DIALECT);
    expect(formatTopic('{urn:t}a/b', SIMPLE_DIALECT).dialect).toBe(CONCRETE_DIALECT);
  });

  test('is the inverse of compiling, for every topic', () => {
    fc.assert(
      fc.property(steps, (path) => {
        const topic = topicPath(path);
        expect(topicSteps(topic)).toEqual(path);
        expect(compileTopicExpression(formatTopic(topic)).exact).toBe(topic);
      }),
    );
  });

  test('gives different topics different strings', () => {
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        expect(topicPath(one) === topicPath(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });
});

describe('readTopicExpression()', () => {
  test('keeps dialect, trimmed text and the namespaces of the prefixes that it uses', () => {
    const read = readTopicExpression(
      element(
        `<o xmlns:a="urn:a" xmlns:b="urn:b" xmlns:c="urn:c"><T Dialect=" urn:d ">\n a:x/y|b:z \t</T></o>`,
      ).children()[0] ?? element('<x/>'),
    );
    expect(read).toEqual({ dialect: 'urn:d', text: 'a:x/y|b:z', namespaces: { a: 'urn:a', b: 'urn:b' } });
  });

  test('leaves undeclared prefixes out, takes dialect in lower case and none', () => {
    expect(readTopicExpression(element('<T dialect="urn:d">x:a</T>'))).toEqual({
      dialect: 'urn:d',
      text: 'x:a',
      namespaces: {},
    });
    expect(readTopicExpression(element('<T>a</T>')).dialect).toBe(CONCRETE_DIALECT);
  });

  test('passes over the predicate that every topic fulfils', () => {
    const xml = `<T xmlns:t="urn:t" Dialect="${CONCRETE_DIALECT}">t:a/b[@wstop:topic='true']</T>`;
    expect(concretePath(readTopicExpression(element(xml)))).toBe('{urn:t}a/b');
    const other = readTopicExpression(element(`<T Dialect="${CONCRETE_DIALECT}">a[@wstop:topic='false']</T>`));
    expect(wsnFault(() => concretePath(other)).fault).toBe('InvalidTopicExpressionFault');
  });

  test('refuses elements inside, and endless text at once', () => {
    expect(wsnFault(() => readTopicExpression(element('<T>a<b/></T>'))).fault).toBe('InvalidTopicExpressionFault');
    const long = element(`<T>${'a'.repeat(20_000)}</T>`);
    expect(wsnFault(() => readTopicExpression(long)).fault).toBe('InvalidTopicExpressionFault');
  });
});

describe('readTopic()', () => {
  test.each([SIMPLE_DIALECT, CONCRETE_DIALECT, FULL_DIALECT, XPATH_DIALECT, CONCRETE_SET_DIALECT, 'xsd:anyURI', ''])(
    'reads a path labelled %j',
    (dialect) => {
      expect(readTopic(element(`<Topic xmlns:t="urn:t" Dialect="${dialect}"> t:a/b\n</Topic>`))).toBe('{urn:t}a/b');
    },
  );

  test('reads an empty element as no topic', () => {
    expect(readTopic(element('<Topic> </Topic>'))).toBeUndefined();
  });

  test('refuses wildcards, undeclared prefixes and unknown dialects', () => {
    const faultFor = (xml: string): string => wsnFault(() => readTopic(element(xml))).fault;
    expect(faultFor(`<Topic Dialect="${FULL_DIALECT}">a/*</Topic>`)).toBe('InvalidTopicExpressionFault');
    expect(faultFor(`<Topic Dialect="${CONCRETE_DIALECT}">x:a</Topic>`)).toBe('InvalidTopicExpressionFault');
    expect(faultFor('<Topic Dialect="urn:own">a</Topic>')).toBe('TopicExpressionDialectUnknownFault');
  });
});
