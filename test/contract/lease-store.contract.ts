import { describe, expect, it } from 'vitest';
import { type StorageWorld, activate, deactivate } from './storage-world.ts';

const ENGINE = 'ME1';

/** The rules of the LeaseStore port, for every adapter. */
export function registerLeaseStoreContract(createWorld: () => StorageWorld): void {
  describe('LeaseStore', () => {
    it('shows epoch 0 and nobody before the first activation', async () => {
      await using world = createWorld();
      const { leases } = world.join('server1').storage;
      expect(await leases.observe(ENGINE)).toEqual({ epoch: 0, counter: 0, isFree: true });
      expect(await leases.observe(ENGINE)).toEqual({ epoch: 0, counter: 0, isFree: true });
    });

    it('acquire() installs epoch 1 and shows the holder to all', async () => {
      await using world = createWorld();
      const [one, two] = [world.join('server1'), world.join('server2')];
      const active = await activate(one, ENGINE);
      expect(active.lease).toMatchObject({ engine: ENGINE, epoch: 1 });
      for (const { leases } of [one.storage, two.storage]) {
        const view = await leases.observe(ENGINE);
        expect(view).toMatchObject({ epoch: 1, holder: one.contender, isFree: false });
        expect(view.handoffTo).toBeUndefined();
      }
      await deactivate(active);
    });

    it('acquire() gives nothing while somebody holds the lease, be it the same server or process', async () => {
      await using world = createWorld();
      const one = world.join('server1');
      const active = await activate(one, ENGINE);
      const others = [world.join('server2'), world.join('server1'), one];
      for (const { storage, contender } of others) {
        expect(await storage.leases.acquire(ENGINE, contender)).toBeUndefined();
      }
      expect(await active.lease.renew()).toBe(true);
      await active.store.commit({ put: [{ space: 'current', key: 'k', value: Buffer.from('v') }] }, 0);
      await deactivate(active);
    });

    it('of many that try at once, one gets it', async () => {
      await using world = createWorld();
      const members = Array.from({ length: 4 }, (_, at) => world.join(`server${at}`));
      for (let round = 1; round <= 5; round += 1) {
        let winners = 0;
        // Everybody may have looked at the same moment: then all try again.
        while (winners === 0) {
          const leases = await Promise.all(
            members.map(({ storage, contender }) => storage.leases.acquire(ENGINE, contender)),
          );
          const won = leases.filter((lease) => lease !== undefined);
          winners += won.length;
          for (const lease of won) {
            expect(lease.epoch).toBe(round);
            await lease.release();
          }
        }
        expect(winners).toBe(1);
      }
    });

    it('renew() moves the counter, also as others see it', async () => {
      await using world = createWorld();
      const other = world.join('server2');
      const active = await activate(world.join('server1'), ENGINE);
      const seen = [(await other.storage.leases.observe(ENGINE)).counter];
      for (let count = 0; count < 3; count += 1) {
        if (count === 1) expect(active.lease.renewNow()).toBe(true);
        else expect(await active.lease.renew()).toBe(true);
        seen.push((await other.storage.leases.observe(ENGINE)).counter);
      }
      expect(new Set(seen).size).toBe(4);
      await deactivate(active);
    });

    it('release() shows nobody, and for whom it was released', async () => {
      await using world = createWorld();
      const other = world.join('server2');
      const active = await activate(world.join('server1'), ENGINE);
      await deactivate(active, 'server2');
      const view = await other.storage.leases.observe(ENGINE);
      expect(view).toMatchObject({ epoch: 1, handoffTo: 'server2', isFree: true });
      expect(view.holder).toBeUndefined();
      const next = await activate(other, ENGINE);
      const after = await other.storage.leases.observe(ENGINE);
      expect(after).toMatchObject({ epoch: 2, holder: other.contender, isFree: false });
      expect(after.handoffTo).toBeUndefined();
      await deactivate(next);
      expect((await other.storage.leases.observe(ENGINE)).handoffTo).toBeUndefined();
    });

    it('release() is idempotent and never takes the lease from a successor', async () => {
      await using world = createWorld();
      const [one, two] = [world.join('server1'), world.join('server2')];
      const first = await activate(one, ENGINE);
      await deactivate(first);
      const second = await activate(two, ENGINE);
      await first.lease.release('server3');
      expect(await first.lease.renew()).toBe(false);
      expect(first.lease.renewNow()).toBe(false);
      expect(await two.storage.leases.observe(ENGINE)).toMatchObject({
        epoch: 2,
        holder: two.contender,
        isFree: false,
      });
      expect(await second.lease.renew()).toBe(true);
      await deactivate(second);
      // The same process again: its first lease is another one than its second.
      const third = await activate(one, ENGINE);
      await first.lease.release();
      expect(await first.lease.renew()).toBe(false);
      expect(await third.lease.renew()).toBe(true);
      await deactivate(third);
    });

    it('a lease can be released without its store having been opened', async () => {
      await using world = createWorld();
      const { storage, contender } = world.join('server1');
      const lease = await storage.leases.acquire(ENGINE, contender);
      await lease?.release();
      await expect(storage.openEngine(ENGINE, 1)).rejects.toMatchObject({ code: 'lease-lost' });
      const next = await activate(world.join('server2'), ENGINE);
      expect(next.lease.epoch).toBe(2);
      await deactivate(next);
    });

    it('the death of the holder is seen at once, and its lease can be taken', async () => {
      await using world = createWorld();
      const [one, two] = [world.join('server1'), world.join('server2')];
      const active = await activate(one, ENGINE);
      await active.lease.renew();
      await one.die();
      expect(await two.storage.leases.observe(ENGINE)).toMatchObject({ epoch: 1, holder: one.contender, isFree: true });
      const next = await activate(two, ENGINE);
      expect(next.lease.epoch).toBe(2);
      await deactivate(next);
    });

    it('the incarnation tells two processes of one server apart', async () => {
      await using world = createWorld();
      const before = world.join('server1');
      await activate(before, ENGINE);
      await before.die();
      const after = world.join('server1');
      const active = await activate(after, ENGINE);
      const { holder } = await after.storage.leases.observe(ENGINE);
      expect(holder).toEqual(after.contender);
      expect(holder?.incarnation).not.toBe(before.contender.incarnation);
      await deactivate(active);
    });

    it('epochs grow over release, acquisition and death, by one', async () => {
      await using world = createWorld();
      const epochs: number[] = [];
      let member = world.join('server1');
      for (const end of ['release', 'die', 'release unopened', 'die', 'release']) {
        const lease = await member.storage.leases.acquire(ENGINE, member.contender);
        epochs.push(lease?.epoch ?? 0);
        if (end === 'die') {
          await member.die();
          member = world.join('server1');
          continue;
        }
        const store = end === 'release' ? await member.storage.openEngine(ENGINE, lease?.epoch ?? 0) : undefined;
        expect(store?.epoch ?? lease?.epoch).toBe(lease?.epoch);
        await store?.close();
        await lease?.release();
      }
      expect(epochs).toEqual([1, 2, 3, 4, 5]);
    });

    it('engines have leases of their own', async () => {
      await using world = createWorld();
      const [one, two] = [world.join('server1'), world.join('server2')];
      const first = await activate(one, 'ME1');
      const second = await activate(two, 'ME2');
      expect(await one.storage.leases.observe('ME2')).toMatchObject({ epoch: 1, holder: two.contender });
      await deactivate(first);
      expect(await second.lease.renew()).toBe(true);
      await deactivate(second);
    });

    describe('evict()', () => {
      it('has nothing to do for a lease that is free', async () => {
        await using world = createWorld();
        const [one, two] = [world.join('server1'), world.join('server2')];
        const { leases } = two.storage;
        expect(await leases.evict(ENGINE, await leases.observe(ENGINE))).toBe(true);
        await activate(one, ENGINE);
        const view = await leases.observe(ENGINE);
        await one.die();
        expect(await leases.evict(ENGINE, view)).toBe(true);
        await deactivate(await activate(two, ENGINE));
      });

      it('leaves a holder alone that is not the one observed, or has renewed since', async () => {
        await using world = createWorld();
        const [one, two] = [world.join('server1'), world.join('server2')];
        const { leases } = two.storage;
        const nobody = await leases.observe(ENGINE);
        const active = await activate(one, ENGINE);
        const before = await leases.observe(ENGINE);
        await active.lease.renew();
        const now = await leases.observe(ENGINE);
        for (const observed of [
          nobody,
          before,
          { ...now, epoch: 2 },
          { ...now, holder: { ...one.contender, incarnation: 'another' } },
          { epoch: now.epoch, counter: now.counter, isFree: false },
        ]) {
          expect(await leases.evict(ENGINE, observed)).toBe(false);
        }
        expect(await active.lease.renew()).toBe(true);
        await deactivate(active);
      });
    });
  });
}
