import { eventually } from '../test/support/eventually.ts';
import { publish } from '../test/support/soap-client.ts';
import { killHost } from '../test/faults/nemesis/processes.ts';
import { measure, type Measurement } from '../test/faults/recovery.ts';
import { engineOf, type Held } from '../test/faults/world/clients.ts';
import type { World } from '../test/faults/world/world.ts';
import type { Extent, Outcome } from './outcome.ts';
import { summaryOf, type Summary } from './rounds.ts';

const KINDS = ['high-availability', 'combined', 'load-balanced'] as const;
const TOPIC = '{urn:bench}probe';
const SEED = 20261122;
const FAR_MS = 60_000;

/**
 * From `kill -9` of the server that runs an engine to the first publication to that engine which is acknowledged again,
 * through the proxy. A world of the fault tests, with their load and all their rules; load-balanced has no standby, so the
 * engine waits for its own server.
 */
export async function failover({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  const measured: Record<string, Summary> = {};
  for (const kind of ms < 100 ? KINDS.slice(0, 1) : KINDS) {
    const times: number[] = [];
    const measurement: Measurement = {
      name: kind,
      kind,
      once: async (world, held) => {
        report(`${kind}: kill ${times.length + 1}/${rounds}`);
        const elapsed = await killed(world, held);
        times.push(elapsed);
        return elapsed;
      },
    };
    await measure(measurement, rounds, SEED);
    measured[nameOf(kind)] = summaryOf('ms', times);
  }
  const found = measured[nameOf('high-availability')]?.median ?? NaN;
  return { measured, targets: [{ name: 'high-availability, in ms', found, atMost: 1_000 }] };
}

function nameOf(kind: string): string {
  return `kill -9 to first acknowledgement, ${kind}`;
}

async function killed(world: World, held: Held): Promise<number> {
  const engine = engineOf(held.reference);
  const { server } = world.cluster.hostOf(engine);
  const door = world.frontDoors[0] ?? '';
  const startedAt = performance.now();
  const back = killHost(world, server);
  const isAcknowledged = async (): Promise<boolean> => (await publish(door, TOPIC, 'probe', { engine })).status === 202;
  await eventually('a publication is acknowledged', isAcknowledged, FAR_MS);
  const elapsed = performance.now() - startedAt;
  await back;
  return elapsed;
}
