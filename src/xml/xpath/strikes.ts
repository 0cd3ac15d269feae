import type { Clock } from '../../kernel/clock.ts';

/** How often an expression may exceed its limit, and how long it is refused from then on. */
const MAX_STRIKES = 3;
const REFUSED_MS = 10 * 60 * 1000;
/** How many expressions are remembered; beyond that the one whose last strike is the longest ago is forgotten. */
const MAX_REMEMBERED = 10_000;

interface Struck {
  readonly count: number;
  readonly at: number;
}

/** Which expressions have exceeded their limit, by key. */
export class Strikes {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #struck = new Map<string, Struck>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Whether it has exceeded its limit at all, as far as is remembered. */
  has(key: string): boolean {
    return this.#struck.has(key);
  }

  /** True: it is not to be tried. When the time is over it may be tried once; if it fails again, that counts at once. */
  isRefused(key: string): boolean {
    const struck = this.#struck.get(key);
    return struck !== undefined && struck.count >= MAX_STRIKES && this.#clock.monotonic() - struck.at < REFUSED_MS;
  }

  add(key: string): void {
    const count = (this.#struck.get(key)?.count ?? 0) + 1;
    this.#struck.delete(key);
    this.#struck.set(key, { count, at: this.#clock.monotonic() });
    if (this.#struck.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#struck.keys()) {
      this.#struck.delete(oldest);
      break;
    }
  }
}
