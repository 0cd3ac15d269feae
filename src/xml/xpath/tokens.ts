import { isQualifiedName } from '../characters.ts';
import { XPathError } from './xpath.ts';

/**
 * What a token is (XPath 1.0 §3.7). `name`: a name test, wildcards included; `function`, `node-type` and `axis`: the name
 * before what makes it one; `operator`: those that stand between two operands, `-` also before one; `mark`: the rest.
 */
export type TokenKind =
  'number' | 'literal' | 'variable' | 'name' | 'function' | 'node-type' | 'axis' | 'operator' | 'mark';

/** A token as it stands in the text; literals with their quotes, variables with their `$`. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** From 0, in UTF-16 units. */
  readonly at: number;
}

const SPACE = /[\t\n\r ]*/y;
const NUMBER = /\d+(?:\.\d*)?|\.\d+/y;
const LITERAL = /"[^"]*"|'[^']*'/y;
const SIGN = /\/\/|!=|<=|>=|::|\.\.|[/|+\-=<>()[\].@,$*]/y;
// More than a name may have above ASCII; isQualifiedName decides.
const NAME = /[A-Z_a-z\u0080-\u{10ffff}][\w.\-\u0080-\u{10ffff}]*/uy;

const OPERATOR_SIGNS: ReadonlySet<string> = new Set(['/', '//', '|', '+', '-', '=', '!=', '<', '<=', '>', '>=']);
const OPERATOR_NAMES: ReadonlySet<string> = new Set(['and', 'or', 'mod', 'div']);
const NODE_TYPES: ReadonlySet<string> = new Set(['comment', 'text', 'processing-instruction', 'node']);
const BEFORE_OPERAND: ReadonlySet<string> = new Set(['@', '::', '(', '[', ',']);

/** The tokens of an XPath 1.0 expression, in time linear to the text. Throws XPathError `syntax` for what is none. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = behindSpace(text, 0); at < text.length;) {
    const token = nextToken(text, at, tokens.at(-1));
    tokens.push(token);
    at = behindSpace(text, at + token.text.length);
  }
  return tokens;
}

/** The prefix of a name, function or variable; '' = none. */
export function prefixOf({ kind, text }: Token): string {
  if (kind !== 'name' && kind !== 'function' && kind !== 'variable') return '';
  return text.slice(kind === 'variable' ? 1 : 0, Math.max(0, text.indexOf(':')));
}

/** The prefixes that the expression uses. */
export function prefixesOf(tokens: readonly Token[]): ReadonlySet<string> {
  return new Set(tokens.map(prefixOf).filter((prefix) => prefix !== ''));
}

/** The error for what stands at that place. */
export function syntaxError(text: string, at: number, expected: string): XPathError {
  const found = at >= text.length ? 'the end' : `'${text.slice(at, at + 40)}'`;
  return new XPathError('syntax', `Found ${found} at character ${at + 1}, expected ${expected}`);
}

function nextToken(text: string, at: number, before: Token | undefined): Token {
  const number = matchAt(NUMBER, text, at);
  if (number !== undefined) return { kind: 'number', text: number, at };
  const literal = matchAt(LITERAL, text, at);
  if (literal !== undefined) return { kind: 'literal', text: literal, at };
  const sign = matchAt(SIGN, text, at);
  if (sign === '$') return { kind: 'variable', text: `$${nameAt(text, at + 1)}`, at };
  const awaitsOperand = before === undefined || before.kind === 'operator' || BEFORE_OPERAND.has(before.text);
  if (sign === '*') return { kind: awaitsOperand ? 'name' : 'operator', text: sign, at };
  if (sign !== undefined) return { kind: OPERATOR_SIGNS.has(sign) ? 'operator' : 'mark', text: sign, at };
  return awaitsOperand ? namedToken(text, at) : namedOperator(text, at);
}

function namedOperator(text: string, at: number): Token {
  const name = matchAt(NAME, text, at) ?? '';
  if (OPERATOR_NAMES.has(name)) return { kind: 'operator', text: name, at };
  throw syntaxError(text, at, 'an operator');
}

function namedToken(text: string, at: number): Token {
  const name = nameAt(text, at);
  const next = behindSpace(text, at + name.length);
  if (text.startsWith('::', next)) return { kind: 'axis', text: name, at };
  if (text[next] !== '(' || name.endsWith('*')) return { kind: 'name', text: name, at };
  return { kind: NODE_TYPES.has(name) ? 'node-type' : 'function', text: name, at };
}

/** A QName, or `prefix:*`. */
function nameAt(text: string, at: number): string {
  const first = matchAt(NAME, text, at) ?? '';
  const colon = at + first.length;
  const isPrefix = first !== '' && text[colon] === ':' && text[colon + 1] !== ':';
  const second = !isPrefix ? '' : text[colon + 1] === '*' ? ':*' : `:${matchAt(NAME, text, colon + 1) ?? ''}`;
  if (isQualifiedName(second === ':*' ? first : first + second)) return first + second;
  throw syntaxError(text, at, 'a name, a value or a location path');
}

function behindSpace(text: string, at: number): number {
  return at + (matchAt(SPACE, text, at) ?? '').length;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
