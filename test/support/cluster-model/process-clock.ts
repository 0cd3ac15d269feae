import type { Clock } from '../../../src/kernel/clock.ts';
import type { ManualClock } from '../manual-clock.ts';

/** Whether the code of a process gets to run. What is stopped here goes on after a thaw, in any order. */
export class Pulse {
  isFrozen = false;
  isDead = false;
  readonly #stopped: (() => void)[] = [];

  /** Resolves when the process runs; never when it is dead. */
  async pass(): Promise<void> {
    while (this.isFrozen || this.isDead) await new Promise<void>((resolve) => this.#stopped.push(resolve));
  }

  thaw(random: () => number): void {
    this.isFrozen = false;
    const stopped = this.#stopped.splice(0);
    while (stopped.length > 0) stopped.splice(Math.floor(random() * stopped.length), 1)[0]?.();
  }
}

/** The world's time as one process lives through it: on clocks that run too fast or too slow, and that may jump. */
export class ProcessClock implements Clock {
  readonly #world: ManualClock;
  readonly #pulse: Pulse;
  readonly #rate: number;
  #lostMs = 0;
  #wallMs = 0;

  constructor(world: ManualClock, pulse: Pulse, rate: number) {
    this.#world = world;
    this.#pulse = pulse;
    this.#rate = rate;
  }

  now(): number {
    return this.#world.now() * this.#rate + this.#wallMs;
  }

  monotonic(): number {
    return this.#world.monotonic() * this.#rate - this.#lostMs;
  }

  /** Somebody sets the wall clock. */
  setWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** The machine slept, and its monotonic clock did not count it. */
  lose(worldMs: number): void {
    this.#lostMs += worldMs * this.#rate;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#world.sleep(ms / this.#rate, signal);
    await this.#pulse.pass();
    signal?.throwIfAborted();
  }
}
