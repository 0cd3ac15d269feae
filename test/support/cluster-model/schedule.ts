import fc from 'fast-check';
import { OUTAGE_BOUND_MS } from './constants.ts';
import { CALLS, type Call } from './life.ts';
import type { World } from './world.ts';

/** What happens to whom; `rank` counts modulo the number of servers. */
export type Action = { readonly rank: number } & (
  | { readonly kind: 'kill' | 'freeze' | 'suspend' | 'thaw' | 'start' | 'handOver' | 'terminate' | 'loseLock' }
  | { readonly kind: 'failActivation' | 'hangActivation' | 'endHang' }
  | { readonly kind: 'lag' | 'setWall'; readonly ms: number }
  | { readonly kind: 'inCall'; readonly in: Call; readonly isAfter: boolean; readonly what: 'freeze' | 'kill' | 'fail' }
);

export interface Step {
  readonly action: Action;
  /** What passes after it. */
  readonly pauseMs: number;
}

const rank = fc.integer({ min: 0, max: 3 });
const inCall = fc.record({
  kind: fc.constant('inCall' as const),
  rank,
  in: fc.constantFrom(...CALLS),
  isAfter: fc.boolean(),
  what: fc.constantFrom('freeze' as const, 'kill' as const, 'fail' as const),
});
const move = fc.record({ kind: fc.constantFrom('handOver' as const, 'start' as const), rank });
const pauseMs = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 2_000 }));

/** Everything that may happen but a lost lock. */
const anything: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('kill' as const, 'freeze' as const, 'suspend' as const, 'terminate' as const),
    rank,
  }),
  fc.record({ kind: fc.constantFrom('thaw' as const, 'start' as const, 'handOver' as const), rank }),
  fc.record({ kind: fc.constantFrom('failActivation' as const, 'hangActivation' as const, 'endHang' as const), rank }),
  fc.record({ kind: fc.constant('lag' as const), rank, ms: fc.constantFrom(0, 30, 200, 700, 2_000) }),
  fc.record({
    kind: fc.constant('setWall' as const),
    rank,
    ms: fc.constantFrom(-86_400_000, -3_600_000, -600, 3_600_000),
  }),
  inCall,
);

/** Locks get lost, as by a close() of the lock file in the wrong place. */
const losing: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('loseLock' as const), rank }),
  fc.record({ kind: fc.constantFrom('loseLock' as const, 'freeze' as const, 'thaw' as const, 'kill' as const), rank }),
  fc.record({ kind: fc.constantFrom('loseLock' as const, 'start' as const), rank }),
  inCall,
);

/** Moves that somebody wants, while those who take part die or fail at each of their steps. */
const moving: fc.Arbitrary<Action> = fc.oneof(
  move,
  inCall.map((action): Action => ({ ...action, what: action.what === 'freeze' ? 'kill' : action.what })),
  move,
);

const steps = (action: fc.Arbitrary<Action>, pause: fc.Arbitrary<number>): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ action, pauseMs: pause }), { minLength: 1, maxLength: 8 });

export const SCHEDULES = {
  anything: steps(anything, pauseMs),
  losing: steps(losing, fc.integer({ min: 0, max: 600 })),
  moving: steps(moving, fc.integer({ min: 0, max: 1_500 })),
} as const;

function apply(world: World, action: Action): void {
  const who = action.rank % world.candidates.length;
  const life = world.lives[who];
  switch (action.kind) {
    case 'lag':
      world.lag(who, action.ms);
      break;
    case 'setWall':
      life?.clock.setWall(action.ms);
      break;
    case 'inCall':
      world.failCall(who, action);
      break;
    case 'failActivation':
    case 'hangActivation':
    case 'endHang':
      life?.[action.kind]();
      break;
    default:
      world[action.kind](who);
  }
}

/** Plays a schedule from a cold start, then ends the faults and waits until the engine serves. Rejects with what must not be. */
export async function play(world: World, schedule: readonly Step[]): Promise<void> {
  for (const who of world.candidates.keys()) world.start(who);
  for (const { action, pauseMs: ms } of schedule) {
    apply(world, action);
    await world.pass(ms);
  }
  world.heal();
  await world.pass(OUTAGE_BOUND_MS, () => world.isServed);
  if (!world.isServed) throw new Error('Nobody serves after all faults have ended');
}
