import { InfrastructureError } from '../../kernel/errors.ts';
import type { BacklogLimits, BacklogPolicy } from './backlog-limits.ts';
import type { Cursor } from '../cursor.ts';
import type { EntryHeader } from '../entry.ts';

/** Shares of a limit: a reader presses from the first on, until it is down to the second. */
const HIGH = 0.8;
const LOW = 0.5;
/** How fast a reader takes its messages is known after so long, and measured anew as often. */
const SAMPLE_MS = 250;
const LEAST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;

/** How a reader near its limit has been doing. */
interface Strain {
  sampledAt: number;
  sampledTaken: number;
  /** Messages a millisecond; undefined: not known yet. */
  rate: number | undefined;
  /** Since when publishers wait for it. */
  slowingSince: number | undefined;
}

interface PressureOptions {
  readonly limits: BacklogLimits;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** What holds for a reader beyond its kind. */
  readonly policyOf: (cursor: Cursor) => BacklogPolicy;
  /** Called for a reader that is over a limit: somebody has to do what its policy says. */
  readonly onExceeded: (cursor: Cursor) => void;
}

/**
 * Knows which readers are near the limits of their backlogs, and refuses publishers on their behalf: where the policy says
 * so, and for a while where a reader is about to catch up. Costs two comparisons for each delivery while nobody is near.
 */
export class Pressure {
  readonly #options: PressureOptions;
  readonly #pressing = new Map<Cursor, Strain>();
  #limits: BacklogLimits;
  #refused = 0;

  constructor(options: PressureOptions) {
    this.#options = options;
    this.#limits = options.limits;
  }

  get limits(): BacklogLimits {
    return this.#limits;
  }

  /** Those that press now. */
  get pressing(): Iterable<Cursor> {
    return this.#pressing.keys();
  }

  /** Requests of publishers that were refused. */
  get refused(): number {
    return this.#refused;
  }

  /** Other limits from now on. */
  setLimits(limits: BacklogLimits, cursors: Iterable<Cursor>): void {
    this.#limits = limits;
    for (const cursor of cursors) this.note(cursor);
  }

  /** Something more waits for this reader. */
  note(cursor: Cursor): void {
    const { messages, bytes } = this.#limits[cursor.kind];
    if (cursor.waiting < messages * HIGH && cursor.waitingBytes < bytes * HIGH) return;
    if (!this.#pressing.has(cursor)) {
      const sample = { sampledAt: this.#options.now(), sampledTaken: cursor.taken };
      this.#pressing.set(cursor, { ...sample, rate: undefined, slowingSince: undefined });
    }
    if (this.exceeds(cursor)) this.#options.onExceeded(cursor);
  }

  /** True: more waits for the reader than its limits allow. */
  exceeds(cursor: Cursor): boolean {
    const { messages, bytes } = this.#limits[cursor.kind];
    return cursor.waiting > messages || cursor.waitingBytes > bytes;
  }

  /** Forgets those that press no longer. */
  review(): void {
    for (const cursor of this.#pressing.keys()) {
      if (cursor.isEnded || this.#strainOf(cursor) <= LOW) this.#pressing.delete(cursor);
    }
  }

  /**
   * Throws InfrastructureError (`overloaded`, processed: no, with a time after which it is worth another try) where one of
   * these messages is not to be accepted now. `isLogFull`: none is.
   */
  assertRoom(isLogFull: boolean, of: () => readonly EntryHeader[]): void {
    if (isLogFull) throw this.#refusal('The log has reached its limit', LEAST_RETRY_MS);
    if (this.#pressing.size === 0) return;
    const messages = of();
    for (const [cursor, strain] of this.#pressing) {
      const retryAfterMs = this.#refusesFor(cursor, strain);
      if (retryAfterMs === undefined || !messages.some((message) => cursor.matches(message) === true)) continue;
      throw this.#refusal(`The backlog of ${cursor.id} is near its limit`, retryAfterMs);
    }
  }

  /** After which time publishers may try again; undefined: they need not wait for this reader. */
  #refusesFor(cursor: Cursor, strain: Strain): number | undefined {
    const share = this.#strainOf(cursor);
    if (cursor.isEnded || share <= LOW) {
      this.#pressing.delete(cursor);
      return undefined;
    }
    if (share >= 1 && this.#options.policyOf(cursor) === 'refusePublisher') return LEAST_RETRY_MS;
    const now = this.#options.now();
    const rate = sample(cursor, strain, now);
    const { patienceMs } = this.#limits;
    if (rate === undefined || patienceMs === 0) return undefined;
    // Who cannot catch up within the patience would slow its publishers down for nothing.
    const neededMs = (cursor.waiting * (1 - LOW / share)) / rate;
    if (neededMs > patienceMs) return undefined;
    strain.slowingSince ??= now;
    if (now - strain.slowingSince > patienceMs) return undefined;
    return Math.min(Math.max(neededMs, LEAST_RETRY_MS), MOST_RETRY_MS);
  }

  /** How much of its limits a backlog takes: 1 is all. */
  #strainOf(cursor: Cursor): number {
    const { messages, bytes } = this.#limits[cursor.kind];
    return Math.max(cursor.waiting / messages, cursor.waitingBytes / bytes);
  }

  #refusal(message: string, retryAfterMs: number): InfrastructureError {
    this.#refused += 1;
    return new InfrastructureError('overloaded', message, { processed: 'no', retryAfterMs });
  }
}

/** Messages a millisecond that the reader takes at present; undefined: not known yet. */
function sample(cursor: Cursor, strain: Strain, now: number): number | undefined {
  const elapsedMs = now - strain.sampledAt;
  if (elapsedMs >= SAMPLE_MS) {
    strain.rate = (cursor.taken - strain.sampledTaken) / elapsedMs;
    strain.sampledAt = now;
    strain.sampledTaken = cursor.taken;
  }
  return strain.rate;
}
