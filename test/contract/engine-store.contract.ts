import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineStore, KeyedRecord, WriteBatch } from '../../src/engine/ports/engine-store.ts';
import { InfrastructureError } from '../../src/kernel/errors.ts';
import { ENGINE, SPACES, everything, keyed, loaded, readable, record, seqsOf, snapshot } from './store-contents.ts';
import { Model, anyStep } from './store-model.ts';
import { type Member, type StorageWorld, activate, deactivate } from './storage-world.ts';

/** The rules of the EngineStore port, for every adapter. */
export function registerEngineStoreContract(createWorld: () => StorageWorld): void {
  let shared: StorageWorld;
  let sharedMember: Member;

  /** An empty store in a world that the tests share: threads are slow to start. */
  async function withStore(use: (store: EngineStore) => Promise<void>): Promise<void> {
    shared.erase(ENGINE);
    const active = await activate(sharedMember, ENGINE);
    try {
      await use(active.store);
    } finally {
      await deactivate(active);
    }
  }

  describe('EngineStore', () => {
    beforeAll(() => {
      shared = createWorld();
      sharedMember = shared.join('server1');
    });

    afterAll(async () => {
      await shared[Symbol.asyncDispose]();
    });

    it('names its engine and epoch, and is empty at first', async () => {
      await withStore(async (store) => {
        expect(store.engine).toBe(ENGINE);
        expect(store.epoch).toBe(1);
        expect(await loaded(store)).toEqual({ records: [], cursors: [], head: 0 });
        expect(await everything(store)).toEqual([]);
        expect(await store.pick([1, 2])).toEqual([]);
      });
    });

    it('load() gives back every record of every space, the cursors and the head', async () => {
      await withStore(async (store) => {
        const records = SPACES.flatMap((space) => [keyed(space, 'a'), keyed(space, 'b')]);
        await store.commit({ put: records, append: [record(3), record(9)], cursors: [{ id: 'c', seq: 7 }] }, 1000);
        const state = await loaded(store);
        const sorted = (of: readonly KeyedRecord[]): string[] =>
          of.map(({ space, key, value }) => `${space}/${key}/${readable(value)}`).sort();
        expect(sorted(state.records)).toEqual(sorted(records));
        expect(state.cursors).toEqual([{ id: 'c', seq: 7 }]);
        expect(state.head).toBe(9);
      });
    });

    it('load() gives every record once, however many there are and however large', async () => {
      await withStore(async (store) => {
        const records = Array.from({ length: 1_000 }, (_, at) =>
          keyed('subscription', `s${at}`, 'x'.repeat(at % 100 === 0 ? 50_000 : at)),
        );
        const cursors = records.map(({ key }, seq) => ({ id: key, seq }));
        await store.commit({ put: records, cursors }, 1000);
        await store.commit(
          { put: [keyed('subscription', 's3', 'new')], remove: [{ space: 'subscription', key: 's4' }] },
          1000,
        );
        const state = await loaded(store);
        const bySize = new Map(state.records.map(({ key, value }) => [key, value.byteLength]));
        expect(state.records.length).toBe(bySize.size);
        const expected = records.map(({ key, value }): [string, number] => [key, key === 's3' ? 3 : value.byteLength]);
        expect(bySize).toEqual(new Map(expected.filter(([key]) => key !== 's4')));
        expect(state.cursors.length).toBe(1_000);
        expect(new Map(state.cursors.map(({ id, seq }) => [id, seq]))).toEqual(
          new Map(cursors.map(({ id, seq }) => [id, seq])),
        );
      });
    });

    it('keeps bytes, keys and numbers exactly, whatever they are', async () => {
      await withStore(async (store) => {
        const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256);
        const keys = ['', ' ', 'a\u0000b', '{urn:x}tns/é😀', 'x'.repeat(5000)];
        const most = Number.MAX_SAFE_INTEGER;
        await store.commit(
          {
            append: [
              { seq: 1, bytes: new Uint8Array() },
              { seq: 2 ** 40, bytes },
              { seq: most, bytes: bytes.subarray(3, 5) },
            ],
            put: keys.map((key) => ({ space: 'current', key, value: bytes.subarray(0, key.length) })),
            cursors: [
              { id: 'far', seq: most },
              { id: 'none', seq: 0 },
            ],
          },
          0,
        );
        const log = await everything(store);
        expect(seqsOf(log)).toEqual([1, 2 ** 40, most]);
        expect(log.map((found) => Buffer.from(found.bytes).equals(Buffer.from(found.bytes)))).toEqual([
          true,
          true,
          true,
        ]);
        expect(Buffer.compare(log[1]!.bytes, bytes)).toBe(0);
        expect([...log[0]!.bytes, ...log[2]!.bytes]).toEqual([3, 4]);
        const { records, cursors, head } = await loaded(store);
        expect(new Map(records.map(({ key, value }) => [key, value.byteLength]))).toEqual(
          new Map(keys.map((key) => [key, key.length])),
        );
        expect(new Map(cursors.map(({ id, seq }) => [id, seq]))).toEqual(
          new Map([
            ['far', most],
            ['none', 0],
          ]),
        );
        expect(head).toBe(most);
      });
    });

    it('commit() replaces records and cursors of the same key, and removes', async () => {
      await withStore(async (store) => {
        await store.commit({ put: [keyed('current', 't', 'old'), keyed('interest', 't', 'other')] }, 0);
        await store.commit(
          {
            put: [keyed('current', 't', 'new')],
            cursors: [
              { id: 'c', seq: 1 },
              { id: 'd', seq: 1 },
            ],
          },
          0,
        );
        await store.commit({ cursors: [{ id: 'c', seq: 5 }], removeCursors: ['d', 'unknown'] }, 0);
        await store.commit(
          {
            remove: [
              { space: 'interest', key: 't' },
              { space: 'subscription', key: 'unknown' },
            ],
          },
          0,
        );
        expect(await loaded(store)).toMatchObject({ cursors: [{ id: 'c', seq: 5 }] });
        expect((await loaded(store)).records.map(({ space, value }) => [space, readable(value)])).toEqual([
          ['current', 'new'],
        ]);
      });
    });

    it('applies the members of a batch in the order of the type', async () => {
      await withStore(async (store) => {
        await store.commit(
          {
            put: [keyed('subscription', 's'), keyed('request', 'r')],
            remove: [{ space: 'subscription', key: 's' }],
            cursors: [{ id: 'c', seq: 1 }],
            removeCursors: ['c'],
            append: [record(1), record(2)],
            trimBelow: 2,
            forgetRequestsBefore: 101,
          },
          100,
        );
        expect(await snapshot(store)).toEqual({ head: 2, log: [[2, 'message 2']], records: [], cursors: [] });
      });
    });

    it('a batch is committed whole or not at all', async () => {
      await withStore(async (store) => {
        await store.commit({ append: [record(5)], put: [keyed('current', 't', 'before')] }, 0);
        const before = await snapshot(store);
        const impossible: WriteBatch = {
          append: [record(6), record(6)],
          put: [keyed('current', 't', 'after')],
          cursors: [{ id: 'c', seq: 6 }],
        };
        await expect(store.commit(impossible, 0)).rejects.toThrow('6 cannot follow 6');
        expect(await snapshot(store)).toEqual(before);
      });
    });

    it('refuses a number that the log has used or passed, and nothing but that batch', async () => {
      await withStore(async (store) => {
        await store.commit({ append: [record(5)] }, 0);
        const outcomes = await Promise.allSettled([
          store.commit({ append: [record(6)] }, 0),
          store.commit({ append: [record(4)] }, 0),
          store.commit({ append: [record(6.5)] }, 0),
          store.commit({ append: [record(7)] }, 0),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
        expect(seqsOf(await everything(store))).toEqual([5, 6, 7]);
      });
    });

    it('commits settle in the order of the calls, also over several groups', async () => {
      await withStore(async (store) => {
        const settled: number[] = [];
        const commits: Promise<void>[] = [];
        for (let seq = 1; seq <= 300; seq += 1) {
          commits.push(
            store
              .commit({ append: [record(seq)], cursors: [{ id: 'last', seq }] }, seq)
              .then(() => void settled.push(seq)),
          );
          // Some arrive while a commit is under way, some together.
          if (seq % 70 === 0) await commits[0];
          if (seq % 100 === 0) await Promise.all(commits);
        }
        await Promise.all(commits);
        expect(settled).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
        expect(seqsOf(await everything(store))).toEqual(settled);
        expect((await loaded(store)).cursors).toEqual([{ id: 'last', seq: 300 }]);
      });
    });

    it('what is read after a commit was asked for includes it once it has resolved', async () => {
      await withStore(async (store) => {
        await store.commit({ append: [record(1)] }, 0);
        expect(seqsOf(await store.read(1, 10, 1000))).toEqual([1]);
        expect((await store.load()).head).toBe(1);
      });
    });

    it('read() begins at `from`, ascends, and ends at the count or the bytes', async () => {
      await withStore(async (store) => {
        await store.commit({ append: [2, 4, 6, 8, 10].map((seq) => record(seq, 'x'.repeat(100))) }, 0);
        expect(seqsOf(await store.read(0, 100, 1e6))).toEqual([2, 4, 6, 8, 10]);
        expect(seqsOf(await store.read(4, 2, 1e6))).toEqual([4, 6]);
        expect(seqsOf(await store.read(5, 100, 200))).toEqual([6, 8]);
        expect(seqsOf(await store.read(5, 100, 299))).toEqual([6, 8]);
        expect(seqsOf(await store.read(10, 1, 100))).toEqual([10]);
        expect(await store.read(11, 10, 1e6)).toEqual([]);
      });
    });

    it('read() gives at least one record, however large', async () => {
      await withStore(async (store) => {
        await store.commit({ append: [record(1, 'x'.repeat(500)), record(2)] }, 0);
        expect(seqsOf(await store.read(0, 10, 1))).toEqual([1]);
        expect(seqsOf(await store.read(0, Infinity, Infinity))).toEqual([1, 2]);
      });
    });

    it('pick() ascends and leaves out what is gone or never was', async () => {
      await withStore(async (store) => {
        await store.commit({ append: [1, 2, 3, 5, 8].map((seq) => record(seq)) }, 0);
        await store.commit({ trimBelow: 3 }, 0);
        const picked = await store.pick([8, 4, 1, 3, 5, 3, 99]);
        expect(picked.map(({ seq, bytes }) => [seq, readable(bytes)])).toEqual([
          [3, 'message 3'],
          [5, 'message 5'],
          [8, 'message 8'],
        ]);
        expect(await store.pick([])).toEqual([]);
      });
    });

    it('trimming never takes the newest record, and its number is not used again', async () => {
      await withStore(async (store) => {
        await store.commit({ append: [record(1), record(2), record(3)] }, 0);
        await store.commit({ trimBelow: 3 }, 0);
        expect(seqsOf(await everything(store))).toEqual([3]);
        await store.commit({ trimBelow: 1000 }, 0);
        expect(seqsOf(await everything(store))).toEqual([3]);
        await expect(store.commit({ append: [record(3)] }, 0)).rejects.toThrow('3 cannot follow 3');
        await store.commit({ append: [record(4)], trimBelow: Infinity }, 0);
        expect(seqsOf(await everything(store))).toEqual([4]);
        expect((await store.load()).head).toBe(4);
      });
    });

    it('forgets requests by their age, and nothing else', async () => {
      await withStore(async (store) => {
        await store.commit({ put: [keyed('request', 'old'), keyed('subscription', 'old')] }, 1000);
        await store.commit({ put: [keyed('request', 'renewed')] }, 1000);
        await store.commit({ put: [keyed('request', 'exact'), keyed('request', 'renewed')] }, 2000);
        await store.commit({ put: [keyed('request', 'young')], forgetRequestsBefore: 2000 }, 3000);
        const keys = (await loaded(store)).records.map(({ space, key }) => `${space} ${key}`).sort();
        expect(keys).toEqual(['request exact', 'request renewed', 'request young', 'subscription old']);
      });
    });

    it('an empty batch commits', async () => {
      await withStore(async (store) => {
        await store.commit({}, 0);
        expect(await snapshot(store)).toEqual({ head: 0, log: [], records: [], cursors: [] });
      });
    });

    it('everything is there again after closing and reopening', async () => {
      await using world = createWorld();
      const member = world.join('server1');
      const first = await activate(member, ENGINE);
      await first.store.commit(
        { append: [record(1), record(2)], put: [keyed('subscription', 's')], cursors: [{ id: 'c', seq: 1 }] },
        5,
      );
      const before = await snapshot(first.store);
      await deactivate(first);
      const second = await activate(member, ENGINE);
      expect(await snapshot(second.store)).toEqual(before);
      await expect(second.store.commit({ append: [record(2)] }, 0)).rejects.toThrow('2 cannot follow 2');
      await second.store.commit({ append: [record(3)] }, 0);
      await deactivate(second);
      const third = await activate(world.join('server2'), ENGINE);
      expect(seqsOf(await everything(third.store))).toEqual([1, 2, 3]);
      await deactivate(third);
    });

    it('what was acknowledged survives the death of the process', async () => {
      await using world = createWorld();
      const member = world.join('server1');
      const { store } = await activate(member, ENGINE);
      await store.commit({ append: [record(1)], put: [keyed('subscription', 's')] }, 5);
      const before = await snapshot(store);
      await member.die();
      const next = await activate(world.join('server2'), ENGINE);
      expect(next.store.epoch).toBe(2);
      expect(await snapshot(next.store)).toEqual(before);
      await deactivate(next);
    });

    it('engines do not see each other', async () => {
      await using world = createWorld();
      const member = world.join('server1');
      const one = await activate(member, ENGINE);
      const two = await activate(member, 'ME2');
      await one.store.commit({ append: [record(7)] }, 0);
      await two.store.commit({ append: [record(3)] }, 0);
      expect(seqsOf(await everything(one.store))).toEqual([7]);
      expect(seqsOf(await everything(two.store))).toEqual([3]);
      await deactivate(one);
      await deactivate(two);
    });

    describe('close()', () => {
      it('waits for commits under way, is idempotent, and ends the store', async () => {
        await using world = createWorld();
        const member = world.join('server1');
        const { lease, store } = await activate(member, ENGINE);
        const settled: string[] = [];
        const commits = [1, 2, 3].map((seq) =>
          store.commit({ append: [record(seq)] }, 0).then(() => settled.push('commit')),
        );
        const closing = store.close().then(() => settled.push('close'));
        await Promise.all([closing, store.close(), ...commits]);
        expect(settled).toEqual(['commit', 'commit', 'commit', 'close']);
        await expect(store.commit({ append: [record(4)] }, 0)).rejects.toMatchObject({ processed: 'no' });
        await expect(store.load()).rejects.toBeInstanceOf(InfrastructureError);
        await expect(store.read(0, 1, 1)).rejects.toBeInstanceOf(InfrastructureError);
        await expect(store.pick([1])).rejects.toBeInstanceOf(InfrastructureError);
        await lease.release();
        const next = await activate(member, ENGINE);
        expect(seqsOf(await everything(next.store))).toEqual([1, 2, 3]);
        await deactivate(next);
      });

      it('a store cannot be opened for an epoch that is not held', async () => {
        await using world = createWorld();
        const member = world.join('server1');
        await expect(member.storage.openEngine(ENGINE, 1)).rejects.toMatchObject({ code: 'lease-lost' });
        const active = await activate(member, ENGINE);
        await expect(member.storage.openEngine(ENGINE, 2)).rejects.toMatchObject({ code: 'lease-lost' });
        await deactivate(active);
        await expect(member.storage.openEngine(ENGINE, 1)).rejects.toMatchObject({ code: 'lease-lost' });
      });
    });

    it('does what a plain model does, for any sequence of batches', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { maxLength: 25 }), async (steps) => {
          await withStore(async (store) => {
            const model = new Model();
            const commits = steps.map((step, at) => store.commit(model.apply(step, at), at));
            await Promise.all(commits);
            const isKept = ({ space, value }: KeyedRecord): boolean =>
              space !== 'request' || Number(readable(value).replace('put at ', '')) >= model.forgottenBefore;
            expect(await snapshot(store, isKept)).toEqual(model.snapshot());
          });
        }),
        { numRuns: 40 },
      );
    });
  });
}
