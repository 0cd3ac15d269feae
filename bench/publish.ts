import { TestCluster } from '../test/support/cluster.ts';
import { BareServer } from './load/bare-server.ts';
import { loadOf, PER_SECOND, type Site } from './load/measured.ts';
import { notify } from './load/request.ts';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn, type Contestant } from './rounds.ts';

const CONNECTIONS = [1, 16, 64, 256];
const BYTES = 1_500;

/**
 * Durable publications that nobody has subscribed to: the acknowledgement comes when they are on the disk. Beside them a
 * bare server that keeps nothing.
 */
export async function publish({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  await using cluster = await TestCluster.start('single');
  await using bare = await BareServer.start();
  const server = cluster.pidOf('server1');
  const path = '/wsn/NotificationBroker';
  const sites: readonly Site[] = [
    { name: 'bare node:http', url: bare.url, pids: [bare.pid] },
    { name: 'durable, direct', url: `${cluster.serverUrl('server1')}${path}`, pids: [server] },
    { name: 'durable, proxy', url: `${cluster.url}${path}`, pids: [server, cluster.pidOf('proxy1')] },
  ];
  const counts = ms < 100 ? CONNECTIONS.slice(0, 1) : CONNECTIONS;
  const contestants = counts.flatMap((connections) => sites.map((site) => contestant(site, connections, ms * 10)));
  // Nobody's first requests count.
  for (const site of sites) await contestant(site, 16, ms * 5).measure();
  const measured = await measureInTurn(contestants, rounds, report);
  const at = (name: string): number => measured[`${nameOf(name, counts.at(-2) ?? 1)}: ${PER_SECOND}`]?.median ?? NaN;
  const ratio = (one: string, other: string): number => Number((at(one) / at(other)).toPrecision(3));
  return {
    measured,
    targets: [
      { name: 'direct to bare, of requests/s', found: ratio('durable, direct', 'bare node:http'), atLeast: 0.4 },
      { name: 'proxy to direct, of requests/s', found: ratio('durable, proxy', 'durable, direct'), atLeast: 0.9 },
    ],
  };
}

function nameOf(name: string, connections: number): string {
  return `${name}, ${connections} connections`;
}

function contestant(site: Site, connections: number, durationMs: number): Contestant {
  const request = notify(site.url, BYTES);
  return {
    name: nameOf(site.name, connections),
    measure: () => loadOf(site, { connections, durationMs, request: () => request }),
  };
}
