/** Exit codes, after sysexits(3) where it has one. */
export const EXIT = {
  ok: 0,
  failed: 1,
  badConfiguration: 2,
  /** A listener's address is taken, or the store is held by something that is no member. */
  unavailable: 69,
  /** A bug: an invariant does not hold. */
  invariant: 70,
  /** The store can no longer be trusted. */
  storeBroken: 74,
  /** Deposed: another server took over. A new process has no stale memory. */
  deposed: 75,
} as const;
