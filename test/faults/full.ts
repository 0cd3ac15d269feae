/**
 * The full tier: `npm run test:faults [-- --minutes 20] [--runs 30] [--seed N]`. First how long recoveries take, as
 * distributions over `--runs` runs of each kind; then all scenarios, again and again with other seeds, until the time is
 * over. The figures go to test/faults/results/. Exit code 1 when a rule is broken.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { circumstances } from '../../bench/machine.ts';
import { eventually } from '../support/eventually.ts';
import { killHost } from './nemesis/processes.ts';
import { SeededRandom } from './random.ts';
import { quantilesOf, type Quantiles } from './summary.ts';
import { trial, type Trial } from './trial.ts';
import { engineOf, renew } from './world/clients.ts';
import { isAlive } from '../support/cluster.ts';
import { sendSignal, type World } from './world/world.ts';

const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    runs: { type: 'string', default: '30' },
    seed: { type: 'string', default: '20261122' },
    out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
  },
});
const runs = Number(values.runs);
const random = new SeededRandom(Number(values.seed));
const endsAt = performance.now() + Number(values.minutes) * MINUTE_MS;
const figures: Record<string, Quantiles> = {};
const failures: string[] = [];

await measure('kill -9 to first Renew, combined', 'combined', killed);
await measure('kill -9 to first Renew, high-availability', 'high-availability', killed);
await measure('kill -9 to first Renew, load-balanced (no standby)', 'load-balanced', killed);
await measure('frozen host to first Renew, high-availability', 'high-availability', frozen);
await measure('SIGTERM to first Renew, high-availability', 'high-availability', ended);

mkdirSync(values.out, { recursive: true });
const before = circumstances();
const file = join(values.out, `${before.date.slice(0, 10)}-recovery.json`);
writeFileSync(file, `${JSON.stringify({ suite: 'recovery', unit: 'ms', ...before, figures }, null, 2)}\n`);
console.log(file);

do {
  const seed = random.between(1, 2 ** 31);
  console.log(`Scenarios with seed ${String(seed)}`);
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'faults'], {
    stdio: 'inherit',
    env: { ...process.env, FAULT_SEED: String(seed) },
  });
  if (status !== 0) failures.push(`Scenarios with FAULT_SEED=${String(seed)}`);
} while (performance.now() < endsAt);

for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(failures.length === 0 ? 'No rule was broken' : `${String(failures.length)} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function measure(
  what: string,
  kind: 'combined' | 'high-availability' | 'load-balanced',
  inflict: (world: World, server: string, measured: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const times: number[] = [];
  try {
    // The usual lease times, and little enough load for the figure to be that of the fault.
    const options = {
      kind,
      seed: random.between(1, 2 ** 31),
      visitors: 0,
      paceMs: 100,
      failbackDelay: '1h',
    };
    await trial(options, async ({ world, history }: Trial) => {
      for (let run = 0; run < runs; run += 1) {
        const held = world.held[run % world.held.length]!;
        const { server } = world.cluster.hostOf(engineOf(held.reference));
        await inflict(world, server, async () => {
          const at = performance.now();
          await eventually('a Renew', () => renew(history, 'probe', held), 60_000);
          times.push(Math.round(performance.now() - at));
        });
      }
    });
  } catch (error) {
    failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const found = quantilesOf(times);
  figures[what] = found;
  const { p50, p90, p99, max } = found;
  console.log(
    `${what}: ${String(found.runs)} runs, p50 ${String(p50)} p90 ${String(p90)} p99 ${String(p99)} max ${String(max)} ms`,
  );
}

async function killed(world: World, server: string, measured: () => Promise<void>): Promise<void> {
  await Promise.all([killHost(world, server), measured()]);
}

async function frozen(world: World, server: string, measured: () => Promise<void>): Promise<void> {
  const engines = world.enginesOf(server);
  await world.fault({ fault: 'freeze-server', description: `SIGSTOP ${server}`, engines }, async () => {
    const pid = world.signal(server, 'SIGSTOP');
    await measured();
    if (pid !== undefined && isAlive(pid)) sendSignal(pid, 'SIGCONT');
    await world.isBack(server, pid);
  });
}

async function ended(world: World, server: string, measured: () => Promise<void>): Promise<void> {
  const engines = world.enginesOf(server);
  await world.fault({ fault: 'terminate-server', description: `SIGTERM ${server}`, engines }, async () => {
    const pid = world.signal(server, 'SIGTERM');
    await measured();
    await world.isBack(server, pid);
  });
}
