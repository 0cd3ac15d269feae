import { availableParallelism } from 'node:os';
import { whileBusy } from './nemesis/busy.ts';
import { last } from './nemesis/fault.ts';
import { trial } from './trial.ts';
import { renew } from './world/clients.ts';

/** What a cluster in which nobody died did while others took its processors. */
export interface Starvation {
  /** Busy processes for each processor. */
  readonly busyPerCore: number;
  readonly seconds: number;
  /** Engines that were taken over although their hosts were alive. */
  readonly falseFailovers: number;
  /** Renews through a proxy, one after the other. */
  readonly renews: number;
  readonly refusedRenews: number;
  readonly longestRenewMs: number;
}

/** Busy processes for each processor, in turn. */
export const STARVATION_LEVELS: readonly number[] = [0, 2, 4, 8, 16];

/** A high-availability cluster with the usual lease under so many busy processes. Rejects when a rule is broken. */
export async function starve(busyPerCore: number, seconds: number, seed: number): Promise<Starvation> {
  let found: Starvation | undefined;
  const options = { kind: 'high-availability', seed, visitors: 0, paceMs: 100, failbackDelay: '1h' } as const;
  await trial(options, async ({ world, history }) => {
    const { engines } = world;
    const epochs = (): number => engines.reduce((sum, engine) => sum + world.cluster.hostOf(engine).epoch, 0);
    const before = epochs();
    const times: number[] = [];
    let refusedRenews = 0;
    const description = `${String(busyPerCore)} busy processes per core for ${String(seconds)} s`;
    const renewAllTheTime = async (): Promise<void> => {
      const end = performance.now() + seconds * 1_000;
      for (let run = 0; performance.now() < end; run += 1) {
        const at = performance.now();
        if (!(await renew(history, 'probe', world.held[run % world.held.length]!))) refusedRenews += 1;
        times.push(performance.now() - at);
        await last(20);
      }
    };
    const count = busyPerCore * availableParallelism();
    await world.fault({ fault: 'starve', description, engines }, () => whileBusy(count, renewAllTheTime));
    found = {
      ...{ busyPerCore, seconds, refusedRenews },
      falseFailovers: epochs() - before,
      renews: times.length,
      longestRenewMs: Math.round(Math.max(...times)),
    };
  });
  if (found === undefined) throw new Error('The trial ended without a figure');
  return found;
}
