import type { EngineName } from '../../kernel/names.ts';
import type { InterestChange, LinkedRecord } from './engine.ts';

/** Notifications that a peer engine wants and has not confirmed. One claim per peer at a time. */
export interface LinkClaim {
  readonly peer: EngineName;
  readonly records: readonly LinkedRecord[];
  /** Ends the claim. `accepted`: the peer has them on its disk; the link's cursor moves behind them. */
  settle(outcome: 'accepted' | 'failed'): void;
}

/** The side of an engine that faces its peers on the bus. */
export interface LinkOutlet {
  readonly engine: EngineName;
  /** Calls `listener` whenever there is something new to claim for a peer, and once at the beginning, until `signal` aborts. */
  onReady(listener: (peer: EngineName) => void, signal: AbortSignal): void;
  claim(peer: EngineName, maxCount: number, maxBytes: number): Promise<LinkClaim | undefined>;
  /**
   * What this engine wants from its peers: the change since revision `base`, or the whole without `base` or when
   * `base` is too old to build on. Undefined: nothing has changed since `base`.
   */
  interestSince(base: number | undefined): InterestChange | undefined;
  /** Calls `listener` whenever the interest has changed, until `signal` aborts. */
  onInterest(listener: () => void, signal: AbortSignal): void;
}
