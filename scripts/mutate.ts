/**
 * Breaks the safety code, one rule at a time, in a copy of the tree, and shows that a test turns red.
 * `npm run test:mutations [-- TEXT]` (only rules with the text). Exit code 1 when a mutation survives or its place is not found any more.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MUTATIONS } from './mutations.ts';

const project = resolve(import.meta.dirname, '..');
const place = mkdtempSync(join(tmpdir(), 'pointsman-mutations-'));
const copy = join(place, 'pointsman');

interface Outcome {
  readonly verdict: 'red' | 'SURVIVED' | 'UNCLEAR';
  /** The first test that failed, or what there is to see. */
  readonly told: string;
}

function outcomeOf(tests: readonly string[]): Outcome {
  const { status, stdout } = spawnSync(
    'npx',
    ['vitest', 'run', '--project', 'fast', '--bail', '1', '--reporter', 'tap-flat', ...tests],
    { cwd: copy, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  if (status === 0) return { verdict: 'SURVIVED', told: tests.join(', ') };
  // Files that --bail cut short count as not ok too; a test of its own has its name behind the file's.
  const failed = stdout.split('\n').find((line) => line.startsWith('not ok') && line.includes(' > '));
  if (failed === undefined)
    return { verdict: 'UNCLEAR', told: `The run failed, but no test did: ${stdout.slice(-500)}` };
  return { verdict: 'red', told: failed.replace(/^not ok \d+ - | # time.*$/g, '') };
}

const [wanted = ''] = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ rule }) => rule.includes(wanted));
let survivors = 0;
try {
  for (const name of [
    'src',
    'test',
    'wsdl',
    'topologies',
    'docs',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
  ]) {
    cpSync(join(project, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  for (const { rule, file, from, to, tests } of chosen) {
    const path = join(copy, file);
    const original = readFileSync(path, 'utf8');
    if (!original.includes(from)) {
      console.log(`GONE      ${rule}: ${file} has no "${from.trim()}"`);
      survivors += 1;
      continue;
    }
    writeFileSync(path, original.replaceAll(from, to));
    const { verdict, told } = outcomeOf(tests);
    writeFileSync(path, original);
    if (verdict !== 'red') survivors += 1;
    console.log(`${verdict.padEnd(9)} ${rule}\n          ${told}`);
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
console.log(`${String(chosen.length - survivors)} of ${String(chosen.length)} mutations turn a test red`);
process.exitCode = survivors === 0 ? 0 : 1;
