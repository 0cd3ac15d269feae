/**
 * Measures Pointsman: `npm run bench -- matching`, or another of `SUITES`; most start the built program, so `npm run build`
 * comes before. All that is to be compared is measured in turn within one run; the result goes to bench/results/. `--quick`: hardly
 * anything, to see that it works; `--out <folder>`; `--rounds <n>`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { circumstances } from './machine.ts';
import { isMet, type Extent, type Target } from './outcome.ts';
import { SUITES } from './suites.ts';

const FULL: Extent = { rounds: 5, many: 100_000, ms: 300, backlog: 1_000_000 };
const QUICK: Extent = { rounds: 1, many: 10, ms: 1, backlog: 50_000 };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
    rounds: { type: 'string' },
  },
});
const [name = ''] = positionals;
const suite = SUITES[name];
if (suite === undefined) throw new Error(`Found '${name}', expected one of ${Object.keys(SUITES).join(', ')}`);

const extent = values.quick ? QUICK : FULL;
const before = circumstances();
const begin = performance.now();
const measure = await suite();
const outcome = await measure({ ...extent, rounds: Number(values.rounds ?? extent.rounds) }, progress);
progress('');

for (const [what, { median, least, most, unit }] of Object.entries(outcome.measured)) {
  console.log(`${what.padEnd(58)} ${median} ${unit} (${least} to ${most})`);
}
for (const target of outcome.targets) console.log(judged(target));

mkdirSync(values.out, { recursive: true });
const seconds = Math.round((performance.now() - begin) / 1000);
const file = join(values.out, `${before.date.slice(0, 10)}-${name}.json`);
writeFileSync(file, `${JSON.stringify({ suite: name, extent, seconds, ...before, ...outcome }, null, 2)}\n`);
console.log(file);

function judged(target: Target): string {
  const { name: what, found, atMost, atLeast } = target;
  const bound = atLeast === undefined ? `at most ${atMost ?? '?'}` : `at least ${atLeast}`;
  return `${isMet(target) ? 'met   ' : 'MISSED'} ${what}: ${found}, ${bound}`;
}

/** One line that is written over, where somebody looks on. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
  else if (line !== '') process.stderr.write(`${line}\n`);
}
