import { setTimeout as delay } from 'node:timers/promises';
import { TestCluster } from '../test/support/cluster.ts';
import { BareServer } from './load/bare-server.ts';
import { loadOf, PER_SECOND, type Site } from './load/measured.ts';
import { Probe } from './load/probe.ts';
import { notify } from './load/request.ts';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn, type Contestant, type Readings } from './rounds.ts';

const CONNECTIONS = [16, 64, 256];
const BYTES = 1_500;
const P99 = 'p99 ms late';

/**
 * How late timers are in a server that takes durable publications, that is how long anything else would wait there:
 * a lease to renew, say. Beside it a bare server under the same load, and both at rest.
 */
export async function eventLoop({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  using probe = new Probe({ isCollecting: false });
  await using cluster = await TestCluster.start('single', { environment: probe.environment });
  await using bare = await BareServer.start(probe.environment);
  const url = `${cluster.serverUrl('server1')}/wsn/NotificationBroker`;
  const sites: readonly Site[] = [
    { name: 'bare node:http', url: bare.url, pids: [bare.pid] },
    { name: 'ours', url, pids: [cluster.pidOf('server1')] },
  ];
  const durationMs = ms * 10;
  const counts = ms < 100 ? CONNECTIONS.slice(0, 1) : CONNECTIONS;
  const contestants = sites.flatMap((site): readonly Contestant[] => [
    {
      name: `${site.name}, at rest`,
      measure: async () => {
        await probe.ask(site.pids[0]!);
        await delay(durationMs);
        return delaysOf(probe, site);
      },
    },
    ...counts.map((connections) => ({
      name: nameOf(site.name, connections),
      measure: async () => underLoad(probe, site, connections, durationMs),
    })),
  ]);
  for (const { measure } of contestants) await measure();
  const measured = await measureInTurn(contestants, rounds, report);
  const middle = counts.at(-2) ?? counts[0]!;
  const found = measured[`${nameOf('ours', middle)}: ${P99}`]?.median ?? NaN;
  return { measured, targets: [{ name: `p99 in ms, ${middle} connections`, found, atMost: 50 }] };
}

function nameOf(site: string, connections: number): string {
  return `${site}, ${connections} connections`;
}

async function underLoad(probe: Probe, site: Site, connections: number, durationMs: number): Promise<Readings> {
  const request = notify(site.url, BYTES);
  await probe.ask(site.pids[0]!);
  const readings = await loadOf(site, { connections, durationMs, request: () => request });
  return { ...(await delaysOf(probe, site)), [PER_SECOND]: readings[PER_SECOND] ?? NaN };
}

async function delaysOf(probe: Probe, { pids }: Site): Promise<Readings> {
  const { p50Ms, p99Ms, maxMs } = await probe.ask(pids[0]!);
  return { 'p50 ms late': p50Ms, [P99]: p99Ms, 'most ms late': maxMs };
}
