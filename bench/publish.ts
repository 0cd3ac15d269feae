import { TestCluster } from '../test/support/cluster.ts';
import { BareServer } from './load/bare-server.ts';
import { haproxyVersion, startHaproxy } from './load/haproxy.ts';
import { loadOf, PER_SECOND, type Site } from './load/measured.ts';
import { notify } from './load/request.ts';
import type { Extent, Outcome, Target } from './outcome.ts';
import { measureInTurn, type Contestant } from './rounds.ts';

const CONNECTIONS = [1, 16, 64, 256];
const BYTES = 1_500;
const BARE = 'bare node:http';
const DIRECT = 'durable, direct';
const PROXY = 'durable, proxy';
const HAPROXY = 'durable, HAProxy';

/**
 * Durable publications that nobody has subscribed to: the acknowledgement comes when they are on the disk. Beside them a
 * bare server that keeps nothing; and, for what a front door must cost, HAProxy before the same server.
 */
export async function publish({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  await using cluster = await TestCluster.start('single');
  await using bare = await BareServer.start();
  const server = cluster.pidOf('server1');
  const path = '/wsn/NotificationBroker';
  const direct = cluster.serverUrl('server1');
  const version = haproxyVersion();
  if (version === undefined) report('HAProxy is not installed: skipped');
  const serverOf = new Map(cluster.engines.map((engine) => [engine, new URL(direct).host]));
  await using haproxy = version === undefined ? undefined : await startHaproxy(serverOf, 'path');
  const sites: Site[] = [
    { name: BARE, url: bare.url, pids: [bare.pid] },
    { name: DIRECT, url: `${direct}${path}`, pids: [server] },
    { name: PROXY, url: `${cluster.url}${path}`, pids: [server, cluster.pidOf('proxy1')] },
  ];
  if (version !== undefined && haproxy !== undefined) {
    sites.push({ name: `${HAPROXY} ${version}`, url: `${haproxy.url}${path}`, pids: [server, haproxy.pid] });
  }
  const counts = ms < 100 ? CONNECTIONS.slice(0, 1) : CONNECTIONS;
  const contestants = counts.flatMap((connections) => sites.map((site) => contestant(site, connections, ms * 10)));
  // Nobody's first requests count.
  for (const site of sites) await contestant(site, 16, ms * 5).measure();
  const measured = await measureInTurn(contestants, rounds, report);
  const at = (name: string): number => measured[`${nameOf(name, counts.at(-2) ?? 1)}: ${PER_SECOND}`]?.median ?? NaN;
  const ratio = (one: string, other: string): number => Number((at(one) / at(other)).toPrecision(3));
  const targets: Target[] = [
    { name: 'direct to bare, of requests/s', found: ratio(DIRECT, BARE), atLeast: 0.4 },
    { name: 'proxy to direct, of requests/s', found: ratio(PROXY, DIRECT), atLeast: 0.9 },
  ];
  const other = sites.find(({ name }) => name.startsWith(HAPROXY))?.name;
  if (other !== undefined) {
    targets.push({ name: 'proxy to HAProxy, of requests/s', found: ratio(PROXY, other), atLeast: 1 });
  }
  return { measured, targets };
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
