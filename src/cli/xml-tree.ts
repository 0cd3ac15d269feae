import { XMLParser } from 'fast-xml-parser';
import { messageOf } from '../kernel/errors.ts';
import { ExchangeError } from './failure.ts';
import { xmlProblemOf, xmlReferences } from './well-formed.ts';

/** An element of a reply or a notification, with its names resolved. */
export interface XmlNode {
  readonly namespace: string;
  readonly localName: string;
  /** As written, with its prefix. */
  readonly name: string;
  /** As written, without namespace declarations. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Prefix to namespace for everything in scope here; '' is the default namespace. */
  readonly scope: ReadonlyMap<string, string>;
  /** Elements and text, in order. */
  readonly content: readonly (XmlNode | string)[];
}

const NAME_OF_TEXT = '#text';
const NAME_OF_ATTRIBUTES = ':@';
const MAX_DEPTH = 128;
const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/**
 * Reads a document into a tree. For what the client commands receive; not for untrusted bulk.
 * Throws ExchangeError if it is not well-formed or has a DOCTYPE.
 */
export function readXmlTree(xml: string): XmlNode {
  const problem = xmlProblemOf(xml.replace(/^\u{FEFF}/u, ''));
  if (problem !== undefined) throw new ExchangeError(`The answer is not well-formed XML: ${problem}`);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    entityDecoder: xmlReferences,
    ignoreDeclaration: true,
    ignorePiTags: true,
  });
  let parsed: unknown;
  try {
    parsed = parser.parse(xml);
  } catch (cause) {
    throw new ExchangeError(`The answer cannot be read: ${messageOf(cause)}`, { cause });
  }
  const root = contentOf(parsed, new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]), 0).find(isNode);
  if (root === undefined) throw new ExchangeError('The answer has no root element');
  return root;
}

/** True for an element, false for text. */
function isNode(content: XmlNode | string): content is XmlNode {
  return typeof content !== 'string';
}

/** The element children. */
export function childrenOf(node: XmlNode): readonly XmlNode[] {
  return node.content.filter(isNode);
}

/** The first child of this name. */
export function childOf(node: XmlNode, namespace: string, localName: string): XmlNode | undefined {
  return childrenOf(node).find((child) => child.namespace === namespace && child.localName === localName);
}

/** The text directly inside, without outer white space. */
export function textOf(node: XmlNode | undefined): string {
  return (node?.content ?? [])
    .filter((item) => typeof item === 'string')
    .join('')
    .trim();
}

/** The element as a document of its own: namespaces from outside that it may use, by name or in text, are declared on it. */
export function standaloneXml(node: XmlNode, extraAttributes = ''): string {
  const plain = writeNode(node, new Map(), '', node.scope);
  const needed = new Map<string, string>();
  for (const [prefix, namespace] of node.scope) {
    const isUsed = prefix === '' ? namespace !== '' : prefix !== 'xml' && plain.includes(`${prefix}:`);
    if (isUsed) needed.set(prefix, namespace);
  }
  return writeNode(node, needed, extraAttributes, node.scope);
}

/** Escapes text for content and attribute values, so that a parser gives back every character. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"\t\n\r]/g, (char) => ESCAPED[char] ?? char);
}

/** Line ends and tabs stay in content: people read it. */
function escapeText(text: string): string {
  return text.replaceAll(/[&<>\r]/g, (char) => ESCAPED[char] ?? char);
}

type Scope = ReadonlyMap<string, string>;

function contentOf(items: unknown, scope: Scope, depth: number): (XmlNode | string)[] {
  if (depth > MAX_DEPTH) throw new ExchangeError(`The answer is nested deeper than ${MAX_DEPTH} elements`);
  if (!Array.isArray(items)) return [];
  return items.map((item: unknown) => nodeOf(item as Readonly<Record<string, unknown>>, scope, depth));
}

function nodeOf(item: Readonly<Record<string, unknown>>, outer: Scope, depth: number): XmlNode | string {
  const text = item[NAME_OF_TEXT];
  if (typeof text === 'string') return text;
  const name = Object.keys(item).find((key) => key !== NAME_OF_ATTRIBUTES) ?? '';
  const written = (item[NAME_OF_ATTRIBUTES] ?? {}) as Readonly<Record<string, string>>;
  const scope = new Map(outer);
  const attributes: Record<string, string> = {};
  for (const [key, value] of Object.entries(written)) {
    if (key === 'xmlns') scope.set('', value);
    else if (key.startsWith('xmlns:')) scope.set(key.slice('xmlns:'.length), value);
    else attributes[key] = value;
  }
  const colon = name.indexOf(':');
  const prefix = colon < 0 ? '' : name.slice(0, colon);
  const namespace = scope.get(prefix);
  if (namespace === undefined && prefix !== '')
    throw new ExchangeError(`The answer uses the prefix "${prefix}" without declaring it`);
  const localName = name.slice(colon + 1);
  return {
    namespace: namespace ?? '',
    localName,
    name,
    attributes,
    scope,
    content: contentOf(item[name], scope, depth + 1),
  };
}

function writeNode(node: XmlNode, declarations: Scope, extraAttributes: string, outer: Scope): string {
  const declared = new Map(declarations);
  for (const [prefix, namespace] of node.scope) {
    if (outer.get(prefix) !== namespace) declared.set(prefix, namespace);
  }
  const xmlns = [...declared]
    .map(([prefix, uri]) => ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escapeXml(uri)}"`)
    .join('');
  const attributes = Object.entries(node.attributes)
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
    .join('');
  const start = `<${node.name}${xmlns}${attributes}${extraAttributes}`;
  if (node.content.length === 0) return `${start}/>`;
  const inside = node.content.map((item) =>
    isNode(item) ? writeNode(item, new Map(), '', node.scope) : escapeText(item),
  );
  return `${start}>${inside.join('')}</${node.name}>`;
}
