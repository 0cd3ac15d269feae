import type { Contender, LeaseView } from '../../cluster/ports/lease-store.ts';
import type { KeyedRecord, LogRecord } from '../../engine/ports/engine-store.ts';

/** What a disk would hold of one engine. */
export interface EngineMedium {
  /** The fence: only this epoch may write. */
  epoch: number;
  lease: LeaseView;
  /** The incarnation that holds the lock, as the kernel would know it. */
  lockedBy: string | undefined;
  isBroken: boolean;
  head: number;
  readonly log: Map<number, LogRecord>;
  /** By space and key. */
  readonly records: Map<string, KeyedRecord & { readonly at: number }>;
  readonly cursors: Map<string, number>;
}

/**
 * The disk and the kernel that several MemoryStorages share, as servers on one machine do. Tests break it here.
 */
export class MemoryMedium {
  readonly #engines = new Map<string, EngineMedium>();
  readonly #dead = new Set<string>();
  /** While true, a commit that appends or puts rejects with `store-full`. */
  isFull = false;

  /** The engine's part, empty at first. */
  engine(name: string): EngineMedium {
    let medium = this.#engines.get(name);
    if (medium === undefined) {
      medium = {
        epoch: 0,
        lease: { epoch: 0, counter: 0, isFree: true },
        lockedBy: undefined,
        isBroken: false,
        head: 0,
        log: new Map(),
        records: new Map(),
        cursors: new Map(),
      };
      this.#engines.set(name, medium);
    }
    return medium;
  }

  /** Forgets an engine, as if its files had been deleted. */
  erase(name: string): void {
    this.#engines.delete(name);
  }

  /** The process dies: its locks are free, its lease still names it, and nothing that it tries has an effect any more. */
  kill(incarnation: string): void {
    this.#dead.add(incarnation);
    this.loseLocks(incarnation);
  }

  /** Frees the locks of a process that lives on and does not know: only the fence can stop it now. */
  loseLocks(incarnation: string): void {
    for (const medium of this.#engines.values()) {
      if (medium.lockedBy === incarnation) medium.lockedBy = undefined;
    }
  }

  isDead(incarnation: string): boolean {
    return this.#dead.has(incarnation);
  }

  /** From now on the engine's stores reject everything with StoreBrokenError, as after a failed fsync. */
  breakStore(engine: string): void {
    this.engine(engine).isBroken = true;
  }
}

/** What a lease on the medium says while `holder` has it. */
export function heldView(epoch: number, counter: number, { server, incarnation }: Contender): LeaseView {
  return { epoch, counter, holder: { server, incarnation }, isFree: false };
}
