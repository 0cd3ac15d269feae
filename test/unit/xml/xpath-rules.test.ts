import fc from 'fast-check';
import { XmlXPath } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import {
  isConstant,
  MAX_EXPRESSION_DEPTH,
  MAX_EXPRESSION_LENGTH,
  requireAllowed,
} from '../../../src/xml/xpath/rules.ts';
import { prefixesOf, tokensOf } from '../../../src/xml/xpath/tokens.ts';
import { XPathError } from '../../../src/xml/xpath/xpath.ts';

const namespaces = { p: 'urn:p', q: 'urn:q' };

function problem(text: string, declared: Readonly<Record<string, string>> = namespaces): string {
  try {
    requireAllowed({ text, namespaces: declared });
    return 'none';
  } catch (error) {
    if (error instanceof XPathError) return `${error.reason}: ${error.message}`;
    throw error;
  }
}

const kinds = (text: string): string[] => tokensOf(text).map(({ kind, text: token }) => `${kind} ${token}`);

describe('tokens of XPath', () => {
  test.each<[string, string[]]>([
    ['* * *', ['name *', 'operator *', 'name *']],
    ['div div div', ['name div', 'operator div', 'name div']],
    ['@*', ['mark @', 'name *']],
    ['p:* | a', ['name p:*', 'operator |', 'name a']],
    ['child::p:a', ['axis child', 'mark ::', 'name p:a']],
    ['ancestor-or-self :: *', ['axis ancestor-or-self', 'mark ::', 'name *']],
    ['text ()', ['node-type text', 'mark (', 'mark )']],
    ['count(.)', ['function count', 'mark (', 'mark .', 'mark )']],
    ['a-b - c', ['name a-b', 'operator -', 'name c']],
    ['1.5+.5-5.', ['number 1.5', 'operator +', 'number .5', 'operator -', 'number 5.']],
    [`'a"b' = "a'b"`, [`literal 'a"b'`, 'operator =', `literal "a'b"`]],
    ['$p:v', ['variable $p:v']],
    ['//../.', ['operator //', 'mark ..', 'operator /', 'mark .']],
    ['a[1]<=2', ['name a', 'mark [', 'number 1', 'mark ]', 'operator <=', 'number 2']],
    ['é:ü', ['name é:ü']],
  ])('%s', (text, expected) => {
    expect(kinds(text)).toEqual(expected);
  });

  test.each(['a b', '1e5', 'a:b:c', 'p:', ':a', '"open', '#', 'a !', '1a', 'p :a', '\u00d7a'])('%j is none', (text) => {
    expect(() => tokensOf(text)).toThrow(XPathError);
  });

  test('prefixes are those of names, functions and variables', () => {
    const prefixes = prefixesOf(tokensOf('p:a[q:f($r:v) = "x:y"]/child::s:*'));
    expect([...prefixes].sort()).toEqual(['p', 'q', 'r', 's']);
  });

  test('whatever it is given, it ends, and gives back the text without spaces', () => {
    const piece = fc.constantFrom(
      'a',
      'p:',
      '*',
      '::',
      ' ',
      '(',
      ')',
      '[',
      '"',
      "'",
      '1',
      '.',
      '/',
      '@',
      '$',
      '-',
      'or',
      'é',
      '😀',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        let tokens;
        try {
          tokens = tokensOf(text);
        } catch (error) {
          expect(error).toBeInstanceOf(XPathError);
          return;
        }
        for (const token of tokens) expect(text.startsWith(token.text, token.at)).toBe(true);
        const outside = tokens
          .map(({ text: token }) => token)
          .join('')
          .replaceAll(' ', '');
        expect(outside).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  test('every expression of the grammar is allowed, and is one for libxml2', () => {
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(
          'a',
          '@p:b',
          '*',
          'p:*',
          '.',
          '..',
          '/',
          '1',
          '.5',
          "'s'",
          '"["',
          'text()',
          'div',
          '//a',
          'last()',
        ),
        fc.constantFrom('child :: and', 'a/b//@*', 'comment ( )', "processing-instruction('x')", 'self::node()'),
        fc
          .tuple(tie('expression'), fc.constantFrom('or', 'and', '=', '<=', '|', '*', 'div', '-'), tie('expression'))
          .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
        tie('expression').map((inner) => `a[${inner}]`),
        tie('expression').map((inner) => `-contains(${inner}, ${inner})`),
        tie('expression').map((inner) => `( ${inner} )[1]/a`),
      ),
    }));
    fc.assert(
      fc.property(expression, (text) => {
        fc.pre(text.length <= MAX_EXPRESSION_LENGTH);
        XmlXPath.compile(text).dispose();
        expect(problem(text)).toBe('none');
      }),
    );
  });
});

describe('rules for XPath', () => {
  test.each([
    'p:a/q:b',
    '@xml:lang',
    'concat("a", "b", "c")',
    'substring("abc", 1)',
    'count(//a[contains(., "x, y")])',
    'a[b[c]][processing-instruction("x")]',
    'last() = position()',
    'id("a")/b',
  ])('%s is allowed', (text) => {
    expect(problem(text)).toBe('none');
  });

  test.each([
    ['', 'Found the end at character 1, expected an XPath 1.0 expression'],
    ['$v', "Found '$v' at character 1, expected no variable"],
    ['r:a', "Found the prefix 'r', which is not declared"],
    ['toString:a', "Found the prefix 'toString'"],
    ['constructor()', 'expected a function of XPath 1.0'],
    ['document("http://host/")', 'expected a function of XPath 1.0'],
    ['p:f()', 'expected a function of XPath 1.0'],
    ['count()', 'expected 1 arguments for count(), not 0'],
    ['concat("a")', 'expected at least 2 arguments for concat(), not 1'],
    ['substring("a",1,2,3)', 'expected 2 to 3 arguments for substring(), not 4'],
    ['true()) or (1', "Found ') or (1' at character 7, expected no bracket that was not opened"],
    ['a[(1])', 'expected no bracket that was not opened'],
    ['a[', "Found '[' at character 2, expected '[' to be closed"],
    ['a, b', 'expected a comma between arguments only'],
    ['(a, b)', 'expected a comma between arguments only'],
    ['not(a[b, c])', 'expected a comma between arguments only'],
    ['text(1, 2)', 'expected a comma between arguments only'],
  ])('%j is a syntax error: %s', (text, message) => {
    expect(problem(text)).toContain('syntax: ');
    expect(problem(text)).toContain(message);
  });

  test('a prefix for no namespace is not declared', () => {
    expect(problem('p:a', { p: '' })).toContain("Found the prefix 'p'");
  });

  test('has limits', () => {
    const long = (length: number): string => 'a'.repeat(length);
    expect(problem(long(MAX_EXPRESSION_LENGTH))).toBe('none');
    expect(problem(long(MAX_EXPRESSION_LENGTH + 1))).toContain('limit: Found an expression of 4097 characters');
    const deep = (depth: number): string => '('.repeat(depth) + '1' + ')'.repeat(depth);
    expect(problem(deep(MAX_EXPRESSION_DEPTH))).toBe('none');
    expect(problem(deep(MAX_EXPRESSION_DEPTH + 1))).toContain('limit: Found more than 32 parentheses');
    const mixed = (depth: number): string => 'not(a['.repeat(depth) + '1' + '])'.repeat(depth);
    expect(problem(mixed(16))).toBe('none');
    expect(problem(mixed(17))).toContain('limit: ');
  });

  test.each([
    ['1', true],
    ['"a"', true],
    ['-(("a"))', true],
    ['true()', false],
    ['a', false],
    ['1 = 1', false],
    ['.', false],
    ['number("1")', false],
  ])('%s is a constant: %s', (text, expected) => {
    expect(isConstant(tokensOf(text))).toBe(expected);
  });
});
