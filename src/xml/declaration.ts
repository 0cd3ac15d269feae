import { memoized } from '../kernel/memo.ts';
import { GREATER_THAN, LESS_THAN, QUESTION, WHITE } from './characters.ts';
import type { Source } from './source.ts';

/** What an XML declaration says. */
export interface XmlDeclaration {
  readonly encoding: string | undefined;
  /** The offset behind the declaration. */
  readonly end: number;
}

// Productions 23 to 32 and 80. A version 1.x is read as 1.0, as the fifth edition has it (§2.8).
const S = '[ \\t\\r\\n]';
const pseudoAttribute = (name: string, value: string): string =>
  `${S}+${name}${S}*=${S}*(?:"(?<${name}1>${value})"|'(?<${name}2>${value})')`;
const DECLARATION = new RegExp(
  `^<\\?xml${pseudoAttribute('version', '1\\.[0-9]+')}` +
    `(?:${pseudoAttribute('encoding', '[A-Za-z][A-Za-z0-9._-]*')})?` +
    `(?:${pseudoAttribute('standalone', '(?:yes|no)')})?${S}*\\?>`,
);

/**
 * Reads the XML declaration at `at`, if there is one. It is ASCII in every encoding that is read here, so
 * it can be read before the encoding is known.
 */
export function readDeclaration(source: Source, at: number): XmlDeclaration {
  const { bytes } = source;
  if (bytes[at] !== LESS_THAN || bytes[at + 1] !== QUESTION || bytes.toString('latin1', at + 2, at + 5) !== 'xml') {
    return { encoding: undefined, end: at };
  }
  const isOtherTarget = at + 5 < source.end && WHITE[bytes[at + 5] ?? 0] !== 1 && bytes[at + 5] !== QUESTION;
  if (isOtherTarget) return { encoding: undefined, end: at };
  const close = bytes.indexOf(GREATER_THAN, at);
  const declaration = parse(bytes.toString('latin1', at, close + 1));
  if (declaration !== undefined) return { encoding: declaration.encoding, end: at + declaration.length };
  throw source.malformed(
    'Expected an XML declaration like <?xml version="1.0" encoding="UTF-8"?>, found something else after "<?xml"',
    at,
  );
}

/** What a declaration says, and how long it is; undefined for what is none. There are few that are different. */
const parse = memoized((text): { readonly encoding: string | undefined; readonly length: number } | undefined => {
  const match = DECLARATION.exec(text);
  if (match === null) return undefined;
  return { encoding: match.groups?.['encoding1'] ?? match.groups?.['encoding2'], length: match[0].length };
}, 16);
