import type { EngineStore } from '../../src/engine/ports/engine-store.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { randomId } from '../../src/kernel/ids.ts';
import { silentLogger } from '../../src/kernel/log.ts';
import { SqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts';

/** The store of the engine ME1 in a directory, with a lease on it that nobody takes away. */
export class OpenStore implements AsyncDisposable {
  readonly store: EngineStore;
  readonly #end: () => Promise<void>;

  private constructor(store: EngineStore, end: () => Promise<void>) {
    this.store = store;
    this.#end = end;
  }

  static async open(directory: string): Promise<OpenStore> {
    const storage = new SqliteStorage({ directory, clock: systemClock, logger: silentLogger });
    const lease = await storage.leases.acquire('ME1', { server: 'server1', incarnation: randomId() });
    if (lease === undefined) throw new Error('The lease is not free');
    const store = await storage.openEngine('ME1', lease.epoch);
    return new OpenStore(store, async () => {
      await store.close();
      await lease.release();
      await storage.dispose();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}
