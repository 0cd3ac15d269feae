import type { Contender, HeldLease, LeaseStore, LeaseView } from '../../cluster/ports/lease-store.ts';
import type { EngineStore } from '../../engine/ports/engine-store.ts';
import { InfrastructureError } from '../../kernel/errors.ts';
import { MemoryEngineStore } from './memory-engine-store.ts';
import { type EngineMedium, type MemoryMedium, heldView } from './memory-medium.ts';

/** The store of one server on a medium that it may share with others. For tests of what stands on the ports. */
export class MemoryStorage {
  readonly leases: LeaseStore;
  readonly #medium: MemoryMedium;

  constructor(medium: MemoryMedium) {
    this.#medium = medium;
    this.leases = new MemoryLeaseStore(medium);
  }

  /** The engine's store for the tenure of a lease that is held on the medium. */
  async openEngine(engine: string, epoch: number): Promise<EngineStore> {
    await Promise.resolve();
    const disk = this.#medium.engine(engine);
    const incarnation = disk.lockedBy;
    if (incarnation === undefined || disk.epoch !== epoch) {
      throw new InfrastructureError('lease-lost', `Engine "${engine}": epoch ${epoch} is not held`, {
        processed: 'no',
      });
    }
    return new MemoryEngineStore({ engine, epoch, incarnation, medium: this.#medium });
  }
}

class MemoryLeaseStore implements LeaseStore {
  readonly #medium: MemoryMedium;

  constructor(medium: MemoryMedium) {
    this.#medium = medium;
  }

  async observe(engine: string): Promise<LeaseView> {
    await Promise.resolve();
    const disk = this.#medium.engine(engine);
    return { ...disk.lease, isFree: disk.lockedBy === undefined };
  }

  async acquire(engine: string, contender: Contender): Promise<HeldLease | undefined> {
    await Promise.resolve();
    const disk = this.#medium.engine(engine);
    if (disk.lockedBy !== undefined || this.#medium.isDead(contender.incarnation)) return undefined;
    disk.lockedBy = contender.incarnation;
    disk.epoch += 1;
    disk.lease = heldView(disk.epoch, disk.lease.counter + 1, contender);
    return new MemoryHeldLease(engine, disk, contender);
  }

  async evict(engine: string, observed: LeaseView): Promise<boolean> {
    await Promise.resolve();
    const disk = this.#medium.engine(engine);
    if (disk.lockedBy === undefined) return true;
    const { epoch, counter, holder } = disk.lease;
    if (holder === undefined || epoch !== observed.epoch || counter !== observed.counter) return false;
    if (holder.incarnation !== observed.holder?.incarnation) return false;
    this.#medium.kill(holder.incarnation);
    return true;
  }
}

class MemoryHeldLease implements HeldLease {
  readonly engine: string;
  readonly epoch: number;
  readonly #disk: EngineMedium;
  readonly #contender: Contender;

  constructor(engine: string, disk: EngineMedium, contender: Contender) {
    this.engine = engine;
    this.epoch = disk.epoch;
    this.#disk = disk;
    this.#contender = contender;
  }

  async renew(): Promise<boolean> {
    await Promise.resolve();
    return this.renewNow();
  }

  renewNow(): boolean {
    if (!this.#isHeld()) return false;
    this.#disk.lease = heldView(this.epoch, this.#disk.lease.counter + 1, this.#contender);
    return true;
  }

  async release(handoffTo?: string): Promise<void> {
    await Promise.resolve();
    if (!this.#isHeld()) return;
    this.#disk.lockedBy = undefined;
    this.#disk.lease = {
      epoch: this.epoch,
      counter: this.#disk.lease.counter + 1,
      isFree: true,
      ...(handoffTo === undefined ? {} : { handoffTo }),
    };
  }

  #isHeld(): boolean {
    return this.#disk.epoch === this.epoch && this.#disk.lockedBy === this.#contender.incarnation;
  }
}
