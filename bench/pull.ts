import { TestCluster } from '../test/support/cluster.ts';
import { referenceIn, send, sendTo, subscribe, WSNT, type Reference } from '../test/support/soap-client.ts';
import { load } from './load/client.ts';
import { cpuMs } from './load/cpu.ts';
import { notify, soapPost } from './load/request.ts';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn, type Contestant, type Readings } from './rounds.ts';

/** So that all that is published waits until it is pulled. */
const TOPOLOGY = `
backlog:
  perPullPoint: { messages: 1000000, bytes: 4GiB, policy: refusePublisher }
`;
const POINTS = [1, 16];
const BATCHES = [1, 10, 100];
const FAR_MS = 60_000;
const BYTES = 1_500;
/** Most messages for one measurement: more would take longer to publish than to pull. */
const MOST = 8_000;

/** The topic of `notify`, which goes to whoever is subscribed to it. */
const TOPIC = '{urn:bench}b';

/** GetMessages through the proxy, one at a time for each pull point, until nothing is left. */
export async function pull({ rounds, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  await using cluster = await TestCluster.start('single', { extra: TOPOLOGY });
  const pids = [cluster.pidOf('server1'), cluster.pidOf('proxy1')];
  const contestants = POINTS.flatMap((points) =>
    BATCHES.map((batch): Contestant => ({
      name: `${points} pull points, up to ${batch} messages`,
      measure: async () => drain(cluster.url, pids, points, batch, ms * 5),
    })),
  );
  await contestants[0]?.measure();
  return { measured: await measureInTurn(contestants, rounds, report), targets: [] };
}

/** Fills as many pull points as are asked for with what so many requests will fetch, and fetches it. */
async function drain(
  door: string,
  pids: readonly number[],
  points: number,
  batch: number,
  requests: number,
): Promise<Readings> {
  const references = await Promise.all(Array.from({ length: points }, async () => createPullPoint(door)));
  const each = Math.max(1, Math.ceil(Math.min(requests, MOST / batch) / points));
  const { hostname: host, port } = new URL(door);
  const at = { host, port: Number(port), durationMs: FAR_MS };
  const publication = notify(`${door}/wsn/NotificationBroker`, BYTES);
  const filled = await load({ ...at, connections: 16, most: each * batch, request: () => publication });
  if (filled.failed > 0) throw new Error(`${filled.failed} publications failed`);
  const fetching = references.map((reference) => getMessages(reference, batch));
  const [startedAt, before] = [performance.now(), cpuMs(pids)];
  const results = await Promise.all(
    fetching.map(async (request) => load({ ...at, connections: 1, most: each, request: () => request })),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = cpuMs(pids) - before;
  for (const { failed } of results) if (failed > 0) throw new Error(`${failed} requests failed`);
  for (const reference of references) await destroy(reference);
  const sent = each * points;
  return {
    'requests/s': sent / seconds,
    'messages/s': (sent * batch) / seconds,
    'µs of CPU per message': (cpu * 1000) / (sent * batch),
  };
}

async function createPullPoint(door: string): Promise<Reference> {
  const answer = await send(`${door}/wsn/CreatePullPoint`, '<wsnt:CreatePullPoint/>');
  const element = answer.body?.child(WSNT, 'PullPoint');
  if (element === undefined) throw new Error(`CreatePullPoint failed: HTTP ${answer.status} ${answer.text}`);
  const reference = referenceIn(element);
  await subscribe(door, reference.address, { topic: TOPIC });
  return reference;
}

function getMessages({ address }: Reference, batch: number): Uint8Array {
  const body = `<n:GetMessages xmlns:n="${WSNT}"><n:MaximumNumber>${batch}</n:MaximumNumber></n:GetMessages>`;
  return soapPost(address, body);
}

/** All has been fetched: whoever is asked for fewer than there are would look faster. */
async function destroy(reference: Reference): Promise<void> {
  const rest = await sendTo(reference, '<wsnt:GetMessages/>');
  const left = rest.body?.children().length ?? NaN;
  if (left !== 0) throw new Error(`Found ${left} messages left: ${rest.text.slice(0, 500)}`);
  await sendTo(reference, '<wsnt:DestroyPullPoint/>');
}
