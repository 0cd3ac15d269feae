import { describe, expect, it } from 'vitest';
import { isAlive, TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { sendTo, subscribe, WSNT, type Reference } from '../support/soap-client.ts';
import { firstArrivals, Stream } from '../support/stream.ts';
import { KINDS } from './kinds.ts';

const RENEW = '<wsnt:Renew><wsnt:TerminationTime>PT1H</wsnt:TerminationTime></wsnt:Renew>';
const KILLS = 3;

function engineOf({ address }: Reference): string {
  return /SubscriptionManager\/([^/]+)\//.exec(address)![1]!;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

describe.each(KINDS)('kill -9 of the hosting server, %s', (kind) => {
  it('costs no acknowledged notification, no order and no client-visible error', async () => {
    await using cluster = await TestCluster.start(kind);
    await using consumer = await TestConsumer.start();
    const topic = '{urn:failover}t';
    const reference = await subscribe(cluster.url, consumer.url, { topic });
    const engine = engineOf(reference);
    // One publisher keeps to the subscription's engine, so its order holds; the other is spread over all.
    const ordered = new Stream(() => cluster.url, topic, { name: 'o', engine });
    const spread = new Stream(() => cluster.url, topic, { name: 's' });
    const recoveries: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const seen = ordered.acknowledged.length;
      await eventually('the stream flows', () => ordered.acknowledged.length > seen + 100);
      const { server, epoch } = cluster.hostOf(engine);
      const killedAt = performance.now();
      cluster.kill(server);
      const answer = await sendTo(reference, RENEW);
      recoveries.push(performance.now() - killedAt);
      expect(answer.body?.is(WSNT, 'RenewResponse'), answer.text).toBe(true);
      await eventually('the next epoch', () => cluster.hostOf(engine).epoch > epoch);
      // Killed again only when it is back, so that somebody can take over.
      await eventually('the killed server is back', () => isAlive(cluster.pidOf(server)));
    }
    await ordered.stop();
    await spread.stop();
    expect([...ordered.errors, ...spread.errors]).toEqual([]);
    const acknowledged = new Set([...ordered.acknowledged, ...spread.acknowledged]);
    await eventually(
      'everything acknowledged has arrived',
      () => {
        const arrived = new Set(consumer.payloads);
        const missing = [...acknowledged].filter((payload) => !arrived.has(payload));
        if (missing.length > 0)
          throw new Error(`Missing: ${missing.slice(0, 5).join(', ')} of ${String(missing.length)}`);
        return true;
      },
      20_000,
    );
    const arrivals = firstArrivals(consumer.payloads.filter((payload) => payload.startsWith('o')));
    expect(arrivals).toEqual(ordered.acknowledged);
    console.info(
      `${kind}: ${String(acknowledged.size)} acknowledged, 0 lost, ${String(consumer.payloads.length - acknowledged.size)} repeated; recovery ms: ${recoveries.map(Math.round).join(' ')}`,
    );
    expect(median(recoveries)).toBeLessThan(1_000);
  });

  it('renews 200 references that were issued before it', async () => {
    await using cluster = await TestCluster.start(kind);
    const references = await Promise.all(
      Array.from({ length: 200 }, () => subscribe(cluster.url, 'http://127.0.0.1:9/nobody', { topic: '{urn:refs}t' })),
    );
    cluster.kill(cluster.hostOf(engineOf(references[0]!)).server);
    const answers = await Promise.all(references.map((reference) => sendTo(reference, RENEW)));
    const failures = answers.filter(({ body }) => body?.is(WSNT, 'RenewResponse') !== true);
    expect(failures.map(({ text }) => text)).toEqual([]);
  });

  it('of all servers at once: everything undelivered arrives after the restart', async () => {
    await using cluster = await TestCluster.start(kind, {
      extra: 'delivery: { firstRetry: 200ms, maxRetry: 500ms }',
    });
    await using consumer = await TestConsumer.start();
    consumer.status = 503;
    const topic = '{urn:restart}t';
    await subscribe(cluster.url, consumer.url, { topic });
    const stream = new Stream(() => cluster.url, topic);
    await eventually('100 acknowledged', () => stream.acknowledged.length >= 100);
    await stream.stop();
    expect(stream.errors).toEqual([]);
    await cluster.killAll();
    consumer.status = 202;
    await cluster.up();
    await eventually(
      'all have arrived',
      () => stream.acknowledged.every((payload) => consumer.payloads.includes(payload)),
      20_000,
    );
  });
});

describe.each(['high-availability', 'combined'] as const)('frozen host, %s', (kind) => {
  it('SIGSTOP for 6 s: taken over within 4 s; the zombie writes and sends nothing after', async () => {
    await using cluster = await TestCluster.start(kind);
    await using consumer = await TestConsumer.start();
    const topic = '{urn:frozen}t';
    const reference = await subscribe(cluster.url, consumer.url, { topic });
    const engine = engineOf(reference);
    const stream = new Stream(() => cluster.url, topic, { engine });
    await eventually('the stream flows', () => stream.acknowledged.length > 20);
    const { server, epoch } = cluster.hostOf(engine);
    const zombie = cluster.pidOf(server);
    const stoppedAt = performance.now();
    cluster.kill(server, 'SIGSTOP');
    await eventually('another epoch', () => cluster.hostOf(engine).epoch > epoch, 6_000);
    const takenOverAfter = performance.now() - stoppedAt;
    const takenOverAt = performance.now();
    await eventually('six seconds are over', () => performance.now() - stoppedAt > 6_000, 7_000);
    if (isAlive(zombie)) process.kill(zombie, 'SIGCONT');
    await eventually('the stream flows again', () => stream.acknowledged.length > 60, 15_000);
    await stream.stop();
    expect(stream.errors).toEqual([]);
    await eventually('all have arrived', () => stream.acknowledged.every((p) => consumer.payloads.includes(p)), 20_000);
    expect(firstArrivals(consumer.payloads)).toEqual(stream.acknowledged);
    const late = consumer.received.filter(({ at, epoch: sentIn }) => at > takenOverAt && sentIn <= epoch);
    expect(late).toEqual([]);
    expect(takenOverAfter).toBeLessThan(4_000);
    console.info(`${kind}: frozen host replaced after ${String(Math.round(takenOverAfter))} ms`);
  });
});

describe.each(['high-availability', 'combined'] as const)('failback, %s', (kind) => {
  it('moves the engine back to its preferred server without an error', async () => {
    await using cluster = await TestCluster.start(kind, {
      replace: [[/failback: automatic/g, 'failback: automatic, failbackDelay: 1s, failbackEvery: 1s']],
    });
    await using consumer = await TestConsumer.start();
    const topic = '{urn:failback}t';
    const reference = await subscribe(cluster.url, consumer.url, { topic });
    const engine = engineOf(reference);
    const preferred = engine === 'ME1' ? 'server1' : 'server3';
    // A slow machine may start a stand-by first; that is then put right before anything is killed.
    await eventually('it runs where it is preferred', () => cluster.hostOf(engine).server === preferred, 20_000);
    const stream = new Stream(() => cluster.url, topic, { engine });
    await eventually('the stream flows', () => stream.acknowledged.length > 10);
    cluster.kill(preferred);
    await eventually('it runs elsewhere', () => cluster.hostOf(engine).server !== preferred);
    await eventually('it is back', () => cluster.hostOf(engine).server === preferred, 30_000);
    const answer = await sendTo(reference, RENEW);
    expect(answer.body?.is(WSNT, 'RenewResponse')).toBe(true);
    const seen = stream.acknowledged.length;
    await eventually('the stream flows on', () => stream.acknowledged.length > seen + 20);
    await stream.stop();
    expect(stream.errors).toEqual([]);
    await eventually('all have arrived', () => stream.acknowledged.every((p) => consumer.payloads.includes(p)), 20_000);
    expect(firstArrivals(consumer.payloads)).toEqual(stream.acknowledged);
  });
});
