import { TestCluster } from '../test/support/cluster.ts';
import { subscribe, type Reference } from '../test/support/soap-client.ts';
import { haproxyVersion, startHaproxy } from './load/haproxy.ts';
import { CPU, loadOf, PER_SECOND, type Site } from './load/measured.ts';
import { nginxVersion, startNginx } from './load/nginx.ts';
import type { OtherProxy, ServerOf } from './load/other-proxy.ts';
import { notify, soapPost, WSNT } from './load/request.ts';
import type { Extent, Outcome, Target } from './outcome.ts';
import { measureInTurn, type Contestant } from './rounds.ts';

const CONNECTIONS = 64;
const SUBSCRIPTIONS = 64;
const SIZES = { '1.5 KB': 1_500, '20 KB': 20_000, '1 MB': 1_000_000 };
const WSA = 'http://www.w3.org/2005/08/addressing';
/** What is made here is not to be there for long. */
const TOPOLOGY = 'pullPoints: { lifetime: 5s }';
const OURS = 'ours';

type Affinity = 'path' | 'header';

/** Who stands in front of the servers, and what he can tell apart. */
interface Door extends Site {
  readonly finds: Affinity | 'both';
}

/**
 * Renew through our proxy, and through HAProxy and nginx to the same servers' own listeners. By the path, they can do it
 * as well; by reference parameters HAProxy can only look for text in the body, which is not correct. And what all may send
 * to any server: publications, and pull points to be made.
 */
export async function proxy({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  await using cluster = await TestCluster.start('combined', { extra: TOPOLOGY });
  const references: Reference[] = [];
  for (let index = 0; index < SUBSCRIPTIONS; index += 1) {
    references.push(await subscribe(cluster.url, 'http://127.0.0.1:9/nobody', { topic: '{urn:bench}never' }));
  }
  const servers = ['server1', 'server2', 'server3'].map((name) => cluster.pidOf(name));
  const others: OtherProxy[] = [];
  const doors: Door[] = [{ name: OURS, url: cluster.url, pids: [cluster.pidOf('proxy1'), ...servers], finds: 'both' }];
  const serverOf = new Map(
    cluster.engines.map((engine) => [engine, new URL(cluster.serverUrl(cluster.hostOf(engine).server)).host]),
  );
  try {
    for (const { name, version, finds, start } of OTHERS) {
      const installed = version();
      if (installed === undefined) {
        report(`${name} is not installed: skipped`);
        continue;
      }
      const other = await start(serverOf);
      others.push(other);
      doors.push({ name: `${name} ${installed}`, url: other.url, pids: [other.pid, ...servers], finds });
    }
    const contestants = contestantsOf(doors, references, ms * 10);
    for (const { measure } of contestants) await measure();
    const measured = await measureInTurn(contestants, rounds, report);
    const haproxy = doors.find(({ name }) => name.startsWith(HAPROXY))?.name;
    return { measured, targets: targetsOf(measured, haproxy) };
  } finally {
    await Promise.all(others.map((other) => other[Symbol.asyncDispose]()));
  }
}

const HAPROXY = 'HAProxy';

/** A proxy that is not ours. */
interface Other {
  readonly name: string;
  /** Undefined: it is not installed. */
  readonly version: () => string | undefined;
  readonly finds: Affinity;
  readonly start: (serverOf: ServerOf) => Promise<OtherProxy>;
}

const OTHERS: readonly Other[] = [
  { name: HAPROXY, version: haproxyVersion, finds: 'path', start: async (to) => startHaproxy(to, 'path') },
  { name: HAPROXY, version: haproxyVersion, finds: 'header', start: async (to) => startHaproxy(to, 'body') },
  { name: 'nginx', version: nginxVersion, finds: 'path', start: startNginx },
];

function contestantsOf(
  doors: readonly Door[],
  references: readonly Reference[],
  durationMs: number,
): readonly Contestant[] {
  const of = (what: string, door: Site, requests: readonly Uint8Array[], connections = CONNECTIONS): Contestant => ({
    name: `${what}, ${door.name}`,
    measure: () => loadOf(door, { connections, durationMs, request: (index) => requests[index % requests.length]! }),
  });
  const byPath = doors.filter(({ finds }) => finds !== 'header');
  const byHeader = doors.filter(({ finds }) => finds !== 'path');
  const renewals = (door: Door, by: Affinity, bytes: number): readonly Uint8Array[] =>
    references.map((reference) => renew(reference, door.url, by, bytes));
  return [
    ...Object.entries(SIZES).flatMap(([size, bytes]) =>
      byPath.map((door) =>
        of(`Renew by path, ${size}`, door, renewals(door, 'path', bytes), bytes > 100_000 ? 8 : CONNECTIONS),
      ),
    ),
    ...byHeader.map((door) => of('Renew by header, 1.5 KB', door, renewals(door, 'header', SIZES['1.5 KB']))),
    ...byPath.map((door) =>
      of('Notify, 1.5 KB', door, [notify(`${door.url}/wsn/NotificationBroker`, SIZES['1.5 KB'])]),
    ),
    ...byPath.map((door) => of('CreatePullPoint', door, [createPullPoint(door.url)])),
  ];
}

function createPullPoint(door: string): Uint8Array {
  return soapPost(`${door}/wsn/CreatePullPoint`, `<n:CreatePullPoint xmlns:n="${WSNT}"/>`);
}

function renew({ address, parameters }: Reference, door: string, by: Affinity, bytes: number): Uint8Array {
  const path = by === 'path' ? new URL(address).pathname : '/wsn/SubscriptionManager';
  const pad = `<x:pad xmlns:x="urn:bench">${'x'.repeat(Math.max(0, bytes - 700))}</x:pad>`;
  const affinity = by === 'path' ? '' : parameters.replaceAll(/ wsa:IsReferenceParameter="true"/g, flagged);
  const time = `<n:Renew xmlns:n="${WSNT}"><n:TerminationTime>PT1H</n:TerminationTime></n:Renew>`;
  return soapPost(`${door}${path}`, time, `${affinity}${pad}`);
}

const flagged = ` xmlns:wsa="${WSA}" wsa:IsReferenceParameter="true"`;

function targetsOf(measured: Outcome['measured'], theirs: string | undefined): readonly Target[] {
  if (theirs === undefined) return [];
  const ratio = (what: string, of: string): number => {
    const at = (door: string): number => measured[`${what}, ${door}: ${of}`]?.median ?? NaN;
    return Number((at(OURS) / at(theirs)).toPrecision(3));
  };
  return [
    { name: 'Renew by path, of requests/s', found: ratio('Renew by path, 1.5 KB', PER_SECOND), atLeast: 1 },
    { name: 'Renew by path, CPU per request', found: ratio('Renew by path, 1.5 KB', CPU), atMost: 1 },
    { name: 'CreatePullPoint, of requests/s', found: ratio('CreatePullPoint', PER_SECOND), atLeast: 1 },
    { name: 'Renew by header, of requests/s', found: ratio('Renew by header, 1.5 KB', PER_SECOND), atLeast: 1 },
  ];
}
