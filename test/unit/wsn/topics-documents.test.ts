import { describe, expect, test } from 'vitest';
import { readTopicModel, type ReadTopicModel } from '../../../src/wsn/topics/read-topic-model.ts';
import type { TopicModel } from '../../../src/wsn/topics/topic-model.ts';
import { readXml } from '../../../src/xml/reader.ts';

const WSTOP = 'xmlns:w="http://docs.oasis-open.org/wsn/t-1"';
const namespaceOf = (target: string, content: string, attributes = ''): string =>
  `<w:TopicNamespace ${WSTOP} xmlns:t1="urn:1" xmlns:t2="urn:2" xmlns:t3="urn:3" targetNamespace="${target}" ${attributes}>\n${content}</w:TopicNamespace>`;
const setOf = (content: string): string =>
  `<w:TopicSet ${WSTOP} xmlns:t1="urn:1" xmlns:t2="urn:2">\n${content}</w:TopicSet>`;

function read(namespaces: readonly string[], sets: readonly string[] = []): ReadTopicModel {
  const documents = (
    texts: readonly string[],
    kind: string,
  ): { file: string; root: ReturnType<typeof readXml>['root'] }[] =>
    texts.map((text, index) => ({ file: `${kind}${index}`, root: readXml(Buffer.from(text)).root }));
  return readTopicModel({ fixed: false, namespaces: documents(namespaces, 'ns'), sets: documents(sets, 'set') });
}

function model(namespaces: readonly string[], sets: readonly string[] = []): TopicModel {
  const result = read(namespaces, sets);
  if ('model' in result) return result.model;
  throw new Error(JSON.stringify(result.diagnostics));
}

function problems(namespaces: readonly string[], sets: readonly string[] = []): string[] {
  const result = read(namespaces, sets);
  if ('model' in result) return [];
  return result.diagnostics.map(
    ({ file, line, column, path, message }) => `${file}:${line}:${column} ${path}: ${message}`,
  );
}

describe('topic namespaces', () => {
  test('say what is final, which payloads there are and what extends what', () => {
    const one = namespaceOf(
      'urn:1',
      `<w:documentation>any <x/></w:documentation>
       <w:Topic name="a" messageTypes=" t2:m\n t3:n " final="1"><w:MessagePattern Dialect="urn:d">x</w:MessagePattern></w:Topic>
       <w:Topic name="b"><w:Topic name="c"/><foreign xmlns="urn:f" final="x"/></w:Topic>`,
      'name="One" final=" true "',
    );
    const two = namespaceOf('urn:2', '<w:Topic name="x" parent="t1:b/c" final="true"/>');
    const found = model([one, two]);
    expect(found.messageTypes('{urn:1}a')).toEqual([
      { namespace: 'urn:2', localName: 'm' },
      { namespace: 'urn:3', localName: 'n' },
    ]);
    expect(found.permits('{urn:1}b/c')).toBeUndefined();
    expect(found.permits('{urn:1}b/c/{urn:2}x')).toBeUndefined();
    expect(found.permits('{urn:1}d')).toMatch(/final/);
    expect(found.permits('{urn:1}a/d')).toMatch(/final/);
    expect(found.permits('{urn:1}b/c/{urn:2}x/y')).toMatch(/final/);
    expect(found.permits('{urn:2}x')).toMatch(/extension/);
  });

  test('may extend extensions, named from the first or the last root on, and what is not known here', () => {
    const documents = [
      namespaceOf('urn:1', '<w:Topic name="a"/>'),
      namespaceOf('urn:2', '<w:Topic name="x" parent="t1:a"/>'),
      namespaceOf('urn:3', '<w:Topic name="y" parent="t2:x"/><w:Topic name="z" parent="t1:a/t2:x"/>'),
      `<w:TopicNamespace ${WSTOP} xmlns:t9="urn:9" targetNamespace="urn:4"><w:Topic name="u" parent="t9:any/thing"/></w:TopicNamespace>`,
    ];
    const found = model(documents);
    for (const name of ['y', 'z']) expect(found.permits(`{urn:1}a/{urn:2}x/{urn:3}${name}`)).toBeUndefined();
    expect(found.permits('{urn:2}x/{urn:3}y')).toMatch(/extension of '{urn:1}a'/);
    expect(found.permits('{urn:9}any/thing/{urn:4}u')).toBeUndefined();
    expect(found.permits('{urn:9}any/{urn:4}u')).toMatch(/extension/);
  });

  test.each([
    ['another root', ['<a/>'], /^ns0:1:1 : found 'a', expected wstop:TopicNamespace/],
    ['no target', [namespaceOf('', '')], /found no targetNamespace/],
    ['a namespace twice', [namespaceOf('urn:1', ''), namespaceOf('urn:1', '')], /^ns1:1:1 : found the namespace 'urn:1' twice/],
    ['braces', [namespaceOf('urn:{1}', '')], /found braces/],
    ['a name twice', [namespaceOf('urn:1', '<w:Topic name="a"/>\n <w:Topic name="a"/>')], /^ns0:3:2 a: found the topic 'a' twice/],
    ['a child twice', [namespaceOf('urn:1', '<w:Topic name="a"><w:Topic name="b"/><w:Topic name="b"/></w:Topic>')], /a\/b: found the topic 'b' twice/],
    ['no name', [namespaceOf('urn:1', '<w:Topic/>')], /found name=""/],
    ['a bad name', [namespaceOf('urn:1', '<w:Topic name="t1:a"/>')], /found name="t1:a"/],
    ['a bad boolean', [namespaceOf('urn:1', '<w:Topic name="a" final="yes"/>')], /found final="yes", expected true or false/],
    ['an unknown attribute', [namespaceOf('urn:1', '<w:Topic name="a" messagetypes="t1:m"/>')], /found the attribute 'messagetypes'/],
    ['a parent below the root', [namespaceOf('urn:2', '<w:Topic name="a"><w:Topic name="b" parent="t1:a"/></w:Topic>')], /found the attribute 'parent'/],
    ['an unknown element', [namespaceOf('urn:1', '<w:topic name="a"/>')], /found wstop:topic/],
    ['a bad message type', [namespaceOf('urn:1', '<w:Topic name="a" messageTypes="t1:m x:n 1"/>')], /found 'x:n', whose prefix is not declared/],
    ['a bad parent', [namespaceOf('urn:1', '<w:Topic name="a" parent="t2:a//b"/>')], /found '', expected a qualified name/],
    ['a parent in no namespace', [namespaceOf('urn:1', '<w:Topic name="a" parent="b"/>')], /found a parent in no namespace/],
    ['its own parent', [namespaceOf('urn:1', '<w:Topic name="a" parent="t1:b"/><w:Topic name="b"/>')], /found the namespace 'urn:1' twice/],
    ['a circle', [namespaceOf('urn:1', '<w:Topic name="a" parent="t2:b"/>'), namespaceOf('urn:2', '<w:Topic name="b" parent="t1:a"/>')], /ns1:2:1 b: .*expected no circle/],
    ['a parent that is final', [namespaceOf('urn:1', '<w:Topic name="a" final="true"/>'), namespaceOf('urn:2', '<w:Topic name="b" parent="t1:a"/>')], /^ns1:2:1 b: found the parent '{urn:1}a', which is final/],
    ['a parent that is not there', [namespaceOf('urn:1', ''), namespaceOf('urn:2', '<w:Topic name="b" parent="t1:a"/>')], /which its namespace does not define/],
    ['a parent that cannot be', [namespaceOf('urn:1', '', 'final="true"'), namespaceOf('urn:2', '<w:Topic name="b" parent="t1:a"/>')], /its namespace is final/],
  ])('with %s are refused', (_what, documents, expected) => {
    const found = problems(documents);
    expect(found.length).toBeGreaterThan(0);
    expect(found.some((problem) => expected.test(problem))).toBe(true);
  }); // prettier-ignore
});

describe('topic sets', () => {
  test('have topics wherever it is said, and metadata around them', () => {
    const set = setOf(
      `<w:documentation><t1:example w:topic="true"/></w:documentation>
       <t1:a w:topic="true"><b><c w:topic="1"/></b><MessageDescription xmlns="urn:f"><x/></MessageDescription>
         <t2:x w:topic=" true "><y w:topic="false"/></t2:x></t1:a><adhoc w:topic="true"/><t1:none/>`,
    );
    expect([...model([], [set]).permanent]).toEqual(['{urn:1}a', '{urn:1}a/b/c', '{urn:1}a/{urn:2}x', 'adhoc']);
  });

  test.each([
    ['another root', '<TopicSet/>', /found 'TopicSet', expected wstop:TopicSet/],
    ['a bad boolean', setOf('<t1:a w:topic="yes"/>'), /^set0:2:1 a: found topic="yes"/],
    ['a default namespace', setOf('<t2:a xmlns="urn:1"><b><c w:topic="true"/></b></t2:a>'), /^set0:2:21 a\/b: found the default namespace 'urn:1' around 'b'/],
    ['braces', setOf('<p:a xmlns:p="urn:{" w:topic="true"/>'), /found braces/],
    ['a topic that cannot be', setOf('<t1:a><b w:topic="true"/></t1:a>'), /^set0:2:7 a\/b: found a topic that its namespace does not permit: there is no topic '{urn:1}a'/],
  ])('with %s are refused', (_what, document, expected) => {
    const found = problems([namespaceOf('urn:1', '', 'final="true"')], [document]);
    expect(found.some((problem) => expected.test(problem))).toBe(true);
  }); // prettier-ignore

  test('show everything that is wrong, up to a hundred things', () => {
    expect(problems([namespaceOf('urn:1', '<w:Topic/>')], [setOf('<t1:a w:topic="x"/>'.repeat(3))])).toHaveLength(4);
    expect(problems([], [setOf('<t1:a w:topic="x"/>'.repeat(300))])).toHaveLength(100);
  });
});
