import type { EngineName, ServerName } from '../../kernel/names.ts';

/** Who takes part: a server, in one life of its process. */
export interface Contender {
  readonly server: ServerName;
  /** A new random id at every process start. */
  readonly incarnation: string;
}

/** What a standby can see of an engine's lease without holding it. */
export interface LeaseView {
  /** 0 before the first activation. */
  readonly epoch: number;
  /** Moves with every renewal; a standby compares it with what it saw before, on its own monotonic clock. */
  readonly counter: number;
  /** Undefined when nobody holds it. */
  readonly holder?: Contender;
  /** The server for which the last holder released it. Others wait `handoffGraceMs` before they contend. */
  readonly handoffTo?: ServerName;
  /** True when the kernel or the database already knows that the holder is gone: no need to wait for the TTL. */
  readonly isFree: boolean;
}

/** A lease that this process holds. */
export interface HeldLease {
  readonly engine: EngineName;
  readonly epoch: number;
  /** Moves the counter. False: somebody else holds the lease now; stop at once. */
  renew(): Promise<boolean>;
  /**
   * As renew(), without waiting: after a jump of the clocks, before anything else is sent. False also when the store
   * cannot say at once. May throw; that counts as false.
   */
  renewNow(): boolean;
  /** Gives the lease up, for `handoffTo` if given. The engine's store must be closed before. Idempotent. */
  release(handoffTo?: ServerName): Promise<void>;
}

/**
 * The leases of all engines. The lease is only liveness; safety is the fence, which acquire() moves to the next
 * epoch in the engine's own store before it resolves (design: lease and fence, §2.3).
 */
export interface LeaseStore {
  observe(engine: EngineName): Promise<LeaseView>;
  /**
   * Takes the lease if it is free, and installs epoch + 1. Undefined: somebody else was faster or still holds it.
   * Never waits for a holder.
   */
  acquire(engine: EngineName, contender: Contender): Promise<HeldLease | undefined>;
  /**
   * Ends a holder whose counter has not moved for a whole TTL, when this machine can make sure of it (same host: the
   * process with that id, start time and boot id is killed). True when the lease can now be acquired or soon will be.
   * Must never end any process but that one.
   */
  evict(engine: EngineName, observed: LeaseView): Promise<boolean>;
}
