import type { EngineName, ServerName } from '../../kernel/names.ts';

/**
 * Where operators have put engines. It outlives processes: without it, an engine that was moved by hand would be
 * dragged back to its preferred server.
 */
export interface Placements {
  /** The server that takes the place of the preferred one. Undefined: nobody has moved the engine by hand. */
  find(engine: EngineName): ServerName | undefined;
  /** Undefined: forget it, the preferred server is preferred again. */
  put(engine: EngineName, server: ServerName | undefined): void;
}
