import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/log.ts';
import { SqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts';
import { registerEngineStoreContract } from './engine-store.contract.ts';
import { registerFenceContract } from './fence.contract.ts';
import { registerLeaseStoreContract } from './lease-store.contract.ts';
import { type StorageWorld, contenderOf } from './storage-world.ts';

function sqliteWorld(): StorageWorld {
  const directory = mkdtempSync(join(tmpdir(), 'pointsman-contract-'));
  const storages: SqliteStorage[] = [];
  return {
    join: (server) => {
      const storage = new SqliteStorage({ directory, clock: systemClock, logger: silentLogger });
      storages.push(storage);
      return { storage, contender: contenderOf(server), die: () => storage.dispose() };
    },
    erase: (engine) => {
      for (const file of ['engine.db', 'engine.db-wal', 'engine.db-shm', 'engine.hwm', 'engine.lease']) {
        rmSync(join(directory, engine, file), { force: true });
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const storage of storages) await storage.dispose();
      rmSync(directory, { recursive: true });
    },
  };
}

describe('sqlite', () => {
  registerEngineStoreContract(sqliteWorld);
  registerFenceContract(sqliteWorld);
  registerLeaseStoreContract(sqliteWorld);
});
