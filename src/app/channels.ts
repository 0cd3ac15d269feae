import type { EngineName, ServerName } from '../kernel/names.ts';

/** News: where engines run. */
export const ROUTES_CHANNEL = 'routes';
/** Call: the preferred server asks the holder for its engine back. */
export const HANDOVER_CHANNEL = 'handover';
/** Call: how a server is, for `pointsman status`. */
export const STATUS_CHANNEL = 'status';

/** A preferred server's wish. */
export interface HandoverRequest {
  readonly engine: EngineName;
  readonly to: ServerName;
  /** Nobody asked for it but the preferred server itself: it may be refused because the last one was not long ago. */
  readonly isFailback?: boolean;
}

/** How a server is. */
export interface ServerStatus {
  readonly server: ServerName;
  readonly pid: number;
  readonly engines: readonly {
    readonly name: EngineName;
    /** The state of this server's candidacy: standby, active, draining, … */
    readonly state: string;
    readonly epoch?: number;
    /** Why it does not take over although nobody serves; for an operator. */
    readonly trouble?: string;
  }[];
}
