import { TestCluster } from '../test/support/cluster.ts';
import { subscribe } from '../test/support/soap-client.ts';
import { Consumers } from './load/consumers.ts';
import { CPU, loadOf, type Site } from './load/measured.ts';
import { notify } from './load/request.ts';
import type { Extent, Outcome, Target } from './outcome.ts';
import { measureInTurn, type Contestant } from './rounds.ts';

const CONNECTIONS = 64;
const BYTES = 1_500;
const WANTED = 'wanted';
const ENGINES = [1, 2, 3];
/** So that nobody is refused because a link or the consumer is behind for a moment. */
const TOPOLOGY = 'backlog: { perSubscription: { messages: 1000000, bytes: 1GiB } }';
const NOBODY = 'nobody subscribed';
const SOMEBODY = 'one subscriber, at one engine';

const nameOf = (engines: number, who: string): string => `${engines} engines, ${who}`;

/**
 * What a publication costs as the cluster grows: as many servers as engines, each with its own store, and one proxy that
 * spreads publications over them. With a subscriber at one engine, the others send it what they get over their links. On
 * one machine more engines have no more processors, so it is the CPU per request, of all processes, that counts.
 */
export async function growth({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  const sizes = ms < 100 ? ENGINES.slice(0, 2) : ENGINES;
  await using consumers = await Consumers.start(1);
  const clusters: TestCluster[] = [];
  try {
    const contestants: Contestant[] = [];
    for (const engines of sizes) {
      report(`starting ${engines} engines`);
      const cluster = await startCluster(engines);
      clusters.push(cluster);
      await subscribe(cluster.url, consumers.urls[0]!, { topic: `{urn:bench}${WANTED}`, engine: 'ME1' });
      contestants.push(contestant(cluster, nameOf(engines, NOBODY), 'unwanted', ms * 10));
      contestants.push(contestant(cluster, nameOf(engines, SOMEBODY), WANTED, ms * 10));
    }
    for (const { measure } of contestants) await measure();
    const measured = await measureInTurn(contestants, rounds, report);
    return { measured, targets: [targetOf(measured, Math.max(...sizes))] };
  } finally {
    await Promise.all(clusters.map((cluster) => cluster[Symbol.asyncDispose]()));
  }
}

function targetOf(measured: Outcome['measured'], most: number): Target {
  const at = (engines: number): number => measured[`${nameOf(engines, NOBODY)}: ${CPU}`]?.median ?? NaN;
  const found = Number((at(most) / at(1)).toPrecision(3));
  return { name: `CPU per publication, ${most} engines to 1`, found, atMost: 1.5 };
}

async function startCluster(engines: number): Promise<TestCluster> {
  if (engines === 1) return TestCluster.start('single', { extra: TOPOLOGY });
  const gone = [3, 2].filter((number) => number > engines);
  return TestCluster.start('load-balanced', {
    extra: TOPOLOGY,
    replace: gone.flatMap((number) => [
      [new RegExp(`^  - .*name: server${number},.*\\n`, 'gm'), ''],
      [new RegExp(`^  - .*name: ME${number},.*\\n`, 'gm'), ''],
    ]),
  });
}

function contestant(cluster: TestCluster, name: string, topic: string, durationMs: number): Contestant {
  const url = `${cluster.url}/wsn/NotificationBroker`;
  const site: Site = { name, url, pids: cluster.members.map((member) => cluster.pidOf(member)) };
  const request = notify(url, BYTES, topic);
  return { name, measure: async () => loadOf(site, { connections: CONNECTIONS, durationMs, request: () => request }) };
}
