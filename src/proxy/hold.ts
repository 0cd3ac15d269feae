import type { EngineName } from '../kernel/names.ts';

export interface HoldLimits {
  readonly maxHeldRequests: number;
  readonly maxHeldBytes: number;
}

/** Counts the requests that wait for an engine, so that an engine that stays away cannot fill the proxy. */
export class HoldRoom {
  readonly #limits: HoldLimits;
  readonly #held = new Map<EngineName, { requests: number; bytes: number }>();

  constructor(limits: HoldLimits) {
    this.#limits = limits;
  }

  /** Takes a request in; returns how to let it go. Undefined: the room for this engine is full. */
  enter(engine: EngineName | undefined, bytes: number): (() => void) | undefined {
    const name = engine ?? '';
    const held = this.#held.get(name) ?? { requests: 0, bytes: 0 };
    if (held.requests + 1 > this.#limits.maxHeldRequests || held.bytes + bytes > this.#limits.maxHeldBytes) {
      return undefined;
    }
    held.requests += 1;
    held.bytes += bytes;
    this.#held.set(name, held);
    return () => {
      held.requests -= 1;
      held.bytes -= bytes;
      if (held.requests === 0) this.#held.delete(name);
    };
  }
}
