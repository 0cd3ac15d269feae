import { describe, expect, it } from 'vitest';
import { LeaseTenure } from '../../../src/cluster/lease-tenure.ts';
import { Deliverer } from '../../../src/delivery/deliverer.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { StageSender, type PendingPost } from '../../support/delivery/stage-sender.ts';
import { TestOutbox } from '../../support/delivery/test-outbox.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';

const SENDER_FAULT = {
  '1.1':
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>e:Client.Bad</faultcode><faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>',
  '1.2':
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value></e:Code></e:Fault></e:Body></e:Envelope>',
};

interface Answer {
  readonly status: number;
  readonly body?: string;
}

/** A deliverer whose consumers answer by a rule, and a clock that the test moves. */
class Scene {
  readonly clock = new ManualClock();
  readonly outbox = new TestOutbox();
  readonly sender = new StageSender();
  readonly deliverer: Deliverer;
  answer: (post: PendingPost) => Answer = () => ({ status: 202 });
  readonly accepted: string[] = [];

  constructor() {
    this.deliverer = new Deliverer({
      outbox: this.outbox,
      sender: {
        post: async (request) => {
          const reply = this.sender.post(request);
          const post = [...this.sender.pending].at(-1)!;
          const { status, body = '' } = this.answer(post);
          post.answer(status);
          if (status < 300) this.accepted.push(...textsOf(post.text));
          return { ...(await reply), body: Buffer.from(body) };
        },
      },
      tenure: new LeaseTenure({ engine: 'ME1', epoch: 7, clock: this.clock, lifeMs: 1e9, sentAt: 0 }),
      clock: this.clock,
      logger: silentLogger,
      engine: 'ME1',
      times: { connectTimeoutMs: 3_000, totalTimeoutMs: 15_000, firstRetryMs: 1_000, maxRetryMs: 300_000 },
      publicUrl: 'http://front:8080',
      random: () => 0.5,
    });
  }

  async run(ms: number): Promise<void> {
    this.deliverer.start();
    await settle();
    await this.clock.advance(ms);
  }

  attempts(): number[] {
    return this.sender.posts.map(({ text }) => Number(/ attempt="(\d+)"/.exec(text)?.[1]));
  }
}

function textsOf(xml: string): string[] {
  return [...xml.matchAll(/<e xmlns="urn:test">([^<]*)<\/e>/g)].map(([, text]) => text!);
}

const has = (post: PendingPost, text: string): boolean => textsOf(post.text).includes(text);
const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `m${n + 1}`);

describe('Deliverer, of a poisoned message', () => {
  it.each(['1.1', '1.2'] as const)(
    'F29: finds it within a Notify, gives it up after three faults (SOAP %s), and goes on in order',
    async (version) => {
      const scene = new Scene();
      scene.outbox.subscribe('s', 'http://c/');
      scene.outbox.push('s', ...numbers(6));
      scene.answer = (post) => (has(post, 'm3') ? { status: 400, body: SENDER_FAULT[version] } : { status: 202 });
      await scene.run(60_000);
      expect(scene.accepted).toEqual(['m1', 'm2', 'm4', 'm5', 'm6']);
      expect(scene.outbox.dead).toEqual([
        {
          subscription: 's',
          seq: 3,
          verdict: { reason: 'SOAP fault of the sender (HTTP status 400)', status: 400, attempts: 4 },
        },
      ]);
      // Together, m1, m2, three times m3, and the others; whoever was in the first one is marked as sent before.
      expect(scene.attempts().slice(0, 8)).toEqual([1, 2, 2, 2, 3, 4, 2, 2]);
      expect(scene.deliverer.counters()).toMatchObject({ givenUp: 1, delivered: 5, waiting: 0 });
    },
  );

  it('F29: does not hurry after a fault of the sender', async () => {
    const scene = new Scene();
    scene.outbox.subscribe('s', 'http://c/');
    scene.outbox.push('s', 'm1');
    scene.answer = () => ({ status: 400, body: SENDER_FAULT['1.2'] });
    await scene.run(9_999);
    expect(scene.sender.posts).toHaveLength(1);
    await scene.clock.advance(1);
    expect(scene.sender.posts).toHaveLength(2);
  });

  it('F29: gives a message up that failed twenty times while others succeeded, without a fault', async () => {
    const scene = new Scene();
    scene.outbox.subscribe('s', 'http://c/s');
    scene.outbox.subscribe('other', 'http://c/other');
    scene.outbox.push('s', 'bad', 'good');
    scene.answer = (post) => ({ status: has(post, 'bad') ? 500 : 202 });
    scene.deliverer.start();
    for (let n = 0; n < 6_000 && scene.outbox.dead.length === 0; n += 1) {
      scene.outbox.push('other', `o${n}`);
      await scene.clock.advance(1_000);
    }
    expect(scene.outbox.dead).toMatchObject([{ subscription: 's', seq: 1, verdict: { status: 500 } }]);
    expect(scene.outbox.dead[0]!.verdict.attempts).toBeGreaterThanOrEqual(20);
    await scene.clock.advance(1_000);
    expect(scene.outbox.backlog('s')).toBe(0);
    expect(scene.accepted).toContain('good');
  });

  it('F29: gives nothing up while everything at the destination fails', async () => {
    const scene = new Scene();
    for (const name of ['s', 't', 'u']) {
      scene.outbox.subscribe(name, `http://c/${name}`);
      scene.outbox.push(name, ...numbers(3));
    }
    scene.answer = () => ({ status: 500 });
    await scene.run(24 * 3_600_000);
    expect(scene.outbox.dead).toEqual([]);
    expect(scene.sender.posts.length).toBeGreaterThan(100);
    scene.answer = () => ({ status: 200 });
    await scene.clock.advance(310_000);
    expect(scene.outbox.dead).toEqual([]);
    expect(scene.accepted).toHaveLength(9);
  });

  it('keeps the message, and waits, when it cannot be given up', async () => {
    const scene = new Scene();
    scene.outbox.subscribe('s', 'http://c/');
    scene.outbox.push('s', 'm1');
    scene.outbox.mayGiveUp = false;
    scene.answer = () => ({ status: 400, body: SENDER_FAULT['1.2'] });
    await scene.run(60_000);
    expect(scene.outbox.backlog('s')).toBe(1);
    expect(scene.sender.posts.length).toBeLessThan(40);
    scene.outbox.mayGiveUp = true;
    await scene.clock.advance(60_000);
    expect(scene.outbox.dead).toHaveLength(1);
  });
});

describe('Deliverer, after an earlier tenure', () => {
  it('goes on counting, waits for the rest of the pause, and sends the same together', async () => {
    const scene = new Scene();
    scene.outbox.subscribe('s', 'http://c/');
    scene.outbox.push('s', 'a', 'b', 'c');
    scene.outbox.inherit('s', { count: 2, attempts: 4, strikes: 0, refusals: 0 }, 5_000);
    await scene.run(4_999);
    expect(scene.sender.posts).toHaveLength(0);
    await scene.clock.advance(1);
    expect(scene.sender.posts.map(({ text }) => textsOf(text))).toEqual([['a', 'b'], ['c']]);
    expect(scene.attempts()).toEqual([5, 1]);
  });
});

describe('Deliverer, of a destination that is back', () => {
  it('F30: wakes thousands that rest, without a storm and long before their pauses are over', async () => {
    const scene = new Scene();
    let underWay = 0;
    let most = 0;
    for (let n = 0; n < 2_000; n += 1) {
      scene.outbox.subscribe(`s${n}`, `http://c/${n}`);
      scene.outbox.push(`s${n}`, 'x');
      scene.outbox.inherit(`s${n}`, { count: 1, attempts: 9, strikes: 0, refusals: 0 }, 0);
    }
    scene.answer = () => {
      underWay = scene.sender.pending.size;
      most = Math.max(most, underWay);
      return { status: 500 };
    };
    await scene.run(1_800_000);
    const tries = scene.sender.posts.length;
    expect(tries).toBeLessThan(100);
    scene.answer = () => {
      most = Math.max(most, scene.sender.pending.size);
      return { status: 202 };
    };
    await scene.clock.advance(301_000);
    expect(scene.accepted).toHaveLength(2_000);
    expect(most).toBeLessThanOrEqual(4);
    expect(scene.sender.posts.length).toBe(tries + 2_000);
  });
});
