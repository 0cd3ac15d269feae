import { execFile } from 'node:child_process';
import { loadavg } from 'node:os';
import { promisify } from 'node:util';
import { isAlive } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { last } from './nemesis/fault.ts';
import { killHost } from './nemesis/processes.ts';
import { quantilesOf, type Quantiles } from './summary.ts';
import { trial } from './trial.ts';
import { engineOf, renew, type Held } from './world/clients.ts';
import { sendSignal, type World } from './world/world.ts';

/** What a measurement found, in milliseconds, and how busy the machine was (the load of the last minute, at its end). */
export type Figure = Quantiles & { readonly load: number };

export interface Measurement {
  readonly name: string;
  readonly kind: 'combined' | 'high-availability' | 'load-balanced';
  /** Share of the runs that are asked for; slow ones need not be done as often. */
  readonly share?: number;
  /** No client may see anything but success. */
  readonly isPlanned?: boolean;
  /** Does it once, to the engine of a subscription; gives milliseconds. */
  readonly once: (world: World, held: Held) => Promise<number>;
}

/** From a fault to the first Renew through a proxy that succeeds; how long the longest Renew takes while an engine moves. */
export const MEASUREMENTS: readonly Measurement[] = [
  { name: 'kill -9 to first Renew, high-availability', kind: 'high-availability', once: killed },
  { name: 'kill -9 to first Renew, combined', kind: 'combined', once: killed },
  { name: 'planned move, longest Renew, high-availability', kind: 'high-availability', isPlanned: true, once: moved },
  {
    name: 'rolling restart, longest Renew, high-availability',
    kind: 'high-availability',
    share: 1 / 10,
    isPlanned: true,
    once: restarted,
  },
  { name: 'frozen host to first Renew, high-availability', kind: 'high-availability', share: 1 / 3, once: frozen },
  { name: 'SIGTERM to first Renew, high-availability', kind: 'high-availability', once: ended },
  { name: 'kill -9 to first Renew, load-balanced (no standby)', kind: 'load-balanced', once: killed },
];

/** Runs one measurement in a world of its own with the usual lease. Rejects when a rule is broken. */
export async function measure(measurement: Measurement, runs: number, seed: number): Promise<Figure> {
  const { kind, share = 1, isPlanned = false, once } = measurement;
  const times: number[] = [];
  // Little enough load for the figure to be that of the fault.
  const options = { kind, seed, visitors: 0, paceMs: 100, failbackDelay: '1h', expectations: { isPlanned } };
  await trial(options, async ({ world }) => {
    for (let run = 0; run < Math.ceil(runs * share); run += 1) {
      times.push(Math.round(await once(world, world.held[run % world.held.length]!)));
      // One fault at a time: until everything stands by again.
      await world.clientsGetOn(20);
      await last(1_500);
    }
  });
  return { ...quantilesOf(times), load: Number((loadavg()[0] ?? 0).toFixed(1)) };
}

async function firstRenew({ history }: World, held: Held): Promise<number> {
  const at = performance.now();
  await eventually('a Renew', () => renew(history, 'probe', held), 60_000);
  return performance.now() - at;
}

function serverOf(world: World, held: Held): string {
  return world.cluster.hostOf(engineOf(held.reference)).server;
}

async function killed(world: World, held: Held): Promise<number> {
  const killing = killHost(world, serverOf(world, held));
  const ms = await firstRenew(world, held);
  await killing;
  return ms;
}

async function frozen(world: World, held: Held): Promise<number> {
  return signalled(world, held, 'SIGSTOP', (pid) => {
    if (isAlive(pid)) sendSignal(pid, 'SIGCONT');
  });
}

async function ended(world: World, held: Held): Promise<number> {
  return signalled(world, held, 'SIGTERM', () => undefined);
}

async function signalled(
  world: World,
  held: Held,
  signal: 'SIGSTOP' | 'SIGTERM',
  after: (pid: number) => void,
): Promise<number> {
  const server = serverOf(world, held);
  let ms = 0;
  const fault = { fault: signal, description: `${signal} ${server}`, engines: world.enginesOf(server) };
  await world.fault(fault, async () => {
    const pid = world.signal(server, signal);
    ms = await firstRenew(world, held);
    if (pid !== undefined) after(pid);
    await world.isBack(server, pid);
  });
  return ms;
}

async function moved(world: World, held: Held): Promise<number> {
  const { cluster } = world;
  const engine = engineOf(held.reference);
  const from = serverOf(world, held);
  const to = cluster.members.find((name) => name.startsWith('server') && name !== from) ?? from;
  return longestRenew(world, held, ['engines', 'move', engine, to, '--topology', cluster.file]);
}

async function restarted(world: World, held: Held): Promise<number> {
  return longestRenew(world, held, ['restart', '--rolling', world.cluster.file]);
}

/** Renews all the time while a command of the program runs. */
async function longestRenew({ cluster, history }: World, held: Held, words: readonly string[]): Promise<number> {
  const over = new AbortController();
  let longest = 0;
  const probing = (async (): Promise<void> => {
    while (!over.signal.aborted) {
      const at = performance.now();
      await renew(history, 'probe', held);
      longest = Math.max(longest, performance.now() - at);
    }
  })();
  try {
    await promisify(execFile)(process.execPath, ['dist/main.js', ...words], { env: cluster.environment });
  } finally {
    over.abort();
    await probing;
  }
  return longest;
}
