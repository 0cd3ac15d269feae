import { describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { publish, subscribe } from '../support/soap-client.ts';

const DELIVERY = 'urn:pointsman:delivery';
const TOPIC = '{urn:backlogs}t';
/** So that a consumer that was away is asked again soon. */
const SOON = 'delivery: { firstRetry: 50ms, maxRetry: 100ms }';

function gapsOf(consumer: TestConsumer): readonly (string | undefined)[] {
  return consumer.documents.flatMap(({ root }) => {
    const header = root.children().find(({ localName }) => localName === 'Header');
    return header?.child(DELIVERY, 'Gap')?.attribute('', 'dropped') ?? [];
  });
}

describe('a backlog at its limit, with real processes', () => {
  it('F13: is bounded, survives a kill, and the gap is told before what comes after it', async () => {
    const extra = `${SOON}\nbacklog: { perSubscription: { messages: 20 } }`;
    await using cluster = await TestCluster.start('single', { extra });
    await using consumer = await TestConsumer.start();
    consumer.status = 500;
    await subscribe(cluster.url, consumer.url, { topic: TOPIC });
    for (let number = 1; number <= 60; number += 1) {
      expect((await publish(cluster.url, TOPIC, String(number))).status).toBe(202);
    }
    cluster.kill('server1');
    await eventually('it answers again', async () => (await publish(cluster.url, TOPIC, '61')).status === 202);
    consumer.status = 202;
    await eventually('the newest have arrived', () => consumer.payloads.includes('61'), 20_000);
    const expected = Array.from({ length: 20 }, (_, index) => String(index + 42));
    expect([...new Set(consumer.payloads)].slice(-20)).toEqual(expected);
    const told = gapsOf(consumer).map(Number);
    expect(told.length).toBeGreaterThan(0);
    expect(told[0]! + consumer.payloads.length).toBeGreaterThanOrEqual(61);
  });

  it('refuses the publisher at once with Retry-After, through the proxy, until there is room', async () => {
    const extra = `${SOON}\nbacklog: { perSubscription: { messages: 5, policy: refusePublisher } }`;
    await using cluster = await TestCluster.start('single', { extra });
    await using consumer = await TestConsumer.start();
    consumer.status = 500;
    await subscribe(cluster.url, consumer.url, { topic: TOPIC });
    for (let number = 1; number <= 5; number += 1) {
      expect((await publish(cluster.url, TOPIC, String(number))).status).toBe(202);
    }
    const begin = performance.now();
    const refused = await publish(cluster.url, TOPIC, '6');
    expect([refused.status, refused.retryAfter, refused.fault !== undefined]).toEqual([503, '1', true]);
    // The proxy's own patience is ten seconds.
    expect(performance.now() - begin).toBeLessThan(8_000);
    consumer.status = 202;
    await eventually('it is accepted', async () => (await publish(cluster.url, TOPIC, '6')).status === 202);
    await eventually('all have arrived', () => consumer.payloads.includes('6'));
    expect([...new Set(consumer.payloads)]).toEqual(['1', '2', '3', '4', '5', '6']);
  });
});
