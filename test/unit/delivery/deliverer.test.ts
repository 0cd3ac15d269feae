import { beforeEach, describe, expect, it } from 'vitest';
import { LeaseTenure } from '../../../src/cluster/lease-tenure.ts';
import { Deliverer } from '../../../src/delivery/deliverer.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { StageSender } from '../../support/delivery/stage-sender.ts';
import { TestOutbox } from '../../support/delivery/test-outbox.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';

const TIMES = { connectTimeoutMs: 3_000, totalTimeoutMs: 15_000, firstRetryMs: 1_000, maxRetryMs: 300_000 };

let isImmediate = false;

class Stage {
  readonly clock = new ManualClock();
  readonly outbox = new TestOutbox();
  readonly sender = new StageSender();
  readonly tenure = new LeaseTenure({ engine: 'ME1', epoch: 7, clock: this.clock, lifeMs: 1e9, sentAt: 0 });
  readonly events: string[] = [];
  readonly deliverer = new Deliverer({
    outbox: this.outbox,
    sender: this.sender,
    tenure: this.tenure,
    clock: this.clock,
    logger: silentLogger,
    engine: 'ME1',
    times: TIMES,
    publicUrl: 'http://front:8080',
    random: () => 0.5,
    events: {
      delivered: ({ subscription, messages, attempt }) => {
        this.events.push(`delivered ${subscription} ${messages} at ${attempt}`);
      },
      failed: ({ subscription, reason, retryInMs }) => {
        this.events.push(`failed ${subscription} ${reason} ${retryInMs}`);
      },
      gone: ({ subscription }) => this.events.push(`gone ${subscription}`),
    },
  });

  constructor() {
    this.outbox.isImmediate = isImmediate;
  }

  async start(): Promise<void> {
    this.deliverer.start();
    await settle();
  }

  async push(subscription: string, ...texts: string[]): Promise<void> {
    this.outbox.push(subscription, ...texts);
    await settle();
  }

  /** Answers the only post that waits. */
  async answer(status: number, headers: Record<string, string> = {}): Promise<void> {
    const [post, ...more] = this.sender.pending;
    expect(more).toEqual([]);
    post!.answer(status, headers);
    await settle();
  }
}

function textsOf(xml: string): string[] {
  return [...xml.matchAll(/<e xmlns="urn:test">([^<]*)<\/e>/g)].map(([, text]) => text!);
}

function attribute(xml: string, name: string): string | undefined {
  return new RegExp(`<d:Delivery [^>]*\\b${name}="([^"]*)"`).exec(xml)?.[1];
}

function idsOf(xml: string): string[] {
  return [...xml.matchAll(/<d:Message id="([^"]*)"/g)].map(([, id]) => id!);
}

function messageId(xml: string): string | undefined {
  return /<wsa:MessageID>([^<]*)</.exec(xml)?.[1];
}

const numbers = (count: number, from = 1): string[] => Array.from({ length: count }, (_, n) => String(n + from));

describe.each(['at once', 'later'])('Deliverer, with claims that are given %s', (when) => {
  beforeEach(() => {
    isImmediate = when === 'at once';
  });

  it('delivers in order, one try at a time, up to fifty messages in a Notify', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    stage.outbox.push('s', ...numbers(120));
    stage.sender.status = 202;
    await stage.start();
    expect(stage.sender.posts.map(({ text }) => textsOf(text).length)).toEqual([50, 50, 20]);
    expect(stage.sender.posts.flatMap(({ text }) => textsOf(text))).toEqual(numbers(120));
    expect(stage.sender.mostPending).toBe(1);
    expect(stage.deliverer.counters()).toEqual({ delivered: 120, failed: 0, givenUp: 0, waiting: 0, inFlight: 0 });
  });

  it('puts up to 256 KiB in a Notify', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    stage.outbox.push('s', ...numbers(3).map((n) => n.repeat(100 * 1024)));
    stage.sender.status = 200;
    await stage.start();
    expect(stage.sender.posts.map(({ text }) => textsOf(text).length)).toEqual([2, 1]);
  });

  it('delivers what is published while a try is under way with the next one', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    await stage.push('s', 'b');
    await stage.push('s', 'c');
    expect(stage.sender.pending.size).toBe(1);
    await stage.answer(202);
    expect(stage.sender.posts.map(({ text }) => textsOf(text))).toEqual([['a'], ['b', 'c']]);
  });

  it('tries the same messages again after a failure, with the same ids, marked as a redelivery', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a', 'b');
    await stage.answer(500);
    await stage.push('s', 'c');
    expect(stage.sender.pending.size).toBe(0);
    await stage.clock.advance(499);
    expect(stage.sender.posts).toHaveLength(1);
    await stage.clock.advance(1);
    const [first, second] = stage.sender.posts.map(({ text }) => text);
    expect(textsOf(second!)).toEqual(['a', 'b']);
    expect(messageId(second!)).toBe(messageId(first!));
    expect(idsOf(second!)).toEqual(idsOf(first!));
    expect(new Set(idsOf(first!)).size).toBe(2);
    expect([attribute(first!, 'attempt'), attribute(second!, 'attempt')]).toEqual(['1', '2']);
    expect([attribute(first!, 'redelivery'), attribute(second!, 'redelivery')]).toEqual(['false', 'true']);
    expect([attribute(first!, 'epoch'), attribute(second!, 'epoch')]).toEqual(['7', '7']);

    await stage.answer(200);
    const third = stage.sender.posts[2]!.text;
    expect(textsOf(third)).toEqual(['c']);
    expect([attribute(third, 'attempt'), attribute(third, 'redelivery')]).toEqual(['1', 'false']);
    expect(messageId(third)).not.toBe(messageId(second!));
  });

  it('doubles the bound of the back-off up to five minutes', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    stage.sender.status = 500;
    stage.outbox.push('s', 'a');
    await stage.start();
    await stage.clock.advance(3_600_000);
    const pauses = stage.events.map((event) => Number(event.split(' ').at(-1)));
    expect(pauses.slice(0, 11)).toEqual([500, 1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 64e3, 128e3, 150e3, 150e3]);
  });

  it('tries again after a failed connection', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    for (const post of stage.sender.pending) post.fail();
    await stage.clock.advance(1_000);
    await stage.answer(200);
    expect(stage.events).toEqual(['failed s connection refused 500', 'delivered s 1 at 2']);
    expect(stage.deliverer.counters()).toMatchObject({ delivered: 1, failed: 1 });
  });

  it.each([429, 503])('waits as long as Retry-After says with status %i', async (status) => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    await stage.answer(status, { 'retry-after': '120' });
    await stage.clock.advance(119_999);
    expect(stage.sender.posts).toHaveLength(1);
    expect(stage.deliverer.counters()).toMatchObject({ waiting: 1 });
    await stage.clock.advance(1);
    expect(stage.sender.posts).toHaveLength(2);
  });

  it('waits no longer than an hour, whatever Retry-After says', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    await stage.answer(503, { 'retry-after': '999999999' });
    await stage.clock.advance(3_600_000);
    expect(stage.sender.posts).toHaveLength(2);
  });

  it('does not hurry because of Retry-After: 0', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    await stage.answer(503, { 'retry-after': '0' });
    await stage.clock.advance(499);
    expect(stage.sender.posts).toHaveLength(1);
  });

  it('gives a subscription up when its consumer is gone', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    await stage.answer(410);
    await stage.clock.advance(600_000);
    expect(stage.sender.posts).toHaveLength(1);
    expect(stage.outbox.settled.map(({ outcome }) => outcome)).toEqual(['gone']);
    expect(stage.events).toEqual(['gone s']);
  });

  it('treats a redirect as a failure', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    await stage.answer(307, { location: 'http://elsewhere/' });
    await stage.clock.advance(1_000);
    expect(stage.sender.posts.map(({ url }) => url)).toEqual(['http://c/', 'http://c/']);
  });

  it('lets a slow consumer delay nobody else', async () => {
    const stage = new Stage();
    for (const n of numbers(20)) stage.outbox.subscribe(`slow${n}`, `http://slow/${n}`);
    for (const n of numbers(50)) stage.outbox.subscribe(`fast${n}`, `http://fast${n}/`);
    await stage.start();
    for (const n of numbers(20)) await stage.push(`slow${n}`, 'x');
    for (const n of numbers(50)) await stage.push(`fast${n}`, 'x');
    const isFast = ({ url }: { url: string }): boolean => url.startsWith('http://fast');
    expect([...stage.sender.pending].filter(isFast)).toHaveLength(50);
    expect(stage.sender.pending.size).toBe(51);
  });

  it('has at most four tries under way at a destination', async () => {
    const stage = new Stage();
    for (const n of numbers(20)) stage.outbox.subscribe(`s${n}`, `http://c:81/${n}`);
    await stage.start();
    for (const n of numbers(20)) await stage.push(`s${n}`, 'x');
    for (let round = 0; round < 20; round += 1) {
      stage.sender.answerAll(200);
      await settle();
    }
    expect(stage.sender.mostPending).toBe(4);
    expect(stage.sender.posts).toHaveLength(20);
    expect(stage.deliverer.counters()).toMatchObject({ delivered: 20, waiting: 0 });
  });

  it('has at most sixty-four tries under way', async () => {
    const stage = new Stage();
    for (const n of numbers(100)) stage.outbox.subscribe(`s${n}`, `http://c${n}/`);
    for (const n of numbers(100)) stage.outbox.push(`s${n}`, 'x');
    await stage.start();
    expect(stage.sender.pending.size).toBe(64);
    expect(stage.deliverer.counters()).toMatchObject({ inFlight: 64, waiting: 36 });
    stage.sender.answerAll(200);
    await settle();
    stage.sender.answerAll(200);
    await settle();
    expect(stage.sender.mostPending).toBe(64);
    expect(stage.deliverer.counters()).toMatchObject({ delivered: 100, inFlight: 0, waiting: 0 });
  });

  it('does not hammer a destination that is down, and delivers everything when it is back', async () => {
    const stage = new Stage();
    for (const n of numbers(50)) stage.outbox.subscribe(`s${n}`, `http://down/${n}`);
    for (const n of numbers(50)) stage.outbox.push(`s${n}`, 'x');
    stage.sender.status = 500;
    await stage.start();
    await stage.clock.advance(60_000);
    expect(stage.sender.posts.length).toBeGreaterThan(5);
    expect(stage.sender.posts.length).toBeLessThan(15);
    expect(stage.deliverer.counters()).toMatchObject({ waiting: 50, delivered: 0 });

    stage.sender.status = 200;
    await stage.clock.advance(200_000);
    expect(stage.deliverer.counters()).toMatchObject({ waiting: 0, delivered: 50 });
  });

  it('tries again when the outbox fails', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    stage.outbox.failure = new Error('store is away');
    await stage.start();
    await stage.push('s', 'a');
    stage.outbox.failure = undefined;
    await stage.clock.advance(1_000);
    await stage.answer(200);
    expect(stage.outbox.backlog('s')).toBe(0);
  });

  it('keeps nothing of a subscription that has nothing to deliver', async () => {
    const stage = new Stage();
    stage.sender.status = 200;
    for (const n of numbers(10)) stage.outbox.subscribe(`s${n}`, 'http://c/');
    await stage.start();
    for (const n of numbers(10)) await stage.push(`s${n}`, 'x');
    expect(stage.deliverer.counters()).toMatchObject({ delivered: 10, waiting: 0, inFlight: 0 });
  });

  it('fails alone with an address that is no URL', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('bad', 'no url');
    stage.outbox.subscribe('good', 'http://c/');
    await stage.start();
    await stage.push('bad', 'x');
    for (const post of stage.sender.pending) post.fail();
    await stage.push('good', 'x');
    await stage.answer(200);
    expect(stage.events).toEqual(['failed bad connection refused 500', 'delivered good 1 at 1']);
  });
});

describe('Deliverer at the end of its tenure', () => {
  it('cuts what is under way and sends nothing more', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    stage.outbox.subscribe('t', 'http://d/');
    await stage.start();
    await stage.push('s', 'a');
    stage.tenure.end('lost');
    await stage.push('t', 'b');
    await stage.clock.advance(600_000);
    expect(stage.sender.posts).toHaveLength(1);
    expect(stage.sender.posts[0]!.wasCut).toBe(true);
    expect(stage.outbox.settled.map(({ outcome }) => outcome)).toEqual(['failed']);
    expect(stage.events).toEqual([]);
  });

  it('sends nothing after the deadline even if no timer has fired', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    stage.clock.jump(1e9);
    expect(stage.tenure.signal.aborted).toBe(false);
    await stage.push('s', 'a');
    expect(stage.sender.posts).toEqual([]);
    expect(stage.outbox.settled.map(({ outcome }) => outcome)).toEqual(['failed']);
    expect(stage.tenure.signal.aborted).toBe(true);
  });

  it('sends nothing when the deadline passes while the messages are read', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    stage.outbox.push('s', 'a');
    stage.clock.jump(1e9);
    await settle();
    expect(stage.outbox.claims).toBe(1);
    expect(stage.sender.posts).toEqual([]);
  });

  it('does not retry after it', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    await stage.answer(500);
    stage.tenure.end('lost');
    await stage.clock.advance(600_000);
    expect(stage.sender.posts).toHaveLength(1);
    expect(stage.clock.sleeping).toBe(0);
  });

  it('never starts after it', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    stage.outbox.push('s', 'a');
    stage.tenure.end('lost');
    await stage.start();
    expect(stage.outbox.claims).toBe(0);
  });
});

describe('Deliverer.stop()', () => {
  it('lets a try under way finish and takes nothing more', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    await stage.push('s', 'b');
    const stopped = stage.deliverer.stop(new AbortController().signal);
    await settle();
    await stage.answer(200);
    await stopped;
    expect(stage.sender.posts).toHaveLength(1);
    expect(stage.outbox.settled.map(({ outcome }) => outcome)).toEqual(['delivered']);
    expect(stage.outbox.backlog('s')).toBe(1);
    expect(stage.clock.sleeping).toBe(0);
  });

  it('cuts a try that does not finish before the deadline', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    const deadline = new AbortController();
    const stopped = stage.deliverer.stop(deadline.signal);
    await settle();
    expect(stage.sender.pending.size).toBe(1);
    deadline.abort();
    await stopped;
    expect(stage.sender.posts[0]!.wasCut).toBe(true);
    expect(stage.outbox.backlog('s')).toBe(1);
  });

  it('waits a second without a deadline', async () => {
    const stage = new Stage();
    stage.outbox.subscribe('s', 'http://c/');
    await stage.start();
    await stage.push('s', 'a');
    const stopped = stage.deliverer.stop();
    await stage.clock.advance(999);
    expect(stage.sender.pending.size).toBe(1);
    await stage.clock.advance(1);
    await stopped;
    expect(stage.sender.posts[0]!.wasCut).toBe(true);
  });

  it('is idempotent, also without a start', async () => {
    const stage = new Stage();
    await stage.deliverer.stop();
    await stage.deliverer.stop();
    await stage.start();
    expect(stage.clock.sleeping).toBe(0);
  });
});
