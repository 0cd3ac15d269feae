import fc from 'fast-check';
import { escapeAttribute, escapeText } from '../../../src/xml/writer.ts';

/** Content of a generated element. */
export type TreeNode =
  | Tree
  | { readonly kind: 'text' | 'cdata' | 'comment'; readonly text: string }
  /** A QName in content, with one of the prefixes in scope (or one that is not). */
  | { readonly kind: 'qname'; readonly prefix: string };

/** A generated element. Namespaces are declared where they are needed, so that scopes come out nested and shadowed. */
export interface Tree {
  readonly kind: 'element';
  readonly prefix: string;
  readonly namespace: string;
  readonly localName: string;
  readonly attributes: readonly TreeAttribute[];
  /** Declarations that the element does not need itself: prefix and namespace. */
  readonly declarations: readonly (readonly [string, string])[];
  readonly content: readonly TreeNode[];
  readonly style: { readonly quote: string; readonly space: string; readonly isEmptyTag: boolean };
}

/** An attribute of a generated element. Without a namespace it has no prefix. */
export interface TreeAttribute {
  readonly prefix: string;
  readonly namespace: string;
  readonly localName: string;
  readonly value: string;
}

/** An element as it was written: its source text, and what reading it has to give. */
export interface WrittenTree {
  readonly source: string;
  readonly namespace: string;
  readonly prefix: string;
  readonly localName: string;
  readonly attributes: readonly TreeAttribute[];
  readonly text: string;
  readonly scope: ReadonlyMap<string, string>;
  readonly children: readonly WrittenTree[];
}

const localName = fc.constantFrom('a', 'b', 'Notify', 'x-1', '_.', 'é', '名前', 'xmlns', 'a\u00b7', '\u{10000}');
const prefix = fc.constantFrom('p', 'q', 'wsnt', 'ñ', 'x-y', 'p1');
const namespace = fc.constantFrom('urn:a', 'urn:b', 'http://example.org/?a=1&b=<2>', 'it\'s "quoted"', 'urn:é');
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('<', '&', '>', ']', ']]>', '\r', '\n', '\t', '"', "'", 'x', ' ', '\ufffe', '\ud800', '\0'),
  }),
);

const qualified = fc.oneof(
  { weight: 2, arbitrary: fc.record({ prefix, namespace }) },
  fc.record({ prefix: fc.constant(''), namespace: fc.oneof(fc.constant(''), namespace) }),
);

const attribute: fc.Arbitrary<TreeAttribute> = fc
  .tuple(fc.oneof(fc.constant({ prefix: '', namespace: '' }), fc.record({ prefix, namespace })), localName, anyText)
  .map(([name, local, value]) => ({ ...name, localName: local, value }))
  .filter(({ localName: name, prefix: own }) => name !== 'xmlns' || own !== '');

/** Elements with everything that this reader reads. */
export const tree: fc.Arbitrary<Tree> = fc.letrec<{ element: Tree; node: TreeNode }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('text' as const), text: anyText }),
    fc.record({ kind: fc.constant('qname' as const), prefix }),
    fc.record({
      kind: fc.constant('cdata' as const),
      text: anyText.map(legal).map((text) => text.replaceAll(']>', '] >')),
    }),
    fc.record({
      kind: fc.constant('comment' as const),
      text: anyText.map(legal).map((text) => text.replaceAll('-', '')),
    }),
    tie('element'),
  ),
  element: fc
    .record({
      name: qualified,
      localName,
      attributes: fc.uniqueArray(attribute, { maxLength: 12, selector: (one) => `${one.namespace} ${one.localName}` }),
      declarations: fc.array(fc.tuple(prefix, namespace), { maxLength: 3 }),
      content: fc.array(tie('node'), { maxLength: 5 }),
      style: fc.record({
        quote: fc.constantFrom('"', "'"),
        space: fc.constantFrom(' ', '\n\t', '  ', '\r\n'),
        isEmptyTag: fc.boolean(),
      }),
    })
    .map(({ name, ...rest }) => ({ kind: 'element' as const, ...name, ...rest })),
})).element;

/** The text with what XML 1.0 cannot carry replaced: written without a look at src/xml. */
export function legal(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 0x20 && !'\t\n\r'.includes(character);
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    return isControl || isSurrogate || code === 0xfffe || code === 0xffff ? '\ufffd' : character;
  }).join('');
}

/** Writes a tree where the declarations of `outer` are in scope. */
export function writeTree(one: Tree, outer: ReadonlyMap<string, string> = new Map()): WrittenTree {
  const own = ownDeclarations(one, outer);
  const scope = new Map([...outer, ...own]);
  const attributes = one.attributes
    .filter((each) => each.prefix === '' || scope.get(each.prefix) === each.namespace)
    .map((each) => ({ ...each, value: legal(each.value) }));
  const { quote, space } = one.style;
  const written = [
    ...[...own].map(([name, uri]) => [name === '' ? 'xmlns' : `xmlns:${name}`, uri] as const),
    ...attributes.map((each) => [qualify(each), each.value] as const),
  ].map(([name, value]) => `${space}${name}=${quote}${escapeAttribute(value)}${quote}`);
  const content = one.content.map((node) => writeNode(node, scope));
  const inner = content.map(({ source }) => source).join('');
  const start = `<${qualify(one)}${written.join('')}`;
  const end = inner === '' && one.style.isEmptyTag ? '/>' : `>${inner}</${qualify(one)}${space}>`;
  if (scope.get('') === '') scope.delete('');
  return {
    source: start + end,
    namespace: one.namespace,
    prefix: one.prefix,
    localName: one.localName,
    attributes,
    text: content.map(({ text }) => text).join(''),
    scope,
    children: content.flatMap(({ element }) => (element === undefined ? [] : [element])),
  };
}

function ownDeclarations(one: Tree, outer: ReadonlyMap<string, string>): Map<string, string> {
  const own = new Map<string, string>();
  if ((outer.get(one.prefix) ?? '') !== one.namespace) own.set(one.prefix, one.namespace);
  const wanted = [...one.attributes.map((each) => [each.prefix, each.namespace] as const), ...one.declarations];
  for (const [name, uri] of wanted) {
    if (name !== '' && name !== one.prefix && !own.has(name) && outer.get(name) !== uri) own.set(name, uri);
  }
  return own;
}

function writeNode(
  node: TreeNode,
  scope: ReadonlyMap<string, string>,
): { source: string; text: string; element?: WrittenTree } {
  switch (node.kind) {
    case 'element': {
      const element = writeTree(node, scope);
      return { source: element.source, text: '', element };
    }
    case 'text':
      return { source: escapeText(node.text), text: legal(node.text) };
    case 'qname':
      return { source: `${node.prefix}:name`, text: `${node.prefix}:name` };
    case 'cdata':
      return { source: `<![CDATA[${node.text}]]>`, text: node.text.replaceAll(/\r\n?/g, '\n') };
    case 'comment':
      return { source: `<!--${node.text}-->`, text: '' };
  }
}

function qualify(name: { readonly prefix: string; readonly localName: string }): string {
  return name.prefix === '' ? name.localName : `${name.prefix}:${name.localName}`;
}
