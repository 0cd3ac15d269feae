import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { type Eviction, OUTAGE_BOUND_MS, World } from '../../support/cluster-model.ts';

const rank = fc.integer({ min: 0, max: 3 });
const step = fc.record({
  action: fc.oneof(
    fc.record({ kind: fc.constantFrom('kill', 'freeze', 'thaw', 'start', 'handOver', 'terminate'), rank }),
    fc.record({ kind: fc.constant('lag'), rank, ms: fc.constantFrom(0, 30, 200, 700, 2_000) }),
    fc.record({ kind: fc.constant('failActivation'), rank }),
  ),
  pauseMs: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 2_500 })),
});
type Action = Parameters<typeof apply>[1];

function apply(world: World, action: { kind: string; rank: number; ms?: number }): void {
  const who = action.rank % world.candidates.length;
  switch (action.kind) {
    case 'kill':
      world.kill(who);
      break;
    case 'freeze':
      world.freeze(who);
      break;
    case 'thaw':
      world.thaw(who);
      break;
    case 'start':
      world.start(who);
      break;
    case 'handOver':
      world.handOver(who);
      break;
    case 'terminate':
      world.terminate(who);
      break;
    case 'lag':
      world.lag(who, action.ms ?? 0);
      break;
    case 'loseLock':
      world.loseLock(who);
      break;
    case 'failActivation':
      world.lives[who]!.failActivation();
      break;
  }
}

async function play(world: World, steps: readonly { action: Action; pauseMs: number }[]): Promise<void> {
  for (const who of world.candidates.keys()) world.start(who);
  for (const { action, pauseMs } of steps) {
    apply(world, action);
    await world.pass(pauseMs);
  }
  for (const who of world.candidates.keys()) {
    world.lag(who, 0);
    world.thaw(who);
    world.start(who);
  }
  await world.pass(OUTAGE_BOUND_MS, () => world.isServed);
  expect(world.isServed).toBe(true);
}

describe('LeaseManager in any schedule of faults', () => {
  it.each<Eviction>(['kills', 'fences'])(
    'never has two tenures at once and is soon back, when eviction %s',
    async (eviction) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 2, max: 4 }),
          fc.integer(),
          async (steps, servers, seed) => {
            await play(new World({ servers, seed, eviction }), steps);
          },
        ),
        { numRuns: 250 },
      );
    },
    120_000,
  );

  it('keeps one writer per epoch even when locks get lost', async () => {
    const losing = fc.record({
      action: fc.record({ kind: fc.constantFrom('loseLock', 'loseLock', 'freeze', 'thaw', 'kill', 'start'), rank }),
      pauseMs: fc.integer({ min: 0, max: 600 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(losing, { minLength: 1, maxLength: 8 }), fc.integer(), async (steps, seed) => {
        await play(new World({ servers: 3, seed, eviction: 'fences' }), steps);
      }),
      { numRuns: 250 },
    );
  }, 120_000);
});
