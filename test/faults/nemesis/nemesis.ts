import type { SeededRandom } from '../random.ts';
import type { World } from '../world/world.ts';
import { failFsync, fillDisk, killInSystemCall } from './disk.ts';
import { last, type Fault } from './fault.ts';
import {
  flap,
  freezeProxy,
  freezeServer,
  killDuringTakeover,
  killEverything,
  killProxy,
  killServer,
  starve,
  terminateServer,
} from './processes.ts';
import { jumpClock, troubleRelay, upsetConsumer } from './surroundings.ts';

/** Everything that can be done to a world; what is here twice is done twice as often. */
const FAULTS: readonly Fault[] = [
  ...[killServer, killServer, killServer, freezeServer, freezeServer, terminateServer, killDuringTakeover, flap],
  ...[killProxy, freezeProxy, killEverything, starve, killInSystemCall, killInSystemCall, failFsync, fillDisk],
  ...[upsetConsumer, upsetConsumer, upsetConsumer, troubleRelay, troubleRelay, jumpClock],
];

/** What one process of all may be hit by at a time. */
const ALONE = new Set([killEverything, killInSystemCall, failFsync]);

/** Inflicts one fault after the other on a world, sometimes two at once, in an order that the seed decides. */
export class Nemesis {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #onSkipped: (fault: string, lack: string) => void;
  readonly #counts = new Map<string, number>();
  readonly #skipped = new Set<string>();

  /** `onSkipped` is told once of each fault that this machine cannot do. */
  constructor(world: World, random: SeededRandom, onSkipped: (fault: string, lack: string) => void) {
    this.#world = world;
    this.#random = random;
    this.#onSkipped = onSkipped;
  }

  /** How often each fault was inflicted. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Goes on for so long; resolves when the last fault is over. Rejects when the world does not recover from one. */
  async rage(durationMs: number): Promise<void> {
    const end = performance.now() + durationMs;
    while (performance.now() < end) {
      const first = this.#draw();
      const second = this.#random.next() < 0.3 ? this.#draw() : undefined;
      const isCompound = second !== undefined && !ALONE.has(first) && !ALONE.has(second);
      const leadMs = this.#random.between(0, 1_500);
      const pauseMs = this.#random.between(200, 5_000);
      const draws = [this.#random.fork(), this.#random.fork()] as const;
      await Promise.all([
        this.#inflict(first, draws[0]),
        isCompound ? last(leadMs).then(() => this.#inflict(second, draws[1])) : undefined,
      ]);
      await last(pauseMs);
    }
  }

  /** The draw does not depend on what this machine can do. */
  #draw(): Fault {
    return this.#random.pick(FAULTS);
  }

  async #inflict(fault: Fault, random: SeededRandom): Promise<void> {
    const lack = fault.lacks(this.#world);
    if (lack !== undefined) {
      if (!this.#skipped.has(fault.name)) this.#onSkipped(fault.name, lack);
      this.#skipped.add(fault.name);
      return;
    }
    this.#counts.set(fault.name, (this.#counts.get(fault.name) ?? 0) + 1);
    await fault.inflict(this.#world, random);
  }
}
