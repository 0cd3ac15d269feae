import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import type { Summary } from '../summary.ts';
import { flap, freezeHost, killDuringTakeover, killHost, killProxy } from '../nemesis/processes.ts';
import { trial } from '../trial.ts';
import { renew, subscribeOnce, type Held } from '../world/clients.ts';
import { QUIET, USUAL_TTL_MS, type World } from '../world/world.ts';
import { longer } from './longer.ts';

function tell(what: string, { acknowledged, delivered, duplicates, recoveries }: Summary): void {
  const told = Object.entries(recoveries).map(([fault, ms]) => `${fault} ${ms.join(' ')} ms`);
  console.info(
    `${what}: ${String(acknowledged)} acknowledged, ${String(delivered)} delivered, ${String(duplicates)} repeated; ${told.join('; ')}`,
  );
}

describe('processes that die, freeze and are ended', () => {
  it('F1, F3: kill -9 of the active server under load, again and again', async () => {
    const summary = await trial({ kind: 'combined', expectations: { gaps: { renew: 15_000 } } }, async ({ world }) => {
      for (const engine of ['ME1', 'ME2', 'ME1']) {
        await killHost(world, world.cluster.hostOf(engine).server);
        await world.clientsGetOn(50);
      }
    });
    tell('kill -9', summary);
    expect(summary.failovers).toBeGreaterThanOrEqual(5);
  });

  longer('F1, F36: kill -9 where nobody stands by: links carry on, each notification once', async () => {
    tell(
      'kill -9 without a standby',
      await trial({ kind: 'load-balanced' }, async ({ world }) => {
        for (const server of ['server2', 'server3']) await killHost(world, server);
      }),
    );
  });

  longer('F4, F7: a frozen host is deposed, and sends nothing when it wakes up', async () => {
    const summary = await trial({ kind: 'high-availability' }, async ({ world, history, random }) => {
      const { server, epoch } = world.cluster.hostOf('ME1');
      await freezeHost(world, server, 2 * USUAL_TTL_MS);
      await eventually('another epoch', () => world.cluster.hostOf('ME1').epoch > epoch, 20_000);
      await flap.inflict(world, random);
      // It either ends itself or was ended by whoever took over.
      const ends = history.entries.flatMap((entry) =>
        entry.type === 'exit' && entry.member === server ? [entry] : [],
      );
      expect(ends.map(({ code, signal }) => signal ?? code)).not.toEqual([]);
    });
    tell('frozen', summary);
  });

  it('F40, F35: the successor dies, too, within the time of the lease', async () => {
    tell(
      'second failover',
      await trial({ kind: 'high-availability' }, async ({ world, random }) => {
        for (let time = 0; time < 2; time += 1) await killDuringTakeover.inflict(world, random);
      }),
    );
  });

  longer('F31: a proxy dies: what it had in its hands has no known outcome, all else goes on', async () => {
    tell(
      'kill -9 of a proxy',
      await trial({ kind: 'single' }, async ({ world, random }) => {
        for (let time = 0; time < 3; time += 1) {
          await killProxy.inflict(world, random);
          await world.clientsGetOn(50);
        }
      }),
    );
  });

  it('F38, F39: 1,000 references of before a failover are renewed after it, by each proxy, and one that would have ended', async () => {
    await trial({ kind: 'combined', visitors: 0, paceMs: 100 }, async ({ world, history }) => {
      const held = await subscribeMany(world, 1_000);
      world.signal(world.cluster.hostOf('ME1').server, 'SIGKILL');
      for (const origin of world.frontDoors) await renewMany(world, held, origin);
      // Its time is over while nobody is there to see that.
      const recipient = 'short-lived';
      const [consumer] = world.consumers;
      const reference = await subscribeOnce({
        ...{ history, by: 'short', recipient, topic: QUIET, frontDoor: world.frontDoors[0]!, engine: 'ME1' },
        ...{ consumer: consumer!.urlOf(recipient), route: 'direct', termination: 'PT3S' },
      });
      const endsAt = performance.now() + 3_000;
      const outage = { fault: 'outage', description: 'over the end of a subscription', hitsDoor: true };
      await world.fault(outage, async () => {
        await world.killAll();
        await eventually('its time is over', () => performance.now() > endsAt + 500, 10_000);
        await world.cluster.up();
      });
      expect(await renew(history, 'short', { recipient, reference: reference! })).toBe(true);
    });
  });
});

/** How many requests are under way at once. */
const LANES = 20;

async function inLanes(count: number, work: (index: number) => Promise<void>): Promise<void> {
  const lane = async (first: number): Promise<void> => {
    for (let index = first; index < count; index += LANES) await work(index);
  };
  await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)));
}

async function subscribeMany({ history, frontDoors }: World, count: number): Promise<readonly Held[]> {
  const held: Held[] = [];
  const to = { consumer: 'http://127.0.0.1:9/nobody', route: 'relayed', topic: '{urn:faults}never' } as const;
  await inLanes(count, async (index) => {
    const recipient = `many-${String(index)}`;
    const reference = await subscribeOnce({ history, by: 'many', recipient, frontDoor: frontDoors[0]!, ...to });
    if (reference !== undefined) held.push({ recipient, reference });
  });
  expect(held).toHaveLength(count);
  return held;
}

async function renewMany({ history }: World, held: readonly Held[], origin: string): Promise<void> {
  const refused: string[] = [];
  await inLanes(held.length, async (index) => {
    const isRenewed = await renew(history, 'many', held[index]!, origin);
    if (!isRenewed) refused.push(held[index]!.recipient);
  });
  expect(refused).toEqual([]);
}
