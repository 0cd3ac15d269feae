import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leanAborts } from '../../support/cluster-model/lean-abort.ts';
import { play, SCHEDULES, type Step } from '../../support/cluster-model/schedule.ts';
import { World, type WorldOptions } from '../../support/cluster-model/world.ts';

/** `npm run test:model` plays 20,000. */
const TOTAL = Number(process.env['LEASE_SCHEDULES'] ?? 3_000);

const servers = fc.integer({ min: 2, max: 4 });

interface Family {
  readonly name: string;
  readonly schedule: fc.Arbitrary<Step[]>;
  readonly options: Omit<WorldOptions, 'servers' | 'seed'>;
  /** Of all schedules. */
  readonly part: number;
}

const FAMILIES: readonly Family[] = [
  {
    name: 'F4 F40: never two tenures at once and soon back, when eviction kills',
    schedule: SCHEDULES.anything,
    options: { eviction: 'kills', hasFailback: true },
    part: 0.3,
  },
  {
    name: 'F14 F15 F40: the same when eviction only fences, and clocks run at rates of their own',
    schedule: SCHEDULES.anything,
    options: { eviction: 'fences', hasRates: true, hasFailback: true },
    part: 0.4,
  },
  {
    name: 'one writer per epoch even when locks get lost',
    schedule: SCHEDULES.losing,
    options: { eviction: 'fences' },
    part: 0.15,
  },
  {
    name: 'F33: in planned moves the engine is never away for 4 s, whoever dies at whichever step',
    schedule: SCHEDULES.moving,
    options: { eviction: 'kills', hasFailback: true, outageBoundMs: 4_000 },
    part: 0.15,
  },
];

describe('The lease in any schedule of faults', () => {
  let lean: Disposable | undefined;
  let played = 0;
  let simulatedMs = 0;
  let activations = 0;
  let commits = 0;
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();

  beforeAll(() => {
    lean = leanAborts();
  });

  afterAll(() => {
    lean?.[Symbol.dispose]();
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const { user, system } = process.cpuUsage(cpuAtStart);
    const cpu = ((user + system) / 1e6).toFixed(1);
    const seed = fc.readConfigureGlobal().seed;
    const simulated = `${Math.round(simulatedMs / 1_000)} s simulated, ${activations} takeovers, ${commits} commits`;
    // eslint-disable-next-line no-console -- the figures are wanted
    console.info(`lease model: seed ${seed}, ${played} schedules in ${seconds} s, ${cpu} s of CPU (${simulated})`);
  });

  it.each(FAMILIES)(
    '$name',
    async ({ schedule, options, part }) => {
      const run = async (steps: Step[], count: number, seed: number): Promise<void> => {
        const world = new World({ ...options, servers: count, seed });
        await play(world, steps);
        played += 1;
        simulatedMs += world.clock.monotonic();
        activations += world.activations;
        commits += world.commits;
      };
      await fc.assert(fc.asyncProperty(schedule, servers, fc.integer(), run), { numRuns: Math.ceil(TOTAL * part) });
    },
    600_000,
  );
});

describe('The model of the lease', () => {
  it('goes the same way with the AbortController of the platform', async () => {
    const runs = fc.sample(fc.tuple(SCHEDULES.anything, servers, fc.integer()), 40);
    const historyOf = async ([steps, count, seed]: [Step[], number, number]): Promise<readonly string[]> => {
      const world = new World({ servers: count, seed, eviction: 'fences', hasRates: true, hasFailback: true });
      await play(world, steps);
      return world.history;
    };
    for (const run of runs) {
      const original = await historyOf(run);
      // eslint-disable-next-line @typescript-eslint/no-unused-vars -- it lives until the end of the block
      using _lean = leanAborts();
      expect(await historyOf(run)).toEqual(original);
    }
  });

  it.each<[string, number, number, Step[]]>([
    [
      'a machine that slept between the request for the lease and its answer',
      3,
      1196589500,
      [
        { action: { kind: 'lag', rank: 0, ms: 200 }, pauseMs: 0 },
        { action: { kind: 'failActivation', rank: 0 }, pauseMs: 30 },
        { action: { kind: 'suspend', rank: 0 }, pauseMs: 391 },
        { action: { kind: 'kill', rank: 2 }, pauseMs: 28 },
        { action: { kind: 'inCall', rank: 0, in: 'observe', isAfter: false, what: 'freeze' }, pauseMs: 507 },
      ],
    ],
    [
      'a sleep that is shorter than 500 ms and yet most of the guard',
      2,
      -2147483630,
      [
        { action: { kind: 'setWall', rank: 0, ms: -86_400_000 }, pauseMs: 0 },
        { action: { kind: 'suspend', rank: 0 }, pauseMs: 129 },
        { action: { kind: 'lag', rank: 0, ms: 2_000 }, pauseMs: 124 },
        { action: { kind: 'thaw', rank: 0 }, pauseMs: 0 },
      ],
    ],
  ])('F15: once led to two tenures: %s', async (_what, count, seed, steps) => {
    const world = new World({ servers: count, seed, eviction: 'fences', hasRates: true, hasFailback: true });
    await play(world, steps);
    expect(world.problem).toBeUndefined();
  });

  it('F14: steps of the wall clock by an hour or a day cause no failover', async () => {
    const world = new World({ servers: 3, seed: 1, eviction: 'kills' });
    for (const who of world.candidates.keys()) world.start(who);
    await world.pass(1_000);
    for (const ms of [3_600_000, -7_200_000, 86_400_000, -172_800_000, 1_000]) {
      for (const life of world.lives) life.clock.setWall(ms);
      await world.pass(5_000);
      expect(world.isServed).toBe(true);
    }
    expect(world.activations).toBe(1);
  });
});
