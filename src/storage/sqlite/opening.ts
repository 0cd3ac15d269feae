import type { HeldLease } from '../../cluster/ports/lease-store.ts';
import type { Logger } from '../../kernel/log.ts';
import type { EnginePlace } from './engine-place.ts';
import type { LeaseRecord } from './lease-file.ts';
import { SqliteHeldLease } from './sqlite-held-lease.ts';

/** How often the counter moves while the database is being opened, in milliseconds. */
const BEAT_MS = 500;

/**
 * The time between taking an engine's lock and holding its lease. The lease file names the one that is opening, still
 * with the epoch before, and its counter moves: a slow opening is not taken for a dead one, and a frozen one can be
 * evicted.
 */
export class Opening {
  readonly #place: EnginePlace;
  readonly #holder: NonNullable<LeaseRecord['holder']>;
  readonly #logger: Logger;
  readonly #found: LeaseRecord;
  #counter: number;

  /** Needs the lock. */
  constructor(place: EnginePlace, holder: NonNullable<LeaseRecord['holder']>, logger: Logger) {
    this.#place = place;
    this.#holder = holder;
    this.#logger = logger;
    this.#found = place.readLease();
    this.#counter = this.#found.counter;
  }

  async run(): Promise<HeldLease> {
    this.#place.writeLease(this.#nextBeat());
    const epoch = await this.#openDatabase();
    const record = { epoch, counter: this.#counter + 1, holder: this.#holder };
    this.#place.openedEpoch = epoch;
    this.#place.writeLease(record);
    return new SqliteHeldLease(this.#place, record);
  }

  /**
   * Tidies up after run() failed; the lock is the caller's. An epoch that may have been installed only means that the
   * next one is higher. Never throws.
   */
  async abandon(): Promise<void> {
    try {
      const { openedEpoch } = this.#place;
      if (openedEpoch !== undefined) await this.#place.closeUnclaimed(openedEpoch);
      this.#place.writeLease({ epoch: this.#found.epoch, counter: this.#counter + 1 });
    } catch (error) {
      this.#logger.warn('Cannot clean up after a takeover that failed', { engine: this.#place.engine, error });
    }
  }

  async #openDatabase(): Promise<number> {
    const beating = setInterval(() => {
      this.#tryToBeat();
    }, BEAT_MS);
    try {
      const { epoch, accepted } = await this.#place.thread.call('open', {
        directory: this.#place.directory,
        engine: this.#place.engine,
        incarnation: this.#holder.incarnation,
        knownEpoch: this.#found.epoch,
        bootId: this.#holder.life.bootId,
        tuning: this.#place.tuning,
      });
      if (accepted !== undefined) {
        const fields = { engine: this.#place.engine, epoch, loss: accepted };
        this.#logger.error('The database has lost commits; the topology file says to go on without them', fields);
      }
      return epoch;
    } finally {
      clearInterval(beating);
    }
  }

  #tryToBeat(): void {
    try {
      this.#place.renewLease(this.#nextBeat());
    } catch (error) {
      this.#logger.warn('Cannot renew while opening', { engine: this.#place.engine, error });
    }
  }

  #nextBeat(): LeaseRecord {
    this.#counter += 1;
    return { epoch: this.#found.epoch, counter: this.#counter, holder: this.#holder };
  }
}
