import type { HeldLease } from '../../cluster/ports/lease-store.ts';
import type { EnginePlace } from './engine-place.ts';
import type { LeaseRecord } from './lease-file.ts';
import { atOnce } from './at-once.ts';

/** A lease held by this process: the lock, and a lease file that names it. */
export class SqliteHeldLease implements HeldLease {
  readonly engine: string;
  readonly epoch: number;
  readonly #place: EnginePlace;
  readonly #holder: LeaseRecord['holder'];
  #counter: number;
  #releasing: Promise<void> | undefined;

  /** `record` is what the lease file says. */
  constructor(place: EnginePlace, record: LeaseRecord) {
    this.engine = place.engine;
    this.epoch = record.epoch;
    this.#place = place;
    this.#holder = record.holder;
    this.#counter = record.counter;
  }

  renew(): Promise<boolean> {
    return atOnce(() => this.renewNow());
  }

  renewNow(): boolean {
    if (this.#releasing !== undefined || !this.#isOurs()) return false;
    this.#counter += 1;
    this.#place.renewLease({
      epoch: this.epoch,
      counter: this.#counter,
      ...(this.#holder === undefined ? {} : { holder: this.#holder }),
    });
    return true;
  }

  release(handoffTo?: string): Promise<void> {
    this.#releasing ??= this.#release(handoffTo);
    return this.#releasing;
  }

  async #release(handoffTo: string | undefined): Promise<void> {
    try {
      await this.#place.closeUnclaimed(this.epoch);
    } finally {
      this.#giveBack(handoffTo);
    }
  }

  #giveBack(handoffTo: string | undefined): void {
    try {
      // Written before the lock goes: whoever finds it free also finds for whom.
      if (this.#isOurs()) {
        this.#place.writeLease({
          epoch: this.epoch,
          counter: this.#counter + 1,
          ...(handoffTo === undefined ? {} : { handoffTo }),
        });
      }
    } finally {
      this.#place.lock.giveBack();
    }
  }

  /** A file that is gone or that names nobody cannot be another's: nobody else can have the lock. */
  #isOurs(): boolean {
    if (!this.#place.lock.isHeld) return false;
    const { epoch, holder } = this.#place.readLease();
    return epoch <= this.epoch && (holder === undefined || holder.incarnation === this.#holder?.incarnation);
  }
}
