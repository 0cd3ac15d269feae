import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../random.ts';
import type { World } from '../world/world.ts';

/** Something bad that can be done to a world, and is over when its promise resolves. */
export interface Fault {
  readonly name: string;
  /** Why it cannot be done here; undefined: it can. */
  readonly lacks: (world: World) => string | undefined;
  /** Draws everything that it leaves to chance before it does anything, so that a schedule depends on the seed alone. */
  readonly inflict: (world: World, random: SeededRandom) => Promise<void>;
}

/** For faults that need nothing. */
export const lacksNothing = (): undefined => undefined;

/** The length of a fault is part of what it is; nothing is waited for. */
export async function last(ms: number): Promise<void> {
  await delay(ms);
}
