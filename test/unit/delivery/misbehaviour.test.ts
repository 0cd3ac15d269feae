import { describe, expect, it } from 'vitest';
import { LeaseTenure } from '../../../src/cluster/lease-tenure.ts';
import { Deliverer } from '../../../src/delivery/deliverer.ts';
import { HttpSender } from '../../../src/http/sender/http-sender.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { MisbehavingConsumer, NeverAccepting, type Misbehaviour } from '../../support/delivery/misbehaving-consumer.ts';
import { ScriptedConsumer } from '../../support/delivery/scripted-consumer.ts';
import { TestOutbox } from '../../support/delivery/test-outbox.ts';
import { eventually } from '../../support/eventually.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A deliverer over real connections; only its back-offs wait for a clock that the test moves. */
class Station implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly outbox = new TestOutbox();
  readonly sender = new HttpSender();
  readonly failures: string[] = [];
  readonly deliverer: Deliverer;

  constructor({ connectTimeoutMs = 3_000, totalTimeoutMs = 15_000 } = {}) {
    this.deliverer = new Deliverer({
      outbox: this.outbox,
      sender: this.sender,
      tenure: new LeaseTenure({ engine: 'ME1', epoch: 3, clock: this.clock, lifeMs: 1e9, sentAt: 0 }),
      clock: this.clock,
      logger: silentLogger,
      engine: 'ME1',
      times: { connectTimeoutMs, totalTimeoutMs, firstRetryMs: 1_000, maxRetryMs: 300_000 },
      publicUrl: 'http://front:8080',
      events: { failed: ({ reason }) => this.failures.push(reason) },
    });
    this.deliverer.start();
  }

  to(consumer: { readonly url: string }, ...texts: readonly string[]): void {
    this.outbox.subscribe('s', consumer.url);
    this.outbox.push('s', ...texts);
  }

  /** Until this many tries have failed and their pauses are on the clock. */
  async failed(count: number, withinMs = 5_000): Promise<void> {
    await eventually(`${count} failures`, () => this.failures.length >= count, withinMs);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async delivered(withinMs = 5_000): Promise<void> {
    await eventually('it is delivered', () => this.outbox.backlog('s') === 0, withinMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deliverer.stop(AbortSignal.abort());
    await this.sender.close();
  }
}

const MIB = 1024 * 1024;

describe('Deliverer, of a consumer that misbehaves', () => {
  it.each<[string, Misbehaviour]>([
    ['whose body never ends', { kind: 'endlessBody' }],
    ['whose body is 10 GB', { kind: 'endlessBody', length: 10 * 1024 * MIB }],
    ['whose body is a gzip bomb', { kind: 'gzipBomb' }],
    ['whose body stands still', { kind: 'stalledBody' }],
    ['that answers before the request has come', { kind: 'earlyReply' }],
    ['that answers twice', { kind: 'secondReply' }],
    ['that closes behind its answer', { kind: 'closeAfterReply' }],
  ])('F28: takes the status for the answer of one %s, once, with less than 50 MiB', async (_name, behaviour) => {
    await using consumer = await MisbehavingConsumer.start(behaviour);
    await using station = new Station();
    const before = process.memoryUsage().rss;
    station.to(consumer, 'a');
    await station.delivered();
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * MIB);
    expect(station.failures).toEqual([]);
    expect(consumer.requests).toHaveLength(1);
    consumer.behaviour = { kind: 'none' };
    station.outbox.push('s', 'b');
    await station.delivered();
    expect(station.failures).toEqual([]);
    expect(consumer.payloads.at(-1)).toBe('b');
  });

  it.each<[string, Misbehaviour, RegExp]>([
    ['500', { kind: 'status', status: 500 }, /500/],
    ['404', { kind: 'status', status: 404 }, /404/],
    ['no HTTP', { kind: 'garbage' }, /Parse Error|Expected HTTP|Invalid/i],
    ['nothing but a closed connection', { kind: 'earlyClose' }, /other side closed|socket/i],
    ['429 with Retry-After', { kind: 'retryAfter', value: '1', status: 429 }, /429/],
    ['an endless 500', { kind: 'endlessBody', status: 500 }, /500/],
  ])('F28: fails with %s, and tries again later', async (_name, behaviour, reason) => {
    await using consumer = await MisbehavingConsumer.start(behaviour);
    await using station = new Station();
    station.to(consumer, 'a');
    await station.failed(1);
    expect(station.failures[0]).toMatch(reason);
    expect(consumer.requests).toHaveLength(1);
    consumer.behaviour = { kind: 'none' };
    await station.clock.advance(1_000);
    await station.delivered();
  });

  it('F28: never follows a redirect to an internal address', async () => {
    await using internal = await ScriptedConsumer.start();
    await using consumer = await MisbehavingConsumer.start({ kind: 'redirect', location: internal.url });
    await using station = new Station();
    station.to(consumer, 'a');
    await station.failed(1);
    await station.clock.advance(1_000);
    await station.failed(2);
    expect(internal.arrivals).toEqual([]);
  });

  it('F28: does not count a kept connection that the consumer has closed meanwhile', async () => {
    await using consumer = await MisbehavingConsumer.start();
    await using station = new Station();
    station.to(consumer, 'a');
    await station.delivered();
    for (let round = 0; round < 20; round += 1) {
      // The close and the next request cross each other on their way.
      consumer.cut();
      station.outbox.push('s', `b${round}`);
      await station.delivered();
    }
    expect(station.failures).toEqual([]);
  });

  it('F27: gives a black hole up after the time for a first byte, well before 15 s, with one connection', async () => {
    await using consumer = await MisbehavingConsumer.start({ kind: 'blackHole' });
    await using station = new Station();
    const begin = performance.now();
    station.to(consumer, 'a');
    for (let n = 0; n < 10; n += 1) {
      station.outbox.subscribe(`other${n}`, `${consumer.url}/${n}`);
      station.outbox.push(`other${n}`, 'x');
    }
    await station.failed(1, 15_000);
    expect(performance.now() - begin).toBeLessThan(15_000);
    expect(station.failures[0]).toMatch(/No reply for 10000 ms/);
    expect(consumer.mostConnections).toBeLessThanOrEqual(4);
  }, 30_000);

  it('F27: gives one that drips its reply up, too', async () => {
    await using consumer = await MisbehavingConsumer.start({ kind: 'drip', everyMs: 100 });
    await using station = new Station({ totalTimeoutMs: 1_000 });
    station.to(consumer, 'a');
    await station.failed(1);
    await eventually('its connection is closed', () => consumer.openConnections === 0);
  });

  it('F27: gives one up that never accepts a connection', async () => {
    await using consumer = await NeverAccepting.start();
    await using station = new Station();
    const begin = performance.now();
    station.to(consumer, 'a');
    await station.failed(1, 15_000);
    expect(performance.now() - begin).toBeLessThan(15_000);
    expect(station.failures[0]).toMatch(/connect timeout/i);
  }, 30_000);
});
