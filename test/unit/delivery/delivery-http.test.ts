import { describe, expect, it } from 'vitest';
import { LeaseTenure } from '../../../src/cluster/lease-tenure.ts';
import { Deliverer } from '../../../src/delivery/deliverer.ts';
import { HttpSender } from '../../../src/http/sender/http-sender.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { ScriptedConsumer } from '../../support/delivery/scripted-consumer.ts';
import { TestOutbox } from '../../support/delivery/test-outbox.ts';
import { eventually } from '../../support/eventually.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A deliverer over real connections; only its back-offs wait for a clock that the test moves. */
class Station implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly outbox = new TestOutbox();
  readonly sender = new HttpSender();
  readonly tenure = new LeaseTenure({ engine: 'ME1', epoch: 3, clock: this.clock, lifeMs: 1e9, sentAt: 0 });
  readonly deliverer: Deliverer;

  constructor(totalTimeoutMs = 10_000) {
    this.deliverer = new Deliverer({
      outbox: this.outbox,
      sender: this.sender,
      tenure: this.tenure,
      clock: this.clock,
      logger: silentLogger,
      engine: 'ME1',
      times: { connectTimeoutMs: 3_000, totalTimeoutMs, firstRetryMs: 1_000, maxRetryMs: 300_000 },
      publicUrl: 'http://front:8080',
    });
    this.deliverer.start();
  }

  async failures(count: number): Promise<void> {
    // A failure is counted before its retry is put on the clock; moving the clock earlier would miss it.
    await eventually(`${count} failures`, () => {
      const { failed, waiting } = this.deliverer.counters();
      return failed >= count && waiting > 0;
    });
    await new Promise((resolve) => setImmediate(resolve));
  }

  async delivered(subscription: string): Promise<void> {
    await eventually(`"${subscription}" is delivered`, () => this.outbox.backlog(subscription) === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deliverer.stop(AbortSignal.abort());
    await this.sender.close();
  }
}

describe('Deliverer over HTTP', () => {
  it.each([
    ['1.1', 'text/xml; charset=utf-8', '"http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify"'],
    [
      '1.2',
      'application/soap+xml; charset=utf-8; action="http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify"',
      undefined,
    ],
  ] as const)('posts a Notify in SOAP %s', async (soapVersion, contentType, soapAction) => {
    await using consumer = await ScriptedConsumer.start();
    await using station = new Station();
    station.outbox.subscribe('s', `${consumer.url}a/b?c=d`, { soapVersion });
    station.outbox.push('s', 'grüße');
    await station.delivered('s');
    const [arrival] = consumer.arrivals;
    expect(arrival!.url).toBe('/a/b?c=d');
    expect(arrival!.headers['content-type']).toBe(contentType);
    expect(arrival!.headers['soapaction']).toBe(soapAction);
    expect(arrival!.headers['idempotency-key']).toMatch(/^"urn:uuid:[0-9a-f-]{36}"$/);
    expect(arrival!.body.toString()).toContain('<e xmlns="urn:test">grüße</e>');
  });

  it.each([
    ['an empty reply', { status: 204 }],
    ['a reply with a text', { status: 200, body: 'thank you' }],
    [
      'a reply with an envelope',
      { status: 202, body: '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"/>' },
    ],
  ])('takes %s for success', async (_name, answer) => {
    await using consumer = await ScriptedConsumer.start(() => answer);
    await using station = new Station();
    station.outbox.subscribe('s', consumer.url);
    station.outbox.push('s', 'a');
    await station.delivered('s');
    expect(station.deliverer.counters()).toMatchObject({ delivered: 1, failed: 0 });
  });

  it('sends again after a status 500, byte for byte the same but for the attempt', async () => {
    await using consumer = await ScriptedConsumer.start((_arrival, index) => ({ status: index === 0 ? 500 : 200 }));
    await using station = new Station();
    station.outbox.subscribe('s', consumer.url);
    station.outbox.push('s', 'a', 'b');
    await station.failures(1);
    await station.clock.advance(1_000);
    await station.delivered('s');
    const [first, second] = consumer.arrivals.map(({ body }) => body.toString());
    expect(second).toBe(first!.replace('attempt="1" redelivery="false"', 'attempt="2" redelivery="true"'));
    expect(second).not.toBe(first);
  });

  it('honours Retry-After', async () => {
    await using consumer = await ScriptedConsumer.start((_arrival, index) =>
      index === 0 ? { status: 503, headers: { 'retry-after': '60' } } : { status: 200 },
    );
    await using witness = await ScriptedConsumer.start();
    await using station = new Station();
    station.outbox.subscribe('s', consumer.url);
    station.outbox.subscribe('witness', witness.url);
    station.outbox.push('s', 'a');
    await station.failures(1);
    await station.clock.advance(59_999);
    station.outbox.push('witness', 'x');
    await station.delivered('witness');
    expect(consumer.arrivals).toHaveLength(1);
    await station.clock.advance(1);
    await station.delivered('s');
  });

  it('does not follow a redirect', async () => {
    await using target = await ScriptedConsumer.start();
    await using consumer = await ScriptedConsumer.start((_arrival, index) =>
      index === 0 ? { status: 307, headers: { location: target.url } } : { status: 200 },
    );
    await using station = new Station();
    station.outbox.subscribe('s', consumer.url);
    station.outbox.push('s', 'a');
    await station.failures(1);
    await station.clock.advance(1_000);
    await station.delivered('s');
    expect(target.arrivals).toEqual([]);
    expect(consumer.arrivals).toHaveLength(2);
  });

  it('pauses on 410', async () => {
    await using consumer = await ScriptedConsumer.start(() => ({ status: 410 }));
    await using station = new Station();
    station.outbox.subscribe('s', consumer.url);
    station.outbox.push('s', 'a');
    await eventually('it is settled', () => station.outbox.settled.length === 1);
    expect(station.outbox.settled[0]!.outcome).toBe('gone');
  });

  it('keeps fifty fast consumers going beside one that hangs', async () => {
    await using hung = await ScriptedConsumer.start(() => new Promise(() => undefined));
    await using fast = await ScriptedConsumer.start();
    await using station = new Station();
    for (let n = 0; n < 10; n += 1) {
      station.outbox.subscribe(`hung${n}`, hung.url);
      station.outbox.push(`hung${n}`, 'x');
    }
    for (let n = 0; n < 50; n += 1) {
      station.outbox.subscribe(`fast${n}`, `${fast.url}${n}`);
      station.outbox.push(`fast${n}`, 'x');
    }
    await eventually('all fast ones are served', () => fast.arrivals.length === 50);
    await eventually('it is counted', () => station.deliverer.counters().delivered === 50);
    expect(hung.arrivals).toHaveLength(1);
  });

  it('gives a hung consumer up after the total time', async () => {
    await using consumer = await ScriptedConsumer.start(() => new Promise(() => undefined));
    await using station = new Station(50);
    station.outbox.subscribe('s', consumer.url);
    station.outbox.push('s', 'a');
    await station.failures(1);
    await eventually('the connection is cut', () => consumer.cut === 1);
  });

  it('cuts the connection when the tenure ends, and sends nothing more', async () => {
    await using consumer = await ScriptedConsumer.start(() => new Promise(() => undefined));
    await using station = new Station();
    station.outbox.subscribe('s', consumer.url);
    station.outbox.push('s', 'a');
    await eventually('it has arrived', () => consumer.arrivals.length === 1);
    station.tenure.end('lost');
    await eventually('the connection is cut', () => consumer.cut === 1);
    await station.clock.advance(600_000);
    expect(consumer.arrivals).toHaveLength(1);
    expect(station.outbox.settled.map(({ outcome }) => outcome)).toEqual(['failed']);
  });

  it('tries again when nobody listens', async () => {
    const gone = await ScriptedConsumer.start();
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    await using station = new Station();
    station.outbox.subscribe('s', url);
    station.outbox.push('s', 'a');
    await station.failures(1);
    await station.clock.advance(1_000);
    await station.failures(2);
    expect(station.outbox.backlog('s')).toBe(1);
  });
});
