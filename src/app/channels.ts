import type { EngineName, ServerName } from '../kernel/names.ts';
import { unpack } from '../kernel/packed.ts';

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
  }[];
}

/** Reads a value that a member of the same version packed. */
export function unpackAs<T>(payload: Uint8Array): T {
  return unpack(payload) as T;
}
