import { describe, expect, test } from 'vitest';
import { formatDiagnostic, type Diagnostic } from '../../../src/kernel/errors.ts';
import { parseTopology } from '../../../src/topology/parse.ts';
import { BAD_CONDUCT_FILES } from './bad-conduct-files.ts';
import { BAD_FILES, change, GOOD } from './bad-files.ts';

/** Everything that is wrong with a text. */
function diagnose(text: string): readonly Diagnostic[] {
  const parsed = parseTopology(text, 'bad.yaml', { directory: '/etc/pointsman', environment: {} });
  return 'diagnostics' in parsed ? parsed.diagnostics : [];
}

test('the file that the bad ones are made from is good', () => {
  expect(diagnose(GOOD)).toEqual([]);
});

describe('a file with one mistake gives one diagnostic', () => {
  test.each([...BAD_FILES, ...BAD_CONDUCT_FILES])('$what', ({ text, at, says }) => {
    const diagnostics = diagnose(text);
    const [first] = diagnostics;
    expect(`${first?.line}:${first?.column} ${first?.path}`, diagnostics.map(formatDiagnostic).join('\n')).toBe(at);
    const said = `${first?.message} ${first?.hint}`;
    for (const fragment of says) expect(said).toContain(fragment);
    expect(diagnostics).toHaveLength(1);
    expect(first?.file).toBe('bad.yaml');
  });
});

test('five mistakes give five diagnostics at once, in the order of the text', () => {
  const text = change('topology: combined', 'topology: load-balanced')
    .replace('proxies:', 'proxeis:')
    .replace('127.0.0.1:8082', '8082')
    .replace('[server3, server1]', '[server3, server9]')
    .concat('lease: { ttl: 1s }\n');
  expect(diagnose(text).map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
    '2:11 topology',
    '4:1 proxeis',
    '8:30 servers[1].listen',
    '12:40 engines[1].candidates[1]',
    '14:15 lease.ttl',
  ]);
});

test('a server without a readable name is not reported again at each candidate', () => {
  const nameless = change('{ name: server2, listen', '{ listen');
  expect(diagnose(nameless).map(({ path }) => path)).toEqual(['servers[1].name']);
  const misnamed = change('name: server2', 'name: server 2').replace('server1, server2', 'server1, server 2');
  expect(diagnose(misnamed).map(({ path }) => path)).toEqual(['servers[1].name', 'engines[0].candidates[1]']);
  const stranger = nameless.replace('[server3, server1]', '[server3, elsewhere]');
  expect(diagnose(stranger).map(({ path }) => path)).toContain('engines[1].candidates[1]');
});

test('a key given twice does not hide what else is wrong', () => {
  const places = diagnose(`${change('8083', '8081')}name: a\n`).map(({ line, path }) => `${line} ${path}`);
  expect(places).toEqual(['9 servers[2].listen', '14 ']);
});

test('a diagnostic is printed as file:line:column: path: message', () => {
  const [first] = diagnose(change('good', 'a/b'));
  expect(first && formatDiagnostic(first)).toMatch(/^bad\.yaml:1:7: name: found "a\/b", expected a name of up to 64/);
});

test('what a terminal would obey is escaped, and long values are cut', () => {
  const [first] = diagnose(change('good', `"\\e[31m\\u202e${'x'.repeat(500)}"`));
  expect(first?.message).toMatch(/^found "\\u001b\[31m\\u202ex{54}…", expected/);
});

test('at most 100 diagnostics', () => {
  const keys = Array.from({ length: 300 }, (_, index) => `zzzz${index}: 1\n`).join('');
  expect(diagnose(GOOD + keys)).toHaveLength(100);
});
