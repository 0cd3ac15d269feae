import type { CancelSignal } from '../kernel/cancellation.ts';
import type { ServerName } from '../kernel/names.ts';

/** A way to call another member; the wire's dialers are such. */
export interface Caller {
  /** Rejects with InfrastructureError, which says whether the call may have had an effect. */
  call(channel: string, payload: Uint8Array, options?: { signal?: CancelSignal }): Promise<Buffer>;
  readonly state: 'connecting' | 'connected' | 'suspect';
}

/** The other servers of the topology. Undefined: no such server. */
export type Members = (server: ServerName) => Caller | undefined;
