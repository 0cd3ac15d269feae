import { TestCluster } from '../test/support/cluster.ts';
import { TestConsumer } from '../test/support/consumer.ts';
import { MisbehavingConsumer } from '../test/support/delivery/misbehaving-consumer.ts';
import { eventually } from '../test/support/eventually.ts';
import { publish, sendTo, subscribe } from '../test/support/soap-client.ts';
import { setTimeout as delay } from 'node:timers/promises';
import type { Extent, Outcome } from './outcome.ts';
import { measureInTurn } from './rounds.ts';

const TOPIC = '{urn:bench}t';
const CONSUMERS = 200;
const MESSAGES = 20;
/** Between two publications: two hundred deliveries fit in between, so that what is measured is no queue of our own making. */
const INTERVAL_MS = 250;
const ARRIVAL_MS = 60_000;
const LEAST_MS = 0.1;

const ALONE = 'p99, 200 fast consumers beside one more that is fast';
const BESIDE = 'p99, 200 fast consumers beside one that drips a byte a second';

/**
 * How long it takes from the acknowledgement of a publication to its arrival at a consumer: 99 % of all take at most so
 * long. A real broker, built before, in processes of its own; every consumer is a destination of its own.
 */
export async function slowConsumer({ rounds, many, ms }: Extent, report: (line: string) => void): Promise<Outcome> {
  const [consumers, messages] = [Math.min(CONSUMERS, many), ms < 100 ? 2 : MESSAGES];
  await using cluster = await TestCluster.start('single');
  await using crowd = new Crowd();
  const { fast } = crowd;
  report(`subscribing ${consumers} consumers`);
  for (let index = 0; index < consumers; index += 1) {
    const consumer = await TestConsumer.start();
    fast.push(consumer);
    await subscribe(cluster.url, consumer.url, { topic: TOPIC });
  }
  let run = 0;
  const measure = async (kind: 'none' | 'drip'): Promise<number> => {
    await using other = await MisbehavingConsumer.start({ kind });
    const reference = await subscribe(cluster.url, other.url, { topic: TOPIC });
    run += 1;
    const latencies = await latenciesOf(cluster, fast, `r${run}`, messages);
    await sendTo(reference, '<wsnt:Unsubscribe/>');
    return percentile(latencies, 0.99);
  };
  await measure('none');
  const contestants = [
    { name: ALONE, unit: 'ms', measure: async () => measure('none') },
    { name: BESIDE, unit: 'ms', measure: async () => measure('drip') },
  ];
  const measured = await measureInTurn(contestants, rounds, report);
  const ratio = (measured[BESIDE]?.median ?? NaN) / (measured[ALONE]?.median ?? NaN);
  const target = { name: 'p99 beside a slow consumer, as a multiple', found: Number(ratio.toPrecision(3)), atMost: 2 };
  return { measured, targets: [target] };
}

/** Consumers that end together. */
class Crowd implements AsyncDisposable {
  readonly fast: TestConsumer[] = [];

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.fast.map(async (consumer) => consumer[Symbol.asyncDispose]()));
  }
}

async function latenciesOf(
  cluster: TestCluster,
  consumers: readonly TestConsumer[],
  run: string,
  messages: number,
): Promise<readonly number[]> {
  const acknowledgedAt = new Map<string, number>();
  for (let index = 0; index < messages; index += 1) {
    const payload = `${run}-${index}`;
    await publish(cluster.url, TOPIC, payload);
    acknowledgedAt.set(payload, performance.now());
    await delay(INTERVAL_MS);
  }
  const last = `${run}-${messages - 1}`;
  await eventually('all has arrived', () => consumers.every(({ payloads }) => payloads.includes(last)), ARRIVAL_MS);
  // The acknowledgement and the first arrivals race each other: those that win count as the least that is measured.
  return consumers.flatMap(({ received }) =>
    received.flatMap(({ payload, at }) => {
      const from = acknowledgedAt.get(payload);
      return from === undefined ? [] : [Math.max(LEAST_MS, at - from)];
    }),
  );
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
