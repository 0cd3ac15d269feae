import type { Clock } from '../kernel/clock.ts';

export interface PulseOptions {
  readonly clock: Clock;
  readonly pingEveryMs: number;
  /** Silence for this long ends the connection. */
  readonly silenceMs: number;
  readonly ping: () => void;
  readonly onSuspect: (isSuspect: boolean) => void;
  readonly onSilence: () => void;
}

/** A wake-up that comes this late says that this process stood still, not that the other end did. */
const OWN_PAUSE_MS = 1000;

/**
 * Watches whether the other end still says anything. Pings at a fixed interval; two intervals of silence make it
 * suspect, `silenceMs` end the connection. Any bytes count as a sign of life.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #stopping = new AbortController();
  #lastHeard: number;
  #isSuspect = false;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#lastHeard = options.clock.monotonic();
  }

  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  start(): void {
    this.#watch().catch(() => undefined);
  }

  stop(): void {
    this.#stopping.abort();
  }

  heard(): void {
    this.#lastHeard = this.#options.clock.monotonic();
    if (this.#isSuspect) this.#suspect(false);
  }

  /** Ends by the rejection of sleep() once stopped. */
  async #watch(): Promise<void> {
    const { clock, pingEveryMs, silenceMs, ping, onSilence } = this.#options;
    const suspectMs = 2 * pingEveryMs;
    let nextPing = clock.monotonic() + pingEveryMs;
    while (!this.#stopping.signal.aborted) {
      const due = Math.min(nextPing, this.#lastHeard + (this.#isSuspect ? silenceMs : suspectMs));
      await clock.sleep(Math.max(1, due - clock.monotonic()), this.#stopping.signal);
      const now = clock.monotonic();
      if (now - due > OWN_PAUSE_MS) this.#lastHeard = now;
      const silence = now - this.#lastHeard;
      if (silence >= silenceMs) {
        onSilence();
        return;
      }
      if (silence >= suspectMs && !this.#isSuspect) this.#suspect(true);
      if (now >= nextPing) {
        ping();
        nextPing = now + pingEveryMs;
      }
    }
  }

  #suspect(isSuspect: boolean): void {
    this.#isSuspect = isSuspect;
    this.#options.onSuspect(isSuspect);
  }
}
