import type { Clock } from '../kernel/clock.ts';

/**
 * How often one server gives one engine back to the preferred server. The giver remembers, not the one who asks: a
 * server that crashes again and again has no memory of it, and would drag the engine along each time. Only for
 * failback that nobody ordered; a move that an operator asks for is never refused for this.
 */
export class FailbackDamping {
  readonly #everyMs: number;
  readonly #clock: Clock;
  #grantedAt: number | undefined;

  /** `everyMs`: the shortest time between two failbacks. */
  constructor(options: { everyMs: number; clock: Clock }) {
    this.#everyMs = options.everyMs;
    this.#clock = options.clock;
  }

  /** False while the last one that was granted here is younger than `everyMs`. */
  mayGrant(): boolean {
    return this.#grantedAt === undefined || this.#clock.monotonic() - this.#grantedAt >= this.#everyMs;
  }

  /** The engine has been given back now. */
  granted(): void {
    this.#grantedAt = this.#clock.monotonic();
  }
}
