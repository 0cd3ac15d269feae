import { InfrastructureError } from './errors.ts';

/**
 * The time during which this process may act for an engine. Aborting `signal` ends it: lost lease, handover and
 * shutdown are the same thing to the engine.
 */
export interface Tenure {
  /** The fencing token: +1 at every activation, handed to every write. */
  readonly epoch: number;
  readonly signal: AbortSignal;
  /**
   * True while this process may still act. Looks at the monotonic clock itself, so that a process that was frozen
   * sees the truth before any timer of its own has run. Call it immediately before each push and each answer.
   */
  isCurrent(): boolean;
}

/** Throws unless the tenure is current. `processed` says what may have happened to the request being served. */
export function assertCurrent(tenure: Tenure, processed: 'no' | 'unknown'): void {
  if (!tenure.isCurrent()) {
    throw new InfrastructureError('lease-lost', `The lease of epoch ${tenure.epoch} has ended`, { processed });
  }
}
