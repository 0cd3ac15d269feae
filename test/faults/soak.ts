/**
 * Random faults on real clusters for a long time: `npm run test:soak -- --minutes 60 [--seed N] [--world-minutes 10]
 * [--pace 25]` (milliseconds between two notifications of a busy publisher).
 * A line each minute, a summary at the end. Exit code 1 on a violation; seed and history are printed then.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { check } from './checkers/check.ts';
import { some, type Violation } from './checkers/run.ts';
import { History } from './history.ts';
import { Nemesis } from './nemesis/nemesis.ts';
import { SeededRandom } from './random.ts';
import { added, quantilesOf, summaryOf, type Summary } from './summary.ts';
import { Place } from './world/place.ts';
import { SHORT_LEASE, World, type WorldOptions } from './world/world.ts';

const MINUTE_MS = 60_000;
const KINDS = ['combined', 'high-availability', 'load-balanced'] as const;
/** Enough for what a world writes in its time, little enough to be filled quickly. */
const DISK_MIB = 512;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string' },
    'world-minutes': { type: 'string', default: '10' },
    pace: { type: 'string', default: '25' },
    out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('Expected --minutes N and --seed N');

const random = new SeededRandom(seed);
const startedAt = performance.now();
const violations: Violation[] = [];
const histories: string[] = [];
const faults = new Map<string, number>();
let total: Summary | undefined;

console.log(`Soak of ${String(minutes)} minutes, seed ${String(seed)}`);
const canMount = Place.canMount();
let turn = 0;
while (performance.now() - startedAt < minutes * MINUTE_MS) {
  const leftMs = minutes * MINUTE_MS - (performance.now() - startedAt);
  const worldMs = Math.min(leftMs, Number(values['world-minutes']) * MINUTE_MS);
  await runWorld(turn, random.fork(), worldMs);
  turn += 1;
}
conclude();

async function runWorld(number: number, chance: SeededRandom, durationMs: number): Promise<void> {
  const kind = KINDS[number % KINDS.length]!;
  const isShort = chance.next() < 0.4;
  const diskMib = canMount && chance.next() < 0.5 ? DISK_MIB : undefined;
  const hasShiftingClock = chance.next() < 0.4;
  const traits = [isShort ? 'ttl 1.2 s' : 'ttl 3 s', diskMib === undefined ? 'disk' : 'small disk'];
  say(`world ${String(number + 1)}: ${kind}, ${traits.join(', ')}${hasShiftingClock ? ', shifting clock' : ''}`);
  const history = new History();
  const options: WorldOptions = {
    ...{ kind, history, random: chance.fork(), hasShiftingClock, paceMs: Number(values.pace) },
    ...(isShort ? { extra: SHORT_LEASE } : {}),
    ...(diskMib === undefined ? {} : { diskMib }),
  };
  let failure: string | undefined;
  try {
    await using world = await World.start(options);
    const nemesis = new Nemesis(world, chance.fork(), (fault, lack) => say(`${fault} is skipped: no ${lack}`));
    const clock = setInterval(() => progress(history, nemesis), MINUTE_MS);
    try {
      await nemesis.rage(durationMs);
      await world.settle();
      const code = await world.close();
      if (code !== 0) failure = `the cluster ended with ${String(code)}`;
    } catch (error) {
      failure = describe(error);
      say(world.cluster.stderr.slice(-4_000));
    } finally {
      clearInterval(clock);
      for (const [fault, count] of nemesis.counts) faults.set(fault, (faults.get(fault) ?? 0) + count);
    }
  } catch (error) {
    failure = describe(error);
  }
  const found = [
    ...(failure === undefined ? [] : [{ checker: 'C-alive', message: failure }]),
    ...check(history.entries),
  ];
  const summary = summaryOf(history.entries);
  total = total === undefined ? summary : added(total, summary);
  if (found.length === 0) return;
  violations.push(...found);
  histories.push(history.keep());
  say(
    `VIOLATIONS: ${some(found.map(({ checker, message }) => `${checker} ${message}`))}; history: ${histories.at(-1)!}`,
  );
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}

function say(line: string): void {
  const elapsed = Math.round((performance.now() - startedAt) / 1000);
  const clock = `${String(Math.floor(elapsed / 60))}:${String(elapsed % 60).padStart(2, '0')}`;
  console.log(`${clock.padStart(6)} ${line}`);
}

function progress(history: History, nemesis: Nemesis): void {
  const { acknowledged, delivered, duplicates, unknown, failovers } = summaryOf(history.entries);
  const count = [...nemesis.counts.values()].reduce((sum, one) => sum + one, 0);
  say(
    `${String(count)} faults, ${String(failovers)} activations, ${String(acknowledged)} acknowledged, ` +
      `${String(unknown)} unknown, ${String(delivered)} delivered, ${String(duplicates)} repeated`,
  );
}

function conclude(): void {
  const { recoveries = {}, ...summary } = total ?? {};
  const quantiles = Object.fromEntries(Object.entries(recoveries).map(([fault, ms]) => [fault, quantilesOf(ms)]));
  const result = {
    ...{ suite: 'soak', seed, minutes, worlds: turn, ...summary, recoveriesMs: quantiles },
    ...{ faults: Object.fromEntries(faults), violations: violations.length },
  };
  console.log(JSON.stringify(result, null, 2));
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `${new Date().toISOString().slice(0, 10)}-soak-${String(minutes)}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  for (const { checker, message } of violations) console.log(`VIOLATION ${checker}: ${message}`);
  for (const path of histories) console.log(`History: ${path}`);
  console.log(
    `Seed ${String(seed)}: ${violations.length === 0 ? 'no violation' : `${String(violations.length)} violations`}`,
  );
  process.exitCode = violations.length === 0 ? 0 : 1;
}
