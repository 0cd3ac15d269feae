import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  XmlBufferInputProvider,
  XmlDocument,
  xmlCleanupInputProvider,
  xmlRegisterInputProvider,
  XsdValidator,
} from 'libxml2-wasm';
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
  singleTopic,
} from '../../../src/wsn/topics/topic-expression.ts';
import { topicPath, topicSteps } from '../../../src/wsn/topics/topic-path.ts';
import { hasOfficialSchemas } from '../../support/schema-validator.ts';
import { element } from '../soap/envelopes.ts';
import { wsnFault } from './wsn-fault.ts';

const NAMESPACES = { t: 'urn:t', u: 'urn:u' };
const compile = (text: string, dialect: string = CONCRETE_DIALECT): ReturnType<typeof compileTopicExpression> =>
  compileTopicExpression({ dialect, text, namespaces: NAMESPACES });

/** Whether the text is of that type of the official schema of WS-Topics. */
function isOfType(type: string, text: string): boolean {
  const wstop = 'http://docs.oasis-open.org/wsn/t-1';
  const schema = `<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:w="${wstop}">
    <x:import namespace="${wstop}" schemaLocation="t-1.xsd"/><x:element name="e" type="w:${type}"/></x:schema>`;
  const files = { 't-1.xsd': readFileSync(new URL('../../../../shared/oasis/t-1.xsd', import.meta.url)) };
  xmlRegisterInputProvider(new XmlBufferInputProvider(files));
  using parsed = XmlDocument.fromString(schema, { url: 'test.xsd' });
  using validator = XsdValidator.fromDoc(parsed);
  using document = XmlDocument.fromString(`<e xmlns:t="urn:t" xmlns:u="urn:u">${text}</e>`);
  try {
    validator.validate(document);
    return true;
  } catch {
    return false;
  } finally {
    xmlCleanupInputProvider();
  }
}

const name = fc.stringMatching(/^[A-Za-z_é][A-Za-z0-9_.é-]{0,8}$/);
const step = fc.record({ namespace: fc.constantFrom('', 'urn:a', 'urn:b/c', 'http://x/?y=1&z="<'), localName: name });
const steps = fc.array(step, { minLength: 1, maxLength: 6 });

// Simple, Concrete, Full: computed with the patterns of the official schema.
const VALIDITY: readonly [string, boolean, boolean, boolean][] = [
  ...['a', 't:a', 't:é'].map((text): [string, boolean, boolean, boolean] => [text, true, true, true]),
  ...['t:a/b', 't:a/u:b'].map((text): [string, boolean, boolean, boolean] => [text, false, true, true]),
  ...[
    't:a//b', 't:a/*', 't:a/*/c', 't:*', '*', 't://*', '//*', 't://b', 't://b/c', '//b', 't:a//.', 't:a/.', 't:a//*',
    't:a/./b', 't:a//./b', 't:a//u:b', 't:a/b|t:c', 'a|b|c',
  ].map((text): [string, boolean, boolean, boolean] => [text, false, false, true]),
  ...[
    't:a/b | t:c', '|a', 'a|', '/a', 'a/', 'a///b', '.', './a', '..', 'a/..', 't:a/u:*', 'a b', '', 'a:b:c', '1a', 't:a/1',
    't:a[1]', 't:a/@x', 't://t:b', '//t:b', 't:.',
  ].map((text): [string, boolean, boolean, boolean] => [text, false, false, false]),
]; // prettier-ignore

describe.skipIf(!hasOfficialSchemas)('the validity table', () => {
  test.each(VALIDITY)('%j is what the official schema says', (text, ...expected) => {
    const types = ['Simple', 'Concrete', 'Full'].map((dialect) => isOfType(`${dialect}TopicExpression`, text));
    expect(types).toEqual(expected);
  });
});

describe('the grammar of WS-Topics', () => {
  test.each(VALIDITY)('%j: Simple %j, Concrete %j, Full %j', (text, ...isValid) => {
    for (const [index, dialect] of [SIMPLE_DIALECT, CONCRETE_DIALECT, FULL_DIALECT].entries()) {
      if (isValid[index] === true) expect(compile(text, dialect).matches('')).toBe(false);
      else expect(wsnFault(() => compile(text, dialect)).fault).toBe('InvalidTopicExpressionFault');
    }
  });

  test.each(['  t:a  ', '\n\tt:a/b\r'])('%j: outer white space is none of it', (text) => {
    const read = readTopicExpression(element(`<T xmlns:t="urn:t" Dialect="${FULL_DIALECT}">${text}</T>`));
    expect(compileTopicExpression(read).exact).toBe(text.includes('b') ? '{urn:t}a/b' : '{urn:t}a');
  });

  test.each([
    ['a', true],
    ['t:a/b', true],
    ['t:a/u:b|t:c//.', true],
    ['t:a//.', true],
    ['t:a/*', false],
    ['t:a//*', false],
    ['t:*', false],
    ['*', false],
    ['//a', false],
    ['t:a//b', false],
    ['t:a/.', false],
    ['t:a//./b', false],
    ['t:a|', false],
    ['t://a', false],
    ['', false],
  ])('%j: ConcreteSet %j', (text, isValid) => {
    if (isValid) expect(compile(text, CONCRETE_SET_DIALECT).matches('')).toBe(false);
    else expect(wsnFault(() => compile(text, CONCRETE_SET_DIALECT)).fault).toBe('InvalidTopicExpressionFault');
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

  test.each([
    ['levels', 'a', '/a', 64],
    ['alternatives', 'a', '|a', 128],
    ['characters in namespaces', 'p:a', '/p:a', 16],
    ['characters in namespaces through which to look', 'p://a', '|p://a', 16],
  ])('refuses too many %s', (_what, first, further, most) => {
    const compileMany = (count: number): unknown => {
      const text = first + further.repeat(count - 1);
      return compileTopicExpression({ dialect: FULL_DIALECT, text, namespaces: { p: 'x'.repeat(1000) } });
    };
    expect(compileMany(most)).toBeDefined();
    expect(wsnFault(() => compileMany(most + 1)).fault).toBe('InvalidTopicExpressionFault');
  });

  test('refuses the prefixes whose namespaces cannot be declared for another', () => {
    const xml = element(`<T Dialect="${CONCRETE_DIALECT}">xml:a</T>`);
    expect(wsnFault(() => compileTopicExpression(readTopicExpression(xml))).message).toContain('reserved');
  });

  test.each(['urn:own', '', 'toString'])('does not know the dialect %j', (dialect) => {
    expect(wsnFault(() => compile('t:a', dialect)).fault).toBe('TopicExpressionDialectUnknownFault');
  });

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

describe('expressionKey()', () => {
  const keyOf = (text: string, dialect = FULL_DIALECT, namespaces: Record<string, string> = NAMESPACES): string =>
    expressionKey({ dialect, text, namespaces });

  test.each([
    ['t:a/*//b', 't:a//*/b'],
    ['t:a/b|c', 'c|t:a/b|c'],
    ['t:a/./b', 't:a/b'],
    ['t:a//*', 't:a/*//.'],
    ['//*//*', '//*'],
  ])('%s is as %s', (one, other) => {
    expect(keyOf(one)).toBe(keyOf(other));
  });

  test('does not depend on prefixes, in XPath too, where literals and axes are no prefixes', () => {
    expect(keyOf('q:a//*', FULL_DIALECT, { q: 'urn:t' })).toBe(keyOf('t:a//*', XPATH_DIALECT));
    const xpath = keyOf(`t:a[@x='t:a' or child::t:b]`, XPATH_DIALECT);
    expect(keyOf(`q:a[@x='t:a' or child::q:b]`, XPATH_DIALECT, { q: 'urn:t' })).toBe(xpath);
    expect(keyOf(`t:a[@x='q:a' or child::t:b]`, XPATH_DIALECT)).not.toBe(xpath);
    expect(keyOf(`u:a[@x='t:a' or child::u:b]`, XPATH_DIALECT)).not.toBe(xpath);
    expect(wsnFault(() => keyOf(`${'t:a or '.repeat(500)}b`, XPATH_DIALECT, { t: 'x'.repeat(50) })).message).toContain(
      'characters',
    );
  });
});

describe('singleTopic()', () => {
  test.each([
    [SIMPLE_DIALECT, 't:a'],
    [CONCRETE_DIALECT, 't:a/b'],
    [FULL_DIALECT, 't:a/./b'],
    [FULL_DIALECT, 't:a/b|t:a/b'],
    [XPATH_DIALECT, 't:a/b'],
    [CONCRETE_SET_DIALECT, 't:a/b'],
  ])('takes a path, whatever the dialect: %s %s', (dialect, text) => {
    expect(singleTopic({ dialect, text, namespaces: NAMESPACES })).toBe(text === 't:a' ? '{urn:t}a' : '{urn:t}a/b');
  });

  test.each([
    [FULL_DIALECT, 't:a/*', 'MultipleTopicsSpecifiedFault'],
    [FULL_DIALECT, 't:a|t:b', 'MultipleTopicsSpecifiedFault'],
    [CONCRETE_SET_DIALECT, 't:a//.', 'MultipleTopicsSpecifiedFault'],
    [XPATH_DIALECT, 't:a[1]', 'MultipleTopicsSpecifiedFault'],
    [FULL_DIALECT, 'x:a/*', 'InvalidTopicExpressionFault'],
    ['urn:own', 'a', 'TopicExpressionDialectUnknownFault'],
  ])('refuses others: %s %s', (dialect, text, fault) => {
    expect(wsnFault(() => singleTopic({ dialect, text, namespaces: NAMESPACES })).fault).toBe(fault);
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
