import { prefixOf, syntaxError, tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';
import { XPathError } from './xpath.ts';
import type { XPathExpression } from './xpath.ts';

/** Characters of an expression. */
export const MAX_EXPRESSION_LENGTH = 4096;
/** Parentheses and predicates inside each other. libxml2 itself overruns its stack from a few hundred on. */
export const MAX_EXPRESSION_DEPTH = 32;

/** The functions of XPath 1.0 §4, with the fewest and the most arguments. */
const FUNCTIONS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['last', [0, 0]],
  ['position', [0, 0]],
  ['count', [1, 1]],
  ['id', [1, 1]],
  ['local-name', [0, 1]],
  ['namespace-uri', [0, 1]],
  ['name', [0, 1]],
  ['string', [0, 1]],
  ['concat', [2, Infinity]],
  ['starts-with', [2, 2]],
  ['contains', [2, 2]],
  ['substring-before', [2, 2]],
  ['substring-after', [2, 2]],
  ['substring', [2, 3]],
  ['string-length', [0, 1]],
  ['normalize-space', [0, 1]],
  ['translate', [3, 3]],
  ['boolean', [1, 1]],
  ['not', [1, 1]],
  ['true', [0, 0]],
  ['false', [0, 0]],
  ['lang', [1, 1]],
  ['number', [0, 1]],
  ['sum', [1, 1]],
  ['floor', [1, 1]],
  ['ceiling', [1, 1]],
  ['round', [1, 1]],
]);

/** Something that was opened: a predicate, or parentheses behind a function, a node type or nothing. */
interface Opened {
  readonly sign: '(' | '[';
  readonly at: number;
  readonly owner: Token | undefined;
  commas: number;
}

/**
 * What can be said of an expression without evaluating it; the grammar itself is left to libxml2. Returns its tokens.
 * Throws XPathError: `limit` for one that is too long or too deep, `syntax` for brackets that do not match, variables,
 * functions that XPath 1.0 does not have or that get a wrong number of arguments, and prefixes that are not declared.
 */
export function requireAllowed({ text, namespaces }: XPathExpression): readonly Token[] {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const message = `Found an expression of ${text.length} characters, expected at most ${MAX_EXPRESSION_LENGTH}`;
    throw new XPathError('limit', message);
  }
  const tokens = tokensOf(text);
  if (tokens.length === 0) throw syntaxError(text, 0, 'an XPath 1.0 expression');
  const opened: Opened[] = [];
  for (const [index, token] of tokens.entries()) {
    requireDeclared(token, namespaces);
    if (token.kind === 'variable') throw syntaxError(text, token.at, 'no variable: there are none here');
    if (token.kind === 'mark') follow(text, tokens, index, opened);
  }
  const unclosed = opened.at(-1);
  if (unclosed !== undefined) throw syntaxError(text, unclosed.at, `'${unclosed.sign}' to be closed`);
  return tokens;
}

/** True if the expression is but a number or a string, whatever the document is. */
export function isConstant(tokens: readonly Token[]): boolean {
  const [only, ...others] = tokens.filter(({ text }) => text !== '(' && text !== ')' && text !== '-');
  return others.length === 0 && (only?.kind === 'number' || only?.kind === 'literal');
}

function requireDeclared(token: Token, namespaces: XPathExpression['namespaces']): void {
  const prefix = prefixOf(token);
  if (prefix === '' || prefix === 'xml') return;
  if (Object.hasOwn(namespaces, prefix) && namespaces[prefix] !== '') return;
  throw new XPathError('syntax', `Found the prefix '${prefix.slice(0, 40)}', which is not declared`);
}

/** Takes a bracket or comma into account. */
function follow(text: string, tokens: readonly Token[], index: number, opened: Opened[]): void {
  const token = tokens[index];
  if (token === undefined) return;
  switch (token.text) {
    case '(':
    case '[':
      if (opened.length >= MAX_EXPRESSION_DEPTH) {
        const message = `Found more than ${MAX_EXPRESSION_DEPTH} parentheses and predicates inside each other`;
        throw new XPathError('limit', message);
      }
      opened.push({ sign: token.text, at: token.at, owner: ownerOf(tokens[index - 1]), commas: 0 });
      break;
    case ')':
    case ']': {
      const last = opened.pop();
      const isPair = last?.sign === (token.text === ')' ? '(' : '[');
      if (!isPair) throw syntaxError(text, token.at, 'no bracket that was not opened');
      requireArguments(text, last, tokens[index - 1]?.text === '(');
      break;
    }
    case ',': {
      const last = opened.at(-1);
      if (last?.owner?.kind !== 'function') throw syntaxError(text, token.at, 'a comma between arguments only');
      last.commas += 1;
    }
  }
}

function ownerOf(before: Token | undefined): Token | undefined {
  return before?.kind === 'function' || before?.kind === 'node-type' ? before : undefined;
}

function requireArguments(text: string, { owner, commas }: Opened, isEmpty: boolean): void {
  if (owner?.kind !== 'function') return;
  const allowed = FUNCTIONS.get(owner.text);
  if (allowed === undefined) throw syntaxError(text, owner.at, 'a function of XPath 1.0');
  const [fewest, most] = allowed;
  const count = isEmpty ? 0 : commas + 1;
  if (count >= fewest && count <= most) return;
  const expected = fewest === most ? `${fewest}` : most === Infinity ? `at least ${fewest}` : `${fewest} to ${most}`;
  throw syntaxError(text, owner.at, `${expected} arguments for ${owner.text}(), not ${count}`);
}
