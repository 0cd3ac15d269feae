import type { LeaseStore } from '../../cluster/ports/lease-store.ts';
import type { EngineStore } from '../../engine/ports/engine-store.ts';
import type { Clock } from '../../kernel/clock.ts';
import { InfrastructureError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Placements } from '../../cluster/ports/placements.ts';
import { EnginePlace, createDirectory } from './engine-place.ts';
import { assertLocalDisk } from './local-disk.ts';
import type { StoreTuning } from './protocol.ts';
import { PlacementFiles } from './placement-files.ts';
import { SqliteEngineStore } from './sqlite-engine-store.ts';
import { SqliteLeaseStore } from './sqlite-lease-store.ts';

export interface SqliteStorageOptions {
  /** Every engine gets a directory of its name in it. Created when it is not there. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tuning?: Partial<StoreTuning>;
}

const MIB = 1024 * 1024;

export const DEFAULT_TUNING: StoreTuning = {
  onRegression: 'refuse',
  ballastBytes: 32 * MIB,
  ballastEveryTicks: 5,
  walAlarmBytes: 256 * MIB,
};

/**
 * The embedded store of one server: a directory on a local disk, shared with the other servers of this machine. One of
 * these per process and directory.
 */
export class SqliteStorage implements AsyncDisposable {
  readonly leases: LeaseStore;
  readonly placements: Placements;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #tuning: StoreTuning;
  readonly #places = new Map<string, EnginePlace>();
  #isChecked = false;
  #disposing: Promise<void> | undefined;

  constructor(options: SqliteStorageOptions) {
    this.#directory = options.directory;
    this.#logger = options.logger;
    this.#tuning = { ...DEFAULT_TUNING, ...options.tuning };
    this.placements = new PlacementFiles(options.directory);
    this.leases = new SqliteLeaseStore({
      placeOf: (engine) => this.#placeOf(engine),
      clock: options.clock,
      logger: options.logger,
    });
  }

  /**
   * Creates the directory and makes sure that it is on a local disk. Throws InfrastructureError `store-unavailable`
   * that says what to do. Done before the first use in any case; earlier, it lets a server fail at its start.
   */
  checkDirectory(): void {
    createDirectory(this.#directory);
    const verdict = assertLocalDisk(this.#directory);
    if (verdict.kind === 'volatile' && !this.#isChecked) {
      this.#logger.warn('The store is in memory: it is gone after a restart of the machine', {
        directory: this.#directory,
        fileSystem: verdict.fileSystem,
      });
    }
    this.#isChecked = true;
  }

  /** The engine's store for the tenure of a lease that `leases` has just given. Once per lease. */
  openEngine(engine: string, epoch: number): Promise<EngineStore> {
    return new Promise((resolve) => {
      const place = this.#placeOf(engine);
      if (!place.claimOpened(epoch)) {
        throw new InfrastructureError(
          'lease-lost',
          `Engine "${engine}" cannot be opened for epoch ${epoch}: its lease is not held, or its store was opened before`,
          { processed: 'no' },
        );
      }
      resolve(new SqliteEngineStore({ engine, epoch, thread: place.thread }));
    });
  }

  /**
   * Ends the threads and drops the locks. A lease that is still held looks as if the process had died: release it
   * before. Idempotent.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  /** See [Symbol.asyncDispose]. */
  dispose(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  async #dispose(): Promise<void> {
    await Promise.all([...this.#places.values()].map((place) => place.dispose()));
  }

  #placeOf(engine: string): EnginePlace {
    if (this.#disposing !== undefined) {
      throw new InfrastructureError('shutting-down', 'The store is closed', { processed: 'no' });
    }
    const known = this.#places.get(engine);
    if (known !== undefined) return known;
    if (!this.#isChecked) this.checkDirectory();
    const place = new EnginePlace(this.#directory, engine, { tuning: this.#tuning, logger: this.#logger });
    this.#places.set(engine, place);
    return place;
  }
}
