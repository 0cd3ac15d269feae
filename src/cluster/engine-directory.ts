import type { EngineName } from '../kernel/names.ts';
import type { Directory, Route } from './ports/directory.ts';

/** Which news a directory takes at all: only members of the topology may be routed to. */
export interface DirectoryOptions {
  /**
   * False: the route names an engine or a server that is not in the topology; it is not learned, but kept for
   * reconsider(). Default: all are known.
   */
  readonly isKnown?: (route: Route) => boolean;
}

/** Routes of engines or servers that are not in the topology (yet): beyond this many, further ones are forgotten. */
const MOST_STRANGERS = 1_000;

/** What this member knows of where engines run, in memory. The epoch alone decides which news is newer. */
export class EngineDirectory implements Directory {
  readonly #routes = new Map<EngineName, Route>();
  /** The newest news for each engine that was not taken. */
  readonly #strange = new Map<EngineName, Route>();
  readonly #listeners = new Set<(route: Route) => void>();
  readonly #isKnown: (route: Route) => boolean;

  constructor(options: DirectoryOptions = {}) {
    this.#isKnown = options.isKnown ?? ((): boolean => true);
  }

  find(engine: EngineName): Route | undefined {
    return this.#routes.get(engine);
  }

  all(): readonly Route[] {
    return [...this.#routes.values()];
  }

  learn(route: Route): boolean {
    const known = this.#routes.get(route.engine);
    if (!isNewer(route, known)) return false;
    // The move of an engine that is known to run there is learned also where it may not run any more.
    if (route.epoch !== known?.epoch && !this.#isKnown(route)) {
      this.#remember(route);
      return false;
    }
    this.#strange.delete(route.engine);
    this.#routes.set(route.engine, route);
    for (const listener of [...this.#listeners]) listener(route);
    return true;
  }

  /** The topology has changed: takes in what was told before its engine or server was known. */
  reconsider(): void {
    for (const route of [...this.#strange.values()]) this.learn(route);
  }

  #remember(route: Route): void {
    const isRoom = this.#strange.has(route.engine) || this.#strange.size < MOST_STRANGERS;
    if (isRoom && isNewer(route, this.#strange.get(route.engine))) this.#strange.set(route.engine, route);
  }

  onChange(listener: (route: Route) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // A wrapper of its own: the same function may be registered twice, with two signals.
    const registered = (route: Route): void => listener(route);
    this.#listeners.add(registered);
    signal.addEventListener('abort', () => this.#listeners.delete(registered), { once: true });
  }
}

/**
 * True when `news` must replace `known`: a higher epoch, or the same activation (epoch and server) that has begun to
 * move. A move never turns back at the same epoch: its server gives the lease up, and comes back with a higher one.
 */
function isNewer(news: Route, known: Route | undefined): boolean {
  if (known === undefined || news.epoch > known.epoch) return true;
  return (
    news.epoch === known.epoch && news.server === known.server && known.state === 'active' && news.state === 'moving'
  );
}
