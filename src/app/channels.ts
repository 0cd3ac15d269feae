import type { EngineName, ServerName } from '../kernel/names.ts';

/** News: where engines run. */
export const ROUTES_CHANNEL = 'routes';
/** Call: the preferred server asks the holder for its engine back. */
export const HANDOVER_CHANNEL = 'handover';
/** Call: how a server is, for `pointsman status`. */
export const STATUS_CHANNEL = 'status';
/** Call: what operators ask about dead letters, for `pointsman dead-letters`. */
export const DEAD_LETTERS_CHANNEL = 'dead-letters';

/** Call: copies the store of an engine that runs in the server, for `pointsman backup`. */
export const BACKUP_CHANNEL = 'backup';

/** What is to be copied, and the new folder that it goes into. */
export interface BackupRequest {
  readonly engine: EngineName;
  readonly target: string;
}

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
    /** Why it cannot run it, or does not take over although nobody serves; for an operator. */
    readonly problem?: string;
  }[];
}
