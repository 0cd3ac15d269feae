import { TestCluster } from '../test/support/cluster.ts';
import { eventually } from '../test/support/eventually.ts';
import { subscribe } from '../test/support/soap-client.ts';
import { LANE_TOPIC, LaneConsumer, publishInLanes, publishProbe } from './lanes.ts';
import type { Extent, Outcome } from './outcome.ts';
import { Resident } from './resident.ts';
import { summaryOf, type Summary } from './rounds.ts';

/** So that nothing is dropped, and a consumer that was away is asked again soon. */
const TOPOLOGY = `
delivery: { firstRetry: 100ms, maxRetry: 2s }
backlog:
  perSubscription: { messages: 4000000, bytes: 16GiB, age: unlimited, policy: refusePublisher }
  perEngine: { messages: 4000000, bytes: 16GiB }
`;
const SERVER = 'server1';
const MOST_MB = 400;
const FAR_MS = 3_600_000;
const SAMPLES = 60;

type Measured = Record<string, Summary>;

/**
 * A backlog for a consumer that is away: what the server needs of memory while it grows, while it is delivered, and when the
 * server is killed meanwhile; whether all arrives, once and in order. A real broker, built before, in processes of its own.
 */
export async function backlog({ backlog: count }: Extent, report: (line: string) => void): Promise<Outcome> {
  const measured: Measured = {};
  const down = await run(count, 'down', report, measured);
  const killed = await run(count, 'killed', report, measured);
  const worst = (of: (found: Found) => number): number => Math.max(of(down), of(killed));
  const target = (name: string, found: number, atMost: number): Outcome['targets'][number] => ({ name, found, atMost });
  return {
    measured,
    targets: [
      target(`memory of the server in MB, backlog of ${count}`, Math.round(worst(({ most }) => most)), MOST_MB),
      target(
        'messages missing',
        worst(({ missing }) => missing),
        0,
      ),
      target(
        'messages out of order',
        worst(({ disordered }) => disordered),
        0,
      ),
      target('messages twice, server alive', down.repeated, 0),
    ],
  };
}

interface Found {
  readonly most: number;
  readonly missing: number;
  readonly repeated: number;
  readonly disordered: number;
}

/** `down`: connections are refused until the consumer is back. `killed`: it answers 503, and the server is killed twice. */
async function run(
  count: number,
  kind: 'down' | 'killed',
  report: (line: string) => void,
  measured: Measured,
): Promise<Found> {
  await using cluster = await TestCluster.start('single', { extra: TOPOLOGY });
  await using consumer = await LaneConsumer.create();
  using resident = new Resident(() => cluster.pidOf(SERVER));
  const note = (what: string, unit: string, ...values: readonly number[]): void => {
    measured[`${kind}: ${what}`] = summaryOf(unit, values);
  };
  const tell = (text: string): void => report(`${kind}: ${text}, ${Math.round(resident.now)} MB`);
  if (kind === 'killed') {
    consumer.isWilling = false;
    await consumer.listen();
  }
  await subscribe(cluster.url, consumer.url, { topic: LANE_TOPIC });
  note('memory at the beginning', 'MB', ...resident.take());

  note('published', 'messages/s', await rateOf(count, async () => publishAll(cluster.url, count, tell)));
  note('memory while it grows', 'MB', ...thinned(resident.take()));

  if (kind === 'killed') note('killed, until a Notify is accepted', 'ms', await killAndTry(cluster));
  if (kind === 'down') await consumer.listen();
  consumer.isWilling = true;
  const half = kind === 'killed' ? killHalfway(cluster, consumer, count) : Promise.resolve();
  note('delivered', 'messages/s', await rateOf(count, async () => arrivalOf(consumer, count, tell)));
  await half;
  note('memory while it is delivered', 'MB', ...thinned(resident.take()));
  note('messages twice', 'messages', consumer.repeated);
  const { repeated, disordered } = consumer;
  note('memory at most', 'MB', resident.most);
  return { most: resident.most, missing: count - consumer.arrived, repeated, disordered };
}

async function publishAll(url: string, count: number, tell: (text: string) => void): Promise<void> {
  let published = 0;
  const publishing = async (): Promise<void> =>
    publishInLanes(`${url}/wsn/NotificationBroker`, count, (some) => (published += some));
  await telling(() => tell(`published ${published} of ${count}`), publishing);
}

async function arrivalOf(consumer: LaneConsumer, count: number, tell: (text: string) => void): Promise<void> {
  const arriving = async (): Promise<unknown> => eventually('all has arrived', () => consumer.arrived >= count, FAR_MS);
  await telling(() => tell(`delivered ${consumer.arrived} of ${count}`), arriving);
}

/** Kills the server with the backlog there; milliseconds until its successor has accepted a message. */
async function killAndTry(cluster: TestCluster): Promise<number> {
  const begin = performance.now();
  cluster.kill(SERVER);
  const url = `${cluster.url}/wsn/NotificationBroker`;
  await eventually('a Notify is accepted', async () => (await publishProbe(url)) === 202, FAR_MS);
  return performance.now() - begin;
}

/** Kills it once more in the midst of the delivery: what was on its way may come twice. */
async function killHalfway(cluster: TestCluster, consumer: LaneConsumer, count: number): Promise<void> {
  await eventually('half has arrived', () => consumer.arrived >= count / 2, FAR_MS);
  cluster.kill(SERVER);
}

async function rateOf(count: number, work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return (count * 1000) / (performance.now() - begin);
}

/** Does `work` again and again while `until` is under way. */
async function telling(work: () => void, until: () => Promise<unknown>): Promise<void> {
  const timer = setInterval(work, 1_000);
  try {
    await until();
  } finally {
    clearInterval(timer);
  }
}

/** As many as can be looked at, evenly spread, and the highest. */
function thinned(values: readonly number[]): readonly number[] {
  const step = Math.ceil(values.length / SAMPLES);
  return [...values.filter((_, index) => index % step === 0), Math.max(...values)];
}
