import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { failFsyncOf, fillDiskFor, killInSystemCall } from '../nemesis/disk.ts';
import { last } from '../nemesis/fault.ts';
import { trial } from '../trial.ts';
import { fakeTimeLibrary, hasProgram, Place } from '../world/place.ts';
import { longer } from './longer.ts';

describe.skipIf(!hasProgram('strace'))('system calls that end badly (needs strace)', () => {
  longer('F2: kill -9 in the n-th fsync or write', async () => {
    await trial({ kind: 'combined' }, async ({ world, random }) => {
      for (let time = 0; time < 3; time += 1) await killInSystemCall.inflict(world, random);
    });
  });

  longer('F17: an fsync fails, once and for good: exit code 74, and the next process recovers', async () => {
    await trial({ kind: 'high-availability' }, async ({ world, history }) => {
      for (const when of ['3', '2+']) await failFsyncOf(world, world.cluster.hostOf('ME1').server, when);
      const codes = history.entries.flatMap((entry) => (entry.type === 'exit' ? [entry.code] : []));
      expect(codes).toContain(74);
    });
  });
});

describe.skipIf(!Place.canMount())('a small disk (needs mount)', () => {
  it('F16: no space: nothing acknowledged is lost, and all goes on when there is some again', async () => {
    await trial({ kind: 'single', diskMib: 160 }, async ({ world }) => {
      for (const ms of [1_000, 2_500]) {
        await fillDiskFor(world, ms);
        await world.clientsGetOn(20);
      }
    });
  });
});

describe.skipIf(fakeTimeLibrary() === undefined)('the wall clock (needs libfaketime)', () => {
  longer('F14: an hour forth and back and a day forth: no failover, and no end of a subscription', async () => {
    const summary = await trial(
      { kind: 'high-availability', hasShiftingClock: true, visitors: 0 },
      async ({ world }) => {
        const { epoch } = world.cluster.hostOf('ME1');
        for (const hours of [1, -1, 12, 0]) {
          world.place.shiftClock(hours * 3_600);
          await world.clientsGetOn(40);
        }
        expect(world.cluster.hostOf('ME1').epoch).toBe(epoch);
      },
    );
    expect(summary.failovers).toBe(1);
  });
});

describe('the network before a consumer, and consumers', () => {
  longer(
    'F13, F27: a partition, a half-open connection and a consumer that says nothing: all arrives in order',
    async () => {
      await trial({ kind: 'combined' }, async ({ world }) => {
        const [, silent] = world.consumers;
        await silent!.turn('silent');
        world.relay!.blackHole = 'both';
        await last(1_500);
        world.relay!.blackHole = 'towards-client';
        await last(1_000);
        world.relay!.blackHole = 'none';
        world.relay!.cut();
        await silent!.turn('gone');
        await last(1_000);
        await silent!.turn('well');
      });
    },
  );
});

describe('a damaged store', () => {
  longer('F19: a write-ahead log that was cut while all was down is noticed, never lost silently', async () => {
    await trial({ kind: 'single', visitors: 0 }, async ({ world }) => {
      const file = join(world.storeOf('ME1'), 'engine.db-wal');
      await world.clientsGetOn(100);
      await world.fault({ fault: 'cut-log', description: 'half of the log is gone', hitsDoor: true }, async () => {
        await world.killAll();
        const log = readFileSync(file);
        writeFileSync(file, log.subarray(0, Math.floor(log.byteLength / 2)));
        // Nobody serves the engine: it says what is wrong, and waits for the operator.
        const starting = world.cluster.up().catch(() => undefined);
        await eventually('it is refused', () => world.cluster.stderr.includes('REGRESSED'), 30_000);
        await world.killAll();
        await starting;
        // The operator puts back what was there.
        writeFileSync(file, log);
        await world.cluster.up();
      });
    });
  });
});
