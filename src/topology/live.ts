import type { Topology } from './model.ts';

/** Learns of a topology that has taken the place of another. Must not throw. */
export type TopologyListener = (after: Topology, before: Topology) => void;

/**
 * The topology that holds now. Who keeps it reads `current` at each use: whatever a constructor copies out of it stays as
 * it was.
 */
export class LiveTopology {
  #current: Topology;
  readonly #listeners = new Set<TopologyListener>();

  constructor(topology: Topology) {
    this.#current = topology;
  }

  get current(): Topology {
    return this.#current;
  }

  /** From now on `topology` holds. Calls the listeners in the order in which they came. */
  replace(topology: Topology): void {
    const before = this.#current;
    this.#current = topology;
    for (const listener of [...this.#listeners]) listener(topology, before);
  }

  /** Calls `listener` after each replacement, until `signal` aborts. */
  onChange(listener: TopologyListener, signal: AbortSignal): void {
    if (signal.aborted) return;
    // A wrapper of its own: the same function may listen twice.
    const listening: TopologyListener = (after, before) => listener(after, before);
    this.#listeners.add(listening);
    signal.addEventListener('abort', () => this.#listeners.delete(listening), { once: true });
  }
}

/**
 * A section of a topology whose members are read anew at each use. The section always has the same members, as those of
 * a resolved topology do. Who takes a member out of the view has copied it.
 */
export function viewOf<Section extends object>(section: () => Section): Section {
  const view = {};
  for (const key of Object.keys(section()) as (keyof Section)[]) {
    Object.defineProperty(view, key, { enumerable: true, get: () => section()[key] });
  }
  return view as Section;
}
