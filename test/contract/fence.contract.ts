import { describe, expect, it } from 'vitest';
import type { WriteBatch } from '../../src/engine/ports/engine-store.ts';
import { InfrastructureError } from '../../src/kernel/errors.ts';
import { ENGINE, everything, keyed, readable, record, seqsOf, snapshot } from './store-contents.ts';
import { type StorageWorld, activate, deactivate } from './storage-world.ts';

/** What the epoch does for an EngineStore, for every adapter. */
export function registerFenceContract(createWorld: () => StorageWorld): void {
  describe('fence', () => {
    it('once a higher epoch is installed, commits of the old one change nothing', async () => {
      await using world = createWorld();
      const old = await activate(world.join('server1'), ENGINE);
      await old.store.commit({ append: [record(1)] }, 0);
      // The lease goes without the store being closed: what a process does that does not know that it lost.
      await old.lease.release();
      const next = await activate(world.join('server2'), ENGINE);
      const before = await snapshot(next.store);
      const late: WriteBatch = {
        append: [record(2)],
        put: [keyed('current', 't')],
        cursors: [{ id: 'c', seq: 1 }],
        trimBelow: 9,
      };
      const refused = await Promise.allSettled([old.store.commit(late, 0), old.store.commit({}, 0)]);
      for (const outcome of refused) {
        expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(InfrastructureError);
        expect(outcome).toMatchObject({ reason: { code: 'lease-lost', processed: 'no' } });
      }
      expect(await snapshot(next.store)).toEqual(before);
      await next.store.commit({ append: [record(2, 'of the new one')] }, 0);
      expect((await next.store.pick([2])).map(({ bytes }) => readable(bytes))).toEqual(['of the new one']);
      await old.store.close();
      await next.store.commit({ append: [record(3)] }, 0);
      await deactivate(next);
    });

    it('holds within one process too, for a store left over from an earlier tenure', async () => {
      await using world = createWorld();
      const member = world.join('server1');
      const old = await activate(member, ENGINE);
      await old.lease.release();
      const next = await activate(member, ENGINE);
      await expect(old.store.commit({ append: [record(1)] }, 0)).rejects.toMatchObject({
        code: 'lease-lost',
        processed: 'no',
      });
      await old.store.close();
      await next.store.commit({ append: [record(1)] }, 0);
      expect(seqsOf(await everything(next.store))).toEqual([1]);
      await deactivate(next);
    });

    it('whatever was queued when a successor came is there for it to see, or refused', async () => {
      for (let round = 0; round < 3; round += 1) {
        await using world = createWorld();
        const old = await activate(world.join('server1'), ENGINE);
        const successor = world.join('server2');
        await successor.storage.leases.observe(ENGINE);
        await old.lease.release();
        const outcomes: Promise<number | undefined>[] = [];
        const push = (seq: number): void => {
          outcomes.push(
            old.store.commit({ append: [record(seq)] }, 0).then(
              () => seq,
              (error: unknown) => {
                expect(error).toMatchObject({ processed: 'no' });
                return undefined;
              },
            ),
          );
        };
        for (let seq = 1; seq <= 10; seq += 1) push(seq);
        const taking = activate(successor, ENGINE);
        for (let seq = 11; seq <= 60; seq += 1) {
          push(seq);
          if (seq % 10 === round) await Promise.race(outcomes.slice(-1));
        }
        const next = await taking;
        const seen = seqsOf(await everything(next.store));
        const acknowledged = (await Promise.all(outcomes)).filter((seq) => seq !== undefined);
        expect(seen).toEqual(acknowledged);
        expect(seqsOf(await everything(next.store))).toEqual(seen);
        await old.store.close();
        await deactivate(next);
      }
    });
  });
}
