import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { filesBelow, ROOT } from './repository.ts';

/**
 * The rule, mechanically: in the names of files and folders of src/, in every name that a module exports, and in the
 * members of exported classes and interfaces, no word (camelCase and kebab-case parts) may be banned.
 */
const BANNED: ReadonlySet<string> = new Set([
  ...['helper', 'helpers', 'util', 'utils', 'utility', 'utilities', 'common', 'data', 'info', 'infos'],
  ...['processing', 'processor', 'processors', 'handling', 'handler', 'handlers'],
  ...['master', 'masters', 'slave', 'slaves', 'manager', 'managers'],
]);
/** Banned as verbs, that is as the first word; a process of the operating system may be named. */
const BANNED_VERBS: ReadonlySet<string> = new Set(['process', 'processes', 'handle', 'handles']);

/** Banned words within names that others have given: the standards', XML's, this product's variables, a level of logs, undici's callbacks. */
const GIVEN_NAMES = [
  'LeaseManager',
  'PausableSubscriptionManager',
  'SubscriptionManager',
  'PublisherRegistrationManager',
  'CharacterData',
  'POINTSMAN_DATA',
];
const GIVEN_MEMBERS: ReadonlySet<string> = new Set(['info', 'onResponseData']);

/** The banned words in a name. */
function bannedWords(name: string): string[] {
  const rest = GIVEN_NAMES.flatMap((given) => [
    given,
    given.charAt(0).toLowerCase() + given.slice(1),
    kebab(given),
  ]).reduce((left, given) => left.replaceAll(given, ' '), name);
  const words = rest.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
  return words
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
    .filter((word, index) => BANNED.has(word) || (index === 0 && BANNED_VERBS.has(word)));
}

function kebab(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();
}

/** The names that a module exports, and the members of the classes and interfaces among them. */
function namesIn(text: string): string[] {
  const source = ts.createSourceFile('module.ts', text, ts.ScriptTarget.ES2023, true);
  return source.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const clause = statement.exportClause;
      return clause !== undefined && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : [];
    }
    if (!isExported(statement)) return [];
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.flatMap(boundNames);
    return isNamed(statement) ? [statement.name?.text ?? '', ...memberNames(statement)] : [];
  });
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
}

type Named = ts.FunctionDeclaration | ts.ClassDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

function isNamed(statement: ts.Statement): statement is Named {
  return (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  );
}

function memberNames(statement: Named): string[] {
  if (!ts.isClassDeclaration(statement) && !ts.isInterfaceDeclaration(statement)) return [];
  return [...statement.members]
    .flatMap(({ name }) =>
      name !== undefined && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name)) ? [name.text] : [],
    )
    .filter((name) => !GIVEN_MEMBERS.has(name));
}

function boundNames({ name }: ts.VariableDeclaration | ts.BindingElement): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return [...name.elements].flatMap((element) => (ts.isBindingElement(element) ? boundNames(element) : []));
}

const modules = filesBelow('src', '.ts');

test('no banned words in the names of files and folders of src/', () => {
  expect(modules.length).toBeGreaterThan(20);
  expect(modules.filter((path) => path.replace(/\.ts$/, '').split('/').flatMap(bannedWords).length > 0)).toEqual([]);
});

test('no banned words in the names that the modules of src/ export', () => {
  const found = modules.flatMap((path) =>
    namesIn(readFileSync(join(ROOT, path), 'utf8'))
      .filter((name) => bannedWords(name).length > 0)
      .map((name) => `${path}: ${name}`),
  );
  expect(found).toEqual([]);
});

describe('the rule', () => {
  test.each([
    ['handleRequest', ['handle']],
    ['processBatch', ['process']],
    ['XMLProcessor', ['processor']],
    ['string-utils', ['utils']],
    ['userInfo', ['info']],
    ['ConnectionManager', ['manager']],
    ['SubscriptionManagerData', ['data']],
  ])('finds what is banned in %s', (name, words) => {
    expect(bannedWords(name)).toEqual(words);
  });

  test.each([
    'LeaseManager',
    'subscription-manager',
    'pausableSubscriptionManager',
    'metadata',
    'handover',
    'Processed',
    'isLivingProcess',
    'POINTSMAN_DATA',
  ])('leaves %s alone', (name) => {
    expect(bannedWords(name)).toEqual([]);
  });

  test('looks at what a module exports, and not within', () => {
    const text = `
      import { data } from 'x';
      export const { a, b: [handleB] } = data;
      function utilC() { const info = 1; return info; }
      export class D { #processE = 1; info() {} handleF() {} }
      interface G { data: 1 }
      export interface H { helper: 1 }
      export type I = { data: 1 };
      export { a as commonA };
      process.on('data', () => {});
    `;
    const names = namesIn(text);
    expect(names).toEqual(['a', 'handleB', 'D', '#processE', 'handleF', 'H', 'helper', 'I', 'commonA']);
  });
});
