import fc from 'fast-check';
import { XmlDocument } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import { readXml } from '../../../src/xml/reader.ts';
import { FULL_DIALECT, XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import type { TopicExpression } from '../../../src/wsn/messages.ts';
import { readTopicSet } from '../../../src/wsn/topics/read-topic-set.ts';
import { compileTopicExpression } from '../../../src/wsn/topics/topic-expression.ts';
import { TopicModel, type RootTopic, type TopicNamespace } from '../../../src/wsn/topics/topic-model.ts';
import { topicPath } from '../../../src/wsn/topics/topic-path.ts';
import { TopicSet, type TopicSetLimits } from '../../../src/wsn/topics/topic-set.ts';
import { loadOfficialSchemas } from '../../support/schema-validator.ts';
import { UnboundedXPath } from './topics-xpath.ts';
import { wsnFault } from './wsn-fault.ts';

const schemas = await loadOfficialSchemas();

function growing(
  permanent: readonly string[] = [],
  limits: Partial<TopicSetLimits> = {},
): { set: TopicSet; xpath: UnboundedXPath } {
  const xpath = new UnboundedXPath();
  return {
    set: new TopicSet({ model: new TopicModel({ fixed: false, namespaces: [], permanent }), xpath, limits }),
    xpath,
  };
}

function expression(text: string, dialect = FULL_DIALECT): TopicExpression {
  return { dialect, text, namespaces: { tns1: 'urn:1', tns2: 'urn:2' } };
}

function topicsIn(xml: string): string[] {
  const problems: string[] = [];
  const topics = readTopicSet(readXml(Buffer.from(xml)).root, (_element, message) => problems.push(message));
  expect(problems).toEqual([]);
  return topics.map(({ names }) => topicPath(names));
}

describe('TopicSet', () => {
  test('grows by use, each topic once', () => {
    const { set } = growing(['{urn:1}a']);
    expect(set.add('{urn:1}b/c')).toBe(true);
    expect(set.add('{urn:1}b/c')).toBe(false);
    expect(set.add('{urn:1}a')).toBe(false);
    expect(set.revision).toBe(1);
    expect(set.all()).toEqual(['{urn:1}a', '{urn:1}b/c']);
    expect(set.grown()).toEqual(['{urn:1}b/c']);
    // What is around a topic is none itself.
    expect(set.has('{urn:1}b')).toBe(false);
  });

  test.each([
    ['topics', { maxTopics: 2 }],
    ['characters', { maxCharacters: 4 }],
  ])('takes in no more %s than allowed', (_what, limits) => {
    const { set } = growing(['permanent'], limits);
    expect(['aa', 'bb', 'cc'].map((topic) => set.add(topic))).toEqual([true, true, false]);
    expect(set.all()).toEqual(['permanent', 'aa', 'bb']);
    expect(set.revision).toBe(2);
  });

  test('writes what it can read', () => {
    const topics = [
      '{urn:1}a',
      '{urn:1}a/b',
      '{urn:1}a/b/{urn:2}x/y',
      '{http://x/?y=1&z=2}c/d',
      '{urn:2}z/{urn:1}a/b',
      '{../x}e',
    ];
    const { set } = growing(topics.slice(0, 2));
    for (const topic of topics.slice(2)) set.add(topic);
    expect(topicsIn(set.toXml()).sort()).toEqual([...topics].sort());
    using document = XmlDocument.fromString(set.toXml());
    expect(document.root.name).toBe('TopicSet');
  });

  test('is not spoilt by namespaces that XML processors refuse', () => {
    const { set } = growing(['{urn:1}a']);
    for (const bad of ['no uri', 'urn:é', '%', 'urn:a#b#c', 'http://a@b@c', '1:x', 'urn:<&">']) {
      expect(set.add(`{${bad}}b`)).toBe(true);
      expect(set.add(`{urn:1}a/{${bad}}b`)).toBe(true);
    }
    expect(topicsIn(set.toXml())).toEqual(['{urn:1}a']);
    expect([...set.select(expression('*[1]', XPATH_DIALECT))!]).toEqual(['{urn:1}a']);
  });

  test('writes nothing that an XML processor refuses, whatever the namespaces are', () => {
    const character = fc.constantFrom(...'ab1:/?#@%2é.-_~&<"\' []^|'.split(''));
    const text = fc.string({ unit: character, minLength: 1, maxLength: 8 });
    const namespace = fc
      .tuple(fc.constantFrom('', 'urn:', 'http:', 'http://', 'x+y:'), text)
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(namespace, (found) => {
        const { set } = growing([`{${found}}a`]);
        using document = XmlDocument.fromString(set.toXml());
        expect(document.root.name).toBe('TopicSet');
      }),
      { numRuns: 2_000 },
    );
  });

  test('writes no default namespace, and prefixes where they are needed only', () => {
    const { set } = growing(['{urn:1}a/b', '{urn:1}a/{urn:2}x']);
    expect(set.toXml()).toBe(
      '<wstop:TopicSet xmlns:wstop="http://docs.oasis-open.org/wsn/t-1"><tns1:a xmlns:tns1="urn:1">' +
        '<b wstop:topic="true"/><tns2:x xmlns:tns2="urn:2" wstop:topic="true"/></tns1:a></wstop:TopicSet>',
    );
  });

  test.skipIf(schemas === undefined)('is valid by the official schema, and so without ad-hoc root topics', () => {
    const { set } = growing(['{urn:1}a', 'adhoc/b', '{http://docs.oasis-open.org/wsn/t-1}own', '{urn:1}a/{urn:2}x/y']);
    expect(schemas?.validate(Buffer.from(set.toXml()))).toEqual([]);
    expect(topicsIn(set.toXml())).toEqual(['{urn:1}a', '{urn:1}a/{urn:2}x/y']);
    expect(schemas?.validate(Buffer.from(set.toXml().replace('tns1:a', 'a').replace('/tns1:a', '/a')))).not.toEqual([]);
  });
});

describe('select()', () => {
  test('sees what came later, ad-hoc topics too, and asks once for each revision', () => {
    const { set, xpath } = growing(['{urn:1}a']);
    const matcher = compileTopicExpression(expression('tns1:a[b]|c[1]', XPATH_DIALECT), set);
    expect(matcher.matches('{urn:1}a')).toBe(false);
    expect(matcher.matches('{urn:1}a')).toBe(false);
    expect(xpath.evaluations).toBe(1);
    set.add('{urn:1}a/b');
    set.add('c');
    expect(matcher.matches('{urn:1}a')).toBe(true);
    expect(matcher.matches('c')).toBe(true);
    const same = { dialect: XPATH_DIALECT, text: 'p:a[b]|c[1]', namespaces: { p: 'urn:1' } };
    expect([...set.select(same)!]).toEqual(['{urn:1}a', 'c']);
    expect(xpath.evaluations).toBe(2);
  });

  test('keeps no more in memory than allowed, and still answers', () => {
    const { set, xpath } = growing(['{urn:1}a', '{urn:1}b'], { maxSelected: 4 });
    const select = (text: string): string[] => [...set.select(expression(text, XPATH_DIALECT))!];
    expect(select('*[1]')).toEqual(['{urn:1}a']);
    expect(select('*[2]')).toEqual(['{urn:1}b']);
    expect(select('*[2]')).toEqual(['{urn:1}b']);
    expect(xpath.evaluations).toBe(2);
    expect(select('*[position()<3]')).toEqual(['{urn:1}a', '{urn:1}b']);
    expect(select('*[1]')).toEqual(['{urn:1}a']);
    expect(xpath.evaluations).toBe(4);
  });
});

function rootTopic(facts: Partial<RootTopic> = {}): RootTopic {
  return { isFinal: false, messageTypes: undefined, children: new Map(), parent: undefined, ...facts };
}

/** The example of WS-Topics §8.5: A is final, B is not, and the namespace is. */
const TNS1: TopicNamespace = {
  targetNamespace: 'urn:1',
  isFinal: true,
  roots: new Map([
    ['A', rootTopic({ isFinal: true, messageTypes: [{ namespace: 'urn:m', localName: 'M' }] })],
    ['B', rootTopic({ children: new Map([['C', rootTopic({ isFinal: true })]]) })],
  ]),
};
const TNS2: TopicNamespace = {
  targetNamespace: 'urn:2',
  isFinal: false,
  roots: new Map([
    ['x', rootTopic({ parent: '{urn:1}B' })],
    ['r', rootTopic()],
  ]),
};

function modelOf(fixed: boolean): TopicModel {
  return new TopicModel({ fixed, namespaces: [TNS1, TNS2], permanent: ['{urn:1}B'] });
}

describe('validate()', () => {
  test.each([
    ['tns1:D', false, false],
    ['tns1:A/X', false, false],
    ['tns1:B/X', false, true],
    ['tns1:A', false, true],
    ['tns1:*', true, true],
    ['tns1://*', true, true],
    ['tns1:A|tns1:B', true, true],
    // Beyond the examples of the standard:
    ['tns1:D//*', false, false],
    ['tns1:B|tns1:D', false, false],
    ['tns1:A/*', false, true],
    ['tns1:B/C/X', false, false],
    ['tns2:x', false, false],
    ['tns1:B/tns2:x', false, true],
    ['tns1:B//X', false, true],
    ['adhoc', false, true],
  ])('%s: a fixed topic set takes it: %j, one that grows: %j', (text, byFixed, byGrowing) => {
    for (const [fixed, isTaken] of [
      [true, byFixed],
      [false, byGrowing],
    ] as const) {
      const set = new TopicSet({ model: modelOf(fixed), xpath: new UnboundedXPath() });
      if (isTaken) expect(set.validate(expression(text)).matches('{urn:1}B')).toBe(byFixed);
      else expect(wsnFault(() => set.validate(expression(text))).fault).toBe('TopicNotSupportedFault');
    }
  });

  test('asks the fixed topic set about XPath, and refuses bad expressions as such', () => {
    const set = new TopicSet({ model: modelOf(true), xpath: new UnboundedXPath() });
    expect(set.validate(expression('*[1]', XPATH_DIALECT)).matches('{urn:1}B')).toBe(true);
    expect(wsnFault(() => set.validate(expression('*[2]', XPATH_DIALECT))).fault).toBe('TopicNotSupportedFault');
    expect(wsnFault(() => set.validate(expression('*[', XPATH_DIALECT))).fault).toBe('InvalidTopicExpressionFault');
    expect(set.add('{urn:1}A')).toBe(false);
  });
});

describe('TopicModel', () => {
  test.each([
    ['{urn:1}B', undefined],
    ['{urn:1}B/new', undefined],
    ['{urn:1}B/C', undefined],
    ['{urn:1}B/{urn:2}x/new', undefined],
    ['{urn:1}B/{urn:2}y', undefined],
    ['{urn:2}new/a', undefined],
    ['{urn:9}any/{urn:8}thing', undefined],
    ['adhoc/a', undefined],
    ['{urn:1}D', /'{urn:1}D': its namespace is final/],
    ['{urn:1}D/a', /'{urn:1}D': its namespace is final/],
    ['{urn:9}a/{urn:1}A', /root topic/],
    ['{urn:1}A/new', /'{urn:1}A\/new': the topic above it is final/],
    ['{urn:1}A/{urn:9}new', /the topic above it is final/],
    ['{urn:1}B/C/new', /the topic above it is final/],
    ['{urn:2}x', /an extension of '{urn:1}B'/],
    ['{urn:1}B/{urn:2}r', /as a root topic/],
  ])('permits %s: %s', (topic, reason) => {
    if (reason === undefined) expect(modelOf(false).permits(topic)).toBeUndefined();
    else expect(modelOf(false).permits(topic)).toMatch(reason);
    if (topic === '{urn:1}B') expect(modelOf(true).permits(topic)).toBeUndefined();
    else expect(modelOf(true).permits(topic)).toMatch(/not in the topic set, which is fixed/);
  });

  test('knows the message types of a topic', () => {
    expect(modelOf(false).messageTypes('{urn:1}A')).toEqual([{ namespace: 'urn:m', localName: 'M' }]);
    for (const topic of ['{urn:1}B', '{urn:1}A/x', '{urn:9}A', 'A']) {
      expect(modelOf(false).messageTypes(topic)).toBeUndefined();
    }
  });
});
