/**
 * The main job, played against real processes: for each topology a cluster is started, subscribed to and published
 * to, the server that hosts the subscription's engine is killed in the middle, and everything is counted.
 * Exit code 1 when anything was lost or a client saw an error.
 */
import { TestCluster } from '../test/support/cluster.ts';
import { TestConsumer } from '../test/support/consumer.ts';
import { eventually } from '../test/support/eventually.ts';
import { publish, sendTo, subscribe, type Reference } from '../test/support/soap-client.ts';
import { Stream } from '../test/support/stream.ts';

const KINDS = ['load-balanced', 'high-availability', 'combined'] as const;
const TOPIC = '{urn:demo:weather}storm/warning';
const RENEW = '<wsnt:Renew><wsnt:TerminationTime>PT1H</wsnt:TerminationTime></wsnt:Renew>';

interface Summary {
  readonly topology: string;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly lost: number;
  readonly errors: number;
  readonly recoveryMs: number;
}

const say = (line = ''): void => console.log(line);

function engineOf({ address }: Reference): string {
  return /SubscriptionManager\/([^/]+)\//.exec(address)?.[1] ?? 'none';
}

function serverIn(via: string): string {
  return /1\.1 (server\S+)$/.exec(via)?.[1] ?? 'nobody';
}

async function play(kind: string): Promise<Summary> {
  say(`\n=== ${kind} ${'='.repeat(60 - kind.length)}`);
  say('Starting a proxy and three servers, each a process of its own …');
  await using cluster = await TestCluster.start(kind);
  await using consumer = await TestConsumer.start();
  say(`The front door is ${cluster.url}`);
  for (const engine of cluster.engines) {
    const { server, epoch } = cluster.hostOf(engine);
    say(`  ${engine} runs in ${server} (epoch ${String(epoch)})`);
  }

  say('\nA client subscribes three times through the front door:');
  const references: Reference[] = [];
  for (let count = 0; count < 3; count += 1) {
    const reference = await subscribe(cluster.url, consumer.url, { topic: TOPIC });
    references.push(reference);
    say(`  subscription on ${engineOf(reference)}: ${reference.address}`);
  }

  say('\nA publisher sends 30 notifications; the proxy spreads them:');
  const errors: string[] = [];
  const acknowledged: string[] = [];
  const counts = new Map<string, number>();
  for (let number = 1; number <= 30; number += 1) {
    const answer = await publish(cluster.url, TOPIC, `first${String(number)}`);
    if (answer.status === 202) acknowledged.push(`first${String(number)}`);
    else errors.push(answer.text);
    counts.set(serverIn(answer.via), (counts.get(serverIn(answer.via)) ?? 0) + 1);
  }
  for (const [server, count] of [...counts].sort()) say(`  ${server} took ${String(count)}`);
  await eventually('3 × 30 deliveries', () => consumer.received.length >= 90);
  say(`  ${String(consumer.received.length)} deliveries arrived (3 subscriptions × 30)`);

  const victim = references[0]!;
  const engine = engineOf(victim);
  const { server, epoch } = cluster.hostOf(engine);
  say(
    `\nA stream of notifications begins; in the middle of it ${server}, which hosts ${engine}, is killed (SIGKILL) …`,
  );
  const stream = new Stream(() => cluster.url, TOPIC, { name: 'stream' });
  await eventually('the stream flows', () => stream.acknowledged.length >= 100);
  const killedAt = performance.now();
  cluster.kill(server);
  const answer = await sendTo(victim, RENEW);
  const recoveryMs = Math.round(performance.now() - killedAt);
  if (answer.fault !== undefined || answer.status !== 200) errors.push(answer.text);
  say(`  Renew answered ${String(recoveryMs)} ms after the kill, by ${serverIn(answer.via)}`);
  await eventually('the next epoch', () => cluster.hostOf(engine).epoch > epoch);
  const now = cluster.hostOf(engine);
  say(`  ${engine} now runs in ${now.server} (epoch ${String(now.epoch)})`);
  const seen = stream.acknowledged.length;
  await eventually('the stream flows on', () => stream.acknowledged.length >= seen + 100, 20_000);
  await stream.stop();
  errors.push(...stream.errors);
  acknowledged.push(...stream.acknowledged);

  const idsOf = (payload: string): number =>
    new Set(consumer.received.filter((one) => one.payload === payload).map(({ id }) => id)).size;
  const complete = (): boolean => acknowledged.every((payload) => idsOf(payload) >= references.length);
  await eventually('everything has arrived', complete, 30_000).catch(() => undefined);
  const lost = acknowledged.filter((payload) => idsOf(payload) < references.length);
  const delivered = new Set(consumer.received.map(({ id }) => id)).size;
  say(
    `  all ${String(references.length)} subscriptions have received ${String(acknowledged.length - lost.length)} of ${String(acknowledged.length)}`,
  );
  return {
    topology: kind,
    acknowledged: acknowledged.length,
    delivered,
    lost: lost.length,
    errors: errors.length,
    recoveryMs,
  };
}

const summaries: Summary[] = [];
for (const kind of KINDS) summaries.push(await play(kind));

say(`\n=== Summary ${'='.repeat(54)}`);
console.table(
  Object.fromEntries(
    summaries.map(({ topology, acknowledged, delivered, lost, errors, recoveryMs }) => [
      topology,
      { acknowledged, delivered, lost, 'client-visible errors': errors, 'kill to first success (ms)': recoveryMs },
    ]),
  ),
);
const isClean = summaries.every(({ lost, errors }) => lost === 0 && errors === 0);
say(
  isClean ? 'Nothing acknowledged was lost, and no client saw an error.' : 'Something was lost or failed: see above.',
);
process.exitCode = isClean ? 0 : 1;
