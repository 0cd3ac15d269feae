import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { publish, subscribe } from '../support/soap-client.ts';

const TOTAL = 1_000;

/** One subscriber on each engine: without a MessageID each server takes its own, and the proxy goes round. */
async function subscribeEverywhere(cluster: TestCluster, topic: string): Promise<TestConsumer[]> {
  const consumers: TestConsumer[] = [];
  const engines = new Set<string>();
  while (consumers.length < cluster.engines.length) {
    const consumer = await TestConsumer.start();
    const { address } = await subscribe(cluster.url, consumer.url, { topic });
    engines.add(/SubscriptionManager\/([^/]+)\//.exec(address)![1]!);
    consumers.push(consumer);
  }
  expect(engines.size).toBe(cluster.engines.length);
  return consumers;
}

async function publishAll(cluster: TestCluster, topic: string, during?: (count: number) => void): Promise<void> {
  const failures: string[] = [];
  const lane = async (first: number): Promise<void> => {
    for (let number = first; number <= TOTAL; number += 8) {
      during?.(number);
      const answer = await publish(cluster.url, topic, String(number));
      if (answer.status !== 202) failures.push(`${String(number)}: ${answer.text}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => lane(index + 1)));
  expect(failures).toEqual([]);
}

const all = Array.from({ length: TOTAL }, (_, index) => index + 1);

function numbers(values: Iterable<string>): readonly number[] {
  return [...values].map(Number).sort((a, b) => a - b);
}

describe('links of a load-balanced cluster', () => {
  it('carry 1,000 notifications published round robin to subscribers on all engines, exactly once each', async () => {
    await using cluster = await TestCluster.start('load-balanced');
    const consumers = await subscribeEverywhere(cluster, '{urn:links}t');
    await publishAll(cluster, '{urn:links}t');
    for (const consumer of consumers) {
      await eventually('all have arrived', () => consumer.received.length >= TOTAL, 20_000);
      expect(numbers(consumer.payloads)).toEqual(all);
    }
    await Promise.all(consumers.map((consumer) => consumer[Symbol.asyncDispose]()));
  });

  it('do so when a server is killed on the way and comes back; what is delivered again has the same id', async () => {
    await using cluster = await TestCluster.start('load-balanced');
    const consumers = await subscribeEverywhere(cluster, '{urn:links}t');
    let isKilled = false;
    await publishAll(cluster, '{urn:links}t', (count) => {
      if (count < TOTAL / 3 || isKilled) return;
      isKilled = true;
      cluster.kill('server2');
    });
    expect(isKilled).toBe(true);
    for (const consumer of consumers) {
      await eventually('all have arrived', () => new Set(consumer.payloads).size >= TOTAL, 30_000);
      const idsByPayload = new Map(consumer.received.map(({ payload, id }) => [payload, id]));
      // Delivery is at least once; between engines it is exactly once, which shows in one id for each notification.
      expect(new Set(consumer.received.map(({ id }) => id)).size).toBe(TOTAL);
      expect(numbers(idsByPayload.keys())).toEqual(all);
    }
    await Promise.all(consumers.map((consumer) => consumer[Symbol.asyncDispose]()));
  });
});
