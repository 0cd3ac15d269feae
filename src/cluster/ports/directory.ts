import type { EngineName, ServerName } from '../../kernel/names.ts';

/** Where an engine runs. `moving`: its server is handing it over; hold requests until a higher epoch is announced. */
export interface Route {
  readonly engine: EngineName;
  readonly server: ServerName;
  readonly epoch: number;
  readonly state: 'active' | 'moving';
}

/** What a member knows of where engines run. Only news with a higher epoch (or the same epoch, moving) is accepted. */
export interface Directory {
  find(engine: EngineName): Route | undefined;
  all(): readonly Route[];
  /** True when the news was newer than what was known. */
  learn(route: Route): boolean;
  /** Calls `listener` after each change until `signal` aborts. */
  onChange(listener: (route: Route) => void, signal: AbortSignal): void;
}
