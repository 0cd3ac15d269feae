/**
 * The full tier: `npm run test:faults [-- --minutes 20] [--runs 10] [--seed N]
 * [--only TEXT]` (what has the text in its name). First how long recoveries take, as
 * distributions over `--runs` runs of each kind; then all scenarios, once or, with other seeds, again until the time is
 * over (`--minutes 0`: none). The figures go to test/faults/results/ or `--out`; those in docs/reliability.md are of
 * `--runs 30 --minutes 0`. Exit code 1 when a rule is broken.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { circumstances } from '../../bench/machine.ts';
import { SeededRandom } from './random.ts';
import { type Figure, measure, MEASUREMENTS } from './recovery.ts';
import { starve, type Starvation, STARVATION_LEVELS } from './starvation.ts';

const MINUTE_MS = 60_000;
/** Of starvation at each level, for each of the runs that are asked for. */
const STARVED_SECONDS_PER_RUN = 2;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    runs: { type: 'string', default: '10' },
    seed: { type: 'string', default: '20261122' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
const random = new SeededRandom(seed);
const minutes = Number(values.minutes);
const endsAt = performance.now() + minutes * MINUTE_MS;
const failures: string[] = [];

console.log(`Faults with seed ${String(seed)}`);
if (runs > 0) await measureAll();
if (minutes > 0) {
  do runScenarios(random.between(1, 2 ** 31));
  while (performance.now() < endsAt);
}

for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(failures.length === 0 ? 'No rule was broken' : `${String(failures.length)} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function measureAll(): Promise<void> {
  const figures: Record<string, Figure | Starvation> = {};
  mkdirSync(values.out, { recursive: true });
  const before = circumstances();
  const file = join(values.out, `${before.date.slice(0, 10)}-recovery.json`);
  const all = [
    ...MEASUREMENTS.map((what) => ({
      name: what.name,
      take: (chosen: number): Promise<Figure | Starvation> => measure(what, runs, chosen),
    })),
    ...STARVATION_LEVELS.map((level) => ({
      name: `starvation, ${String(level)} busy processes per core`,
      take: (chosen: number): Promise<Figure | Starvation> => starve(level, runs * STARVED_SECONDS_PER_RUN, chosen),
    })),
  ];
  for (const { name, take } of all.filter((one) => one.name.includes(values.only))) {
    try {
      const found = await take(random.between(1, 2 ** 31));
      figures[name] = found;
      console.log(`${name}: ${JSON.stringify(found)}`);
      const result = { suite: 'recovery', unit: 'ms', seed, ...before, figures };
      writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(file);
}

function runScenarios(chosen: number): void {
  console.log(`Scenarios with seed ${String(chosen)}`);
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'faults'], {
    stdio: 'inherit',
    env: { ...process.env, FAULT_SEED: String(chosen), FAULT_TIER: 'full' },
  });
  if (status !== 0) failures.push(`Scenarios with FAULT_SEED=${String(chosen)}`);
}
