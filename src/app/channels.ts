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
/** Call: what operators ask about dead letters, for `pointsman dead-letters`. */
export const DEAD_LETTERS_CHANNEL = 'dead-letters';

/** Call: copies the store of an engine that runs in the server, for `pointsman backup`. */
export const BACKUP_CHANNEL = 'backup';

/** What is to be copied, and the new folder that it goes into. */
export interface BackupRequest {
  readonly engine: EngineName;
  readonly target: string;
}

/** Call: a holder asks whether a server would take an engine now. */
export const PREPARE_CHANNEL = 'prepare';
/** Call: a holder has released an engine for the server that it calls. */
export const TAKE_CHANNEL = 'take';
/** Call: an operator moves an engine, asking the server that runs it. */
export const MOVE_CHANNEL = 'move';
/** Call: an operator has a server give all its engines away and take none, or take them again. */
export const DRAIN_CHANNEL = 'drain';
/** Call: an operator has a server hand its engines over and end with code 0; whoever runs it starts it again. */
export const LEAVE_CHANNEL = 'leave';
/** Call: which proxies are connected to a server, or that one of them shall end as LEAVE_CHANNEL says. */
export const PROXIES_CHANNEL = 'proxies';

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
  /** It was drained: it takes no engine until an operator says so, or it starts anew. */
  readonly isDrained: boolean;
  readonly topology: TopologyMark;
  readonly engines: readonly {
    readonly name: EngineName;
    /** The state of this server's candidacy: standby, active, draining, … */
    readonly state: string;
    readonly epoch?: number;
    /** Why it cannot run it, or does not take over although nobody serves; for an operator. */
    readonly problem?: string;
  }[];
}

/** Which engine a call is about. */
export interface EngineRequest {
  readonly engine: EngineName;
}

/** Whether a server would take an engine now; `reason` says why not. */
export interface Readiness {
  readonly isReady: boolean;
  readonly reason?: string;
}

/** How a move went. `pauseMs`: how long the engine served nowhere, as the server saw it that gave it away. */
export type MoveOutcome =
  | {
      readonly isMoved: true;
      readonly engine: EngineName;
      readonly server: ServerName;
      readonly epoch: number;
      readonly pauseMs: number;
    }
  | { readonly isMoved: false; readonly engine: EngineName; readonly reason: string };

/** What an operator asks of a server: to be drained, or not to be any more. */
export interface DrainRequest {
  readonly isDrained: boolean;
}

/** How each engine fared that ran on a server when it was drained. */
export interface DrainOutcome {
  readonly moves: readonly MoveOutcome[];
}

/** `leave`: the proxy that shall end. */
export interface ProxiesRequest {
  readonly leave?: string;
}

/** The proxies that are connected to a server, each once. */
export interface ProxiesAnswer {
  readonly proxies: readonly { readonly name: string; readonly pid: number }[];
}
