import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { generatePerformanceDocs } from '../../scripts/generate-performance-docs.ts';
import { ROOT } from './repository.ts';

interface Result {
  readonly suite: string;
  readonly node: string;
  readonly cores: number;
  readonly measured: Readonly<Record<string, { readonly unit: string; readonly median: number }>>;
  readonly targets: readonly { readonly name: string; readonly found: number; readonly atMost: number }[];
}

test.each([
  ['matching', 11],
  ['parse', 8],
])('bench/%s runs, and writes what it measured', { timeout: 120_000 }, async (suite, least) => {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-bench-'));
  try {
    const args = ['--import', 'tsx', 'bench/main.ts', suite, '--quick', '--out', folder];
    await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    const [file = 'none', ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    expect(file.replace(/^\d{4}-\d\d-\d\d/, 'DATE')).toBe(`DATE-${suite}.json`);
    const result = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Result;
    expect([result.suite, result.node]).toEqual([suite, process.versions.node]);
    expect(result.cores).toBeGreaterThan(0);
    const figures = Object.entries(result.measured);
    expect(figures.length).toBeGreaterThanOrEqual(least);
    // JSON has null for what is no number.
    expect(figures.filter(([, { median }]) => typeof median !== 'number')).toEqual([]);
    expect(result.targets.filter(({ found }) => typeof found !== 'number')).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('docs/performance.md and its pictures show the newest results', () => {
  const [page, ...pictures] = generatePerformanceDocs();
  const words = (text: string): string => text.replaceAll(/[\s|-]+/g, ' ');
  expect(words(readFileSync(join(ROOT, page!.path), 'utf8'))).toBe(words(page!.text));
  for (const { path, text } of pictures) expect(readFileSync(join(ROOT, path), 'utf8'), path).toBe(text);
  expect(readdirSync(join(ROOT, 'docs/performance')).length).toBe(pictures.length);
});
