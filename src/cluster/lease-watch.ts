import type { ServerName } from '../kernel/names.ts';
import type { LeaseView } from './ports/lease-store.ts';

/** What a standby should do after it has looked at the lease. `evict`: the holder has not moved for a whole TTL. */
export type Verdict = 'wait' | 'acquire' | 'evict';

/** How long a candidate lets a better one go first, in milliseconds. */
export const PRECEDENCE = {
  /** For each living candidate with a better rank, when a holder has gone. */
  failoverStepMs: 150,
  /** For each better rank, when this process has never seen a holder: the preferred server may be starting too. */
  coldStartStepMs: 1_000,
  /** When the last holder released the lease for another server. */
  handoffGraceMs: 1_500,
} as const;

/**
 * What one standby knows of one lease. It judges only by its own monotonic clock: a holder is given up when its
 * counter has not moved between two looks that lie a whole TTL apart (design: lease and fence, §2.3).
 */
export class LeaseWatch {
  readonly #server: ServerName;
  #candidates: readonly ServerName[];
  readonly #ttlMs: number;
  #seen: LeaseView | undefined;
  #movedAt = 0;
  #freeSince: number | undefined;
  #lastHolder: ServerName | undefined;
  #hasSeenHolder = false;

  constructor(options: { server: ServerName; candidates: readonly ServerName[]; ttlMs: number }) {
    this.#server = options.server;
    this.#candidates = options.candidates;
    this.#ttlMs = options.ttlMs;
  }

  /** The lease as it was seen last. */
  get seen(): LeaseView | undefined {
    return this.#seen;
  }

  /** From now on these are the candidates, in this order. */
  contendAmong(candidates: readonly ServerName[]): void {
    this.#candidates = candidates;
  }

  /** This process has taken the lease itself. Whatever was known of former holders is over. */
  held(): void {
    this.#seen = undefined;
    this.#freeSince = undefined;
    this.#lastHolder = this.#server;
    this.#hasSeenHolder = true;
  }

  /**
   * `sentAt` and `receivedAt`: the monotonic time before the look was sent and after it came back. The look happened
   * somewhere between; each comparison uses the end that makes a holder look younger.
   */
  judge(view: LeaseView, sentAt: number, receivedAt: number): Verdict {
    if (this.#seen === undefined || hasMoved(this.#seen, view)) {
      this.#movedAt = receivedAt;
      this.#freeSince = undefined;
    }
    this.#seen = view;
    if (view.holder !== undefined) this.#lastHolder = view.holder.server;
    if (view.isFree || view.holder === undefined) return this.#judgeFree(view, receivedAt);
    this.#freeSince = undefined;
    this.#hasSeenHolder = true;
    return sentAt - this.#movedAt >= this.#ttlMs + this.#failoverDelayMs() ? 'evict' : 'wait';
  }

  #judgeFree(view: LeaseView, receivedAt: number): Verdict {
    this.#freeSince ??= receivedAt;
    if (view.handoffTo === this.#server) return 'acquire';
    const graceMs = view.handoffTo === undefined ? 0 : PRECEDENCE.handoffGraceMs;
    const delayMs = graceMs + (this.#hasSeenHolder ? this.#failoverDelayMs() : this.#coldStartDelayMs());
    return receivedAt - this.#freeSince >= delayMs ? 'acquire' : 'wait';
  }

  #coldStartDelayMs(): number {
    return Math.max(0, this.#candidates.indexOf(this.#server)) * PRECEDENCE.coldStartStepMs;
  }

  #failoverDelayMs(): number {
    const others = this.#candidates.filter((candidate) => candidate !== this.#lastHolder);
    const rank = others.indexOf(this.#server);
    return (rank === -1 ? others.length : rank) * PRECEDENCE.failoverStepMs;
  }
}

function hasMoved(before: LeaseView, after: LeaseView): boolean {
  return (
    before.epoch !== after.epoch ||
    before.counter !== after.counter ||
    before.holder?.incarnation !== after.holder?.incarnation ||
    before.handoffTo !== after.handoffTo
  );
}
