import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

interface Result {
  readonly suite: string;
  readonly measured: Readonly<Record<string, { readonly unit: string; readonly median: number }>>;
}

test('bench/publish measures a cluster beside a bare server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-bench-'));
  try {
    await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      'bench/main.ts',
      'publish',
      '--quick',
      '--out',
      folder,
    ]);
    const [file = 'none'] = readdirSync(folder);
    const { suite, measured } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Result;
    expect(suite).toBe('publish');
    for (const name of ['bare node:http', 'durable, direct', 'durable, proxy']) {
      expect(measured[`${name}, 1 connections: requests/s`]?.median, name).toBeGreaterThan(0);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
