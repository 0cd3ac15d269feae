import { describe } from 'vitest';
import { MemoryMedium } from '../../src/storage/memory/memory-medium.ts';
import { MemoryStorage } from '../../src/storage/memory/memory-storage.ts';
import { registerEngineStoreContract } from './engine-store.contract.ts';
import { registerFenceContract } from './fence.contract.ts';
import { registerLeaseStoreContract } from './lease-store.contract.ts';
import { type StorageWorld, contenderOf } from './storage-world.ts';

function memoryWorld(): StorageWorld {
  const medium = new MemoryMedium();
  return {
    join: (server) => {
      const contender = contenderOf(server);
      return {
        storage: new MemoryStorage(medium),
        contender,
        die: async () => {
          await Promise.resolve();
          medium.kill(contender.incarnation);
        },
      };
    },
    erase: (engine) => {
      medium.erase(engine);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

describe('memory', () => {
  registerEngineStoreContract(memoryWorld);
  registerFenceContract(memoryWorld);
  registerLeaseStoreContract(memoryWorld);
});
