import type { EngineName, ServerName } from '../kernel/names.ts';
import type { TopologyMark } from './topology-news.ts';

/** News: where engines run. */
export const ROUTES_CHANNEL = 'routes';
/** News: which topology a server has. */
export const TOPOLOGY_CHANNEL = 'topology';
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
  readonly topology: TopologyMark;
  readonly engines: readonly {
    readonly name: EngineName;
    /** The state of this server's candidacy: standby, active, draining, … */
    readonly state: string;
    readonly epoch?: number;
  }[];
}
