import { TestCluster } from '../test/support/cluster.ts';
import { subscribe, type Reference } from '../test/support/soap-client.ts';
import { Haproxy, haproxyVersion } from './load/haproxy.ts';
import { CPU, loadOf, PER_SECOND, type Site } from './load/measured.ts';
import { notify, soapPost } from './load/request.ts';
import type { Extent, Outcome, Target } from './outcome.ts';
import { measureInTurn, type Contestant } from './rounds.ts';

const CONNECTIONS = 64;
const SUBSCRIPTIONS = 64;
const SIZES = { '1.5 KB': 1_500, '20 KB': 20_000, '1 MB': 1_000_000 };
const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const WSA = 'http://www.w3.org/2005/08/addressing';

type Affinity = 'path' | 'header';

/**
 * Renew through our proxy, and through HAProxy to the same servers' own listeners. By the path, HAProxy can do it as
 * well; by reference parameters it can only look for text in the body, which is not correct. And publications, which
 * both may send to any server.
 */
export async function proxy({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  await using cluster = await TestCluster.start('combined');
  const references: Reference[] = [];
  for (let index = 0; index < SUBSCRIPTIONS; index += 1) {
    references.push(await subscribe(cluster.url, 'http://127.0.0.1:9/nobody', { topic: '{urn:bench}never' }));
  }
  const version = haproxyVersion();
  if (version === undefined) report('HAProxy is not installed: skipped');
  const serverOf = new Map(
    cluster.engines.map((engine) => [engine, new URL(cluster.serverUrl(cluster.hostOf(engine).server)).host]),
  );
  await using byPath = version === undefined ? undefined : await Haproxy.start({ serverOf, by: 'path' });
  await using byBody = version === undefined ? undefined : await Haproxy.start({ serverOf, by: 'body' });
  const servers = ['server1', 'server2', 'server3'].map((name) => cluster.pidOf(name));
  const ours = { name: 'ours', url: cluster.url, pids: [cluster.pidOf('proxy1'), ...servers] };
  const theirs = (haproxy: Haproxy | undefined): readonly Site[] =>
    haproxy === undefined
      ? []
      : [{ name: `HAProxy ${version ?? ''}`, url: haproxy.url, pids: [haproxy.pid, ...servers] }];
  const durationMs = ms * 10;
  const contestants: Contestant[] = [];
  const add = (what: string, door: Site, requests: readonly Uint8Array[], connections: number): unknown =>
    contestants.push({
      name: `${what}, ${door.name}`,
      measure: () => loadOf(door, { connections, durationMs, request: (index) => requests[index % requests.length]! }),
    });
  for (const [size, bytes] of Object.entries(SIZES)) {
    for (const door of [ours, ...theirs(byPath)]) {
      const requests = references.map((reference) => renew(reference, door.url, 'path', bytes));
      add(`Renew by path, ${size}`, door, requests, bytes > 100_000 ? 8 : CONNECTIONS);
    }
  }
  for (const door of [ours, ...theirs(byBody)]) {
    const requests = references.map((reference) => renew(reference, door.url, 'header', SIZES['1.5 KB']));
    add('Renew by header, 1.5 KB', door, requests, CONNECTIONS);
  }
  for (const door of [ours, ...theirs(byPath)]) {
    add('Notify, 1.5 KB', door, [notify(`${door.url}/wsn/NotificationBroker`, SIZES['1.5 KB'])], CONNECTIONS);
  }
  for (const { measure } of contestants) await measure();
  const measured = await measureInTurn(contestants, rounds, report);
  return { measured, targets: targetsOf(measured, ours.name, theirs(byPath)[0]?.name) };
}

function renew({ address, parameters }: Reference, door: string, by: Affinity, bytes: number): Uint8Array {
  const path = by === 'path' ? new URL(address).pathname : '/wsn/SubscriptionManager';
  const pad = `<x:pad xmlns:x="urn:bench">${'x'.repeat(Math.max(0, bytes - 700))}</x:pad>`;
  const affinity = by === 'path' ? '' : parameters.replaceAll(/ wsa:IsReferenceParameter="true"/g, flagged);
  const time = `<n:Renew xmlns:n="${WSNT}"><n:TerminationTime>PT1H</n:TerminationTime></n:Renew>`;
  return soapPost(`${door}${path}`, time, `${affinity}${pad}`);
}

const flagged = ` xmlns:wsa="${WSA}" wsa:IsReferenceParameter="true"`;

function targetsOf(measured: Outcome['measured'], ours: string, theirs: string | undefined): readonly Target[] {
  if (theirs === undefined) return [];
  const ratio = (what: string, of: string): number => {
    const at = (door: string): number => measured[`${what}, ${door}: ${of}`]?.median ?? NaN;
    return Number((at(ours) / at(theirs)).toPrecision(3));
  };
  return [
    { name: 'Renew by path, of requests/s', found: ratio('Renew by path, 1.5 KB', PER_SECOND), atLeast: 1 },
    { name: 'Renew by path, CPU per request', found: ratio('Renew by path, 1.5 KB', CPU), atMost: 1 },
    { name: 'Renew by header, of requests/s', found: ratio('Renew by header, 1.5 KB', PER_SECOND), atLeast: 1 },
  ];
}
