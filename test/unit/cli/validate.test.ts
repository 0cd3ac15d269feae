import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/kernel/errors.ts';
import { RecordedIo, failureOf, run } from './io.ts';

const RUNNING = 'topologies/high-availability.yaml';
let directory: string;

beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'pointsman-validate-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The running topology with a change, and with its store where it is. */
function changed(from: string, to: string): string {
  const text = readFileSync(RUNNING, 'utf8');
  expect(text).toContain(from);
  const file = join(directory, 'changed.yaml');
  const here = text.replace(/directory: (data\/[\w-]+)/, `directory: ${process.cwd()}/topologies/$1`);
  writeFileSync(file, here.replace(from, to));
  return file;
}

async function validated(file: string, ...options: string[]): Promise<RecordedIo> {
  const io = new RecordedIo();
  await run(io, 'validate', file, '--against', RUNNING, ...options);
  return io;
}

describe('pointsman validate --against', () => {
  test('says that nothing would change', async () => {
    expect((await validated(changed('failback:', 'failback:'))).out).toBe('Nothing would change\n');
  });

  test('says what would change, for people and for programs', async () => {
    const file = changed('failback: automatic', 'failback: manual');
    const { out } = await validated(file);
    expect(out).toBe('failback of engine "ME1" changed from "automatic" to "manual"\n');
    const [changes] = (await validated(file, '--json')).lines() as unknown as [{ change: string; what: string }[]];
    expect(changes).toEqual([expect.objectContaining({ change: 'live', what: out.trim() })]);
  });

  test('names what cannot change while it runs, all of it at once', async () => {
    const file = changed('name: high-availability', 'name: other');
    const error = await failureOf('validate', file, '--against', RUNNING);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(/name/);
  });
});
