import type { CancelSignal } from '../kernel/cancellation.ts';

/** What dials or listens: a member, a further process of a proxy, a command of an operator. */
export type WireRole = 'server' | 'proxy' | 'tool' | 'worker';

/** Who is at the other end, proven by the cluster secret. */
export interface WirePeer {
  readonly name: string;
  readonly role: WireRole;
}

/**
 * Answers one call. `payload` is a view of what was received: copy what must outlive the call. `signal` aborts when
 * the caller has given up or is gone. A rejection with InfrastructureError reaches the caller with its code and
 * `processed`; any other rejection is logged and reaches it as `store-unavailable`, `unknown`, without internals.
 * The bytes that it resolves with must not be changed afterwards.
 */
export type CallAnswerer = (payload: Buffer, caller: WirePeer, signal: CancelSignal) => Promise<Uint8Array>;

/** Takes one piece of news. `payload` is a view: copy what must outlive the call. What it throws is logged. */
export type NewsTaker = (payload: Buffer, sender: WirePeer) => void;

/** What this member answers and listens to, by channel name (1 to 64 bytes of ASCII). */
export interface WireChannels {
  readonly calls: Readonly<Record<string, CallAnswerer>>;
  readonly news: Readonly<Record<string, NewsTaker>>;
}

export interface CallOptions {
  /** Gives the call up: it rejects with `timed-out`, and the answerer's signal aborts. */
  readonly signal?: CancelSignal;
}
