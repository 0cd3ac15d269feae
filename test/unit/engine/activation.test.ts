import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assemble, type EngineOptions, type Parts } from '../../../src/engine/parts.ts';
import { MessagingEngine } from '../../../src/engine/engine.ts';
import type { EngineStore, KeyedRecord } from '../../../src/engine/ports/engine-store.ts';
import type { StoredPullPoint, StoredSubscription } from '../../../src/engine/records.ts';
import { restore } from '../../../src/engine/activation.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { pack } from '../../../src/kernel/packed.ts';
import { MemoryMedium } from '../../../src/storage/memory/memory-medium.ts';
import { MemoryStorage } from '../../../src/storage/memory/memory-storage.ts';
import { SqliteStorage } from '../../../src/storage/sqlite/sqlite-storage.ts';
import type { Consumer } from '../../../src/wsn/messages.ts';
import { CONCRETE_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { loaded } from '../../contract/store-contents.ts';
import { libxmlXPath } from '../../support/libxml-xpath.ts';
import { TestTenure } from './test-engine.ts';

const PUSHED: Consumer = {
  kind: 'push',
  reference: {
    address: 'http://consumer.example/',
    referenceParameters: ['<p xmlns="urn:p"/>'],
    addressing: '2004/08',
  },
  soapVersion: '1.1',
};

function stored(rest: Partial<StoredSubscription> = {}): StoredSubscription {
  const topics = [{ dialect: CONCRETE_DIALECT, text: 't:a/b', namespaces: { t: 'urn:t' } }];
  return { consumer: PUSHED, filter: { topics }, terminationTime: null, isPaused: false, since: 3, ...rest };
}

function subscription(key: string, rest: Partial<StoredSubscription> = {}): KeyedRecord {
  return { space: 'subscription', key, value: pack(stored(rest)) };
}

function optionsFor(store: EngineStore, tenure = new TestTenure(store.epoch)): EngineOptions {
  return {
    ...{ name: 'ME1', store, tenure, clock: systemClock, logger: silentLogger, peers: [], xpath: libxmlXPath },
    properties: () => Buffer.from('<none/>'),
    onFailure: (error) => expect.fail(error.message),
  };
}

async function memoryStore(): Promise<EngineStore> {
  const storage = new MemoryStorage(new MemoryMedium());
  const lease = await storage.leases.acquire('ME1', { server: 'server1', incarnation: 'one' });
  return storage.openEngine('ME1', lease?.epoch ?? 0);
}

async function restored(store: EngineStore): Promise<Parts> {
  const parts = assemble(optionsFor(store));
  await restore(parts, await store.load());
  return parts;
}

describe('restore()', () => {
  it('gives back each subscription, with where it was, and shares among them what they say alike', async () => {
    const store = await memoryStore();
    const consumer: Consumer = { ...PUSHED, reference: { address: 'http://plain.example/', referenceParameters: [] } };
    const put = [
      ...Array.from({ length: 250 }, (_, at) => subscription(`s${at}`)),
      subscription('paused', { isPaused: true, skips: [{ after: 1 }], policy: { useRaw: true }, consumer }),
      subscription('ended', { endedAt: 5, creationTime: 1, terminationTime: 9 }),
    ];
    await store.commit({ put, cursors: [{ id: 's7', seq: 5 }] }, 0);
    const { subscriptions } = await restored(store);
    expect(subscriptions.size).toBe(252);
    const [one, other] = [subscriptions.find('s7'), subscriptions.find('s8')];
    expect([one?.cursor.stored, other?.cursor.stored]).toEqual([5, 3]);
    expect(one?.consumer).toEqual(PUSHED);
    expect(one?.shared).toBe(other?.shared);
    expect(subscriptions.find('paused')).toMatchObject({ isPaused: true, skips: [{ after: 1 }], consumer });
    expect(subscriptions.find('paused')?.policy).toEqual({ useRaw: true });
    expect(subscriptions.findSendable('ended')).toMatchObject({ endedAt: 5, creationTime: 1, terminationTime: 9 });
  });

  it('keeps a subscription whose pull point comes later, and removes one that has none, and strange cursors', async () => {
    const store = await memoryStore();
    const point: StoredPullPoint = { since: 0 };
    const put: KeyedRecord[] = [
      subscription('fed', { consumer: { kind: 'pull', pullPoint: 'point' } }),
      subscription('orphan', { consumer: { kind: 'pull', pullPoint: 'gone' } }),
      ...Array.from({ length: 250 }, (_, at) => subscription(`s${at}`)),
      { space: 'pull-point', key: 'point', value: pack(point) },
    ];
    const cursors = ['fed', 'orphan', 'strange', 'point', 'link:ME2'].map((id) => ({ id, seq: 4 }));
    await store.commit({ put, cursors }, 0);
    const parts = await restored(store);
    expect(parts.subscriptions.feeding('point').map(({ id }) => id)).toEqual(['fed']);
    expect(parts.subscriptions.has('orphan')).toBe(false);
    await parts.writer.flush();
    const left = await loaded(store);
    expect(left.records.some(({ key }) => key === 'orphan')).toBe(false);
    expect(left.cursors.map(({ id }) => id).sort()).toEqual(['fed', 'link:ME2', 'point']);
  });

  it.each([
    ['no JSON', Buffer.from([2, 0, 0, 0, 0x7b, 0x22])],
    ['a length beyond its end', Buffer.from([255, 0, 0, 0, 0x7b])],
    ['nothing', Buffer.alloc(0)],
  ])('refuses a record that is damaged: %s', async (_name, value) => {
    const store = await memoryStore();
    const put: KeyedRecord[] = Array.from({ length: 150 }, (_, at) => subscription(`s${at}`));
    await store.commit({ put: [...put, { space: 'subscription', key: 'broken', value }] }, 0);
    const engine = new MessagingEngine(optionsFor(store));
    await expect(engine.start()).rejects.toThrow('Cannot read subscription broken');
  });

  it('ends with the tenure', async () => {
    const store = await memoryStore();
    await store.commit({ put: Array.from({ length: 1_000 }, (_, at) => subscription(`s${at}`)) }, 0);
    const tenure = new TestTenure(store.epoch);
    const parts = assemble(optionsFor(store, tenure));
    parts.life.starting();
    const restoring = restore(parts, await store.load());
    await Promise.resolve();
    tenure.end();
    await expect(restoring).rejects.toThrow('no longer active');
    expect(parts.subscriptions.size).toBeLessThan(1_000);
  });

  it('lets timers run between two pages, for the lease has to be renewed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pointsman-activation-'));
    const storage = new SqliteStorage({ directory, clock: systemClock, logger: silentLogger });
    try {
      const lease = await storage.leases.acquire('ME1', { server: 'server1', incarnation: 'one' });
      const store = await storage.openEngine('ME1', lease?.epoch ?? 0);
      const filter = {
        topics: [{ dialect: CONCRETE_DIALECT, text: `t:${'a'.repeat(4_000)}`, namespaces: { t: 'urn:t' } }],
      };
      await store.commit({ put: Array.from({ length: 500 }, (_, at) => subscription(`s${at}`, { filter })) }, 0);
      const parts = assemble(optionsFor(store));
      const seen = new Set<number>();
      const watching = setInterval(() => seen.add(parts.subscriptions.size), 0);
      await restore(parts, await store.load());
      clearInterval(watching);
      expect(parts.subscriptions.size).toBe(500);
      expect([...seen].some((size) => size > 0 && size < 500)).toBe(true);
      await store.close();
      await lease?.release();
    } finally {
      await storage.dispose();
      rmSync(directory, { recursive: true });
    }
  });
});
