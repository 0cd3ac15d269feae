/** Something with a life: constructed without I/O, started once, stopped once. */
export interface Component {
  /** Resolves when ready to serve. A second call returns the first call's promise. */
  start(signal: AbortSignal): Promise<void>;
  /** Takes no new work, finishes what is in flight until `deadline` aborts, then closes. Idempotent. */
  stop(deadline: AbortSignal): Promise<void>;
}
