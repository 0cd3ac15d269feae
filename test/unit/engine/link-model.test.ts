import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeRecord } from '../../../src/engine/entry-format.ts';
import { decodeEntry } from '../../../src/engine/entry.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { EngineHost, textOf } from './test-engine.ts';

const NAMES = ['ME1', 'ME2', 'ME3'];
const TOPICS = ['a', 'b'] as const;

/** Three engines, and what each has published and promised. */
class Bus {
  readonly clock = new ManualClock();
  readonly hosts = NAMES.map(
    (name) =>
      new EngineHost({
        name,
        peers: NAMES.filter((peer) => peer !== name),
        clock: this.clock,
        limits: { queueLength: 2, maxCacheBytes: 2_400, nearRecords: 4 },
      }),
  );
  /** For each engine and peer: the topics that the engine has learned that the peer wants; '' is everything. */
  readonly #learned = new Map<string, Set<string>>();
  /** For each engine and peer: what it owes the peer, in order. */
  readonly #owed = new Map<string, string[]>();
  readonly #known = new Map<string, number>();
  readonly #wanted = new Map<string, Set<string>>();
  #count = 0;

  host(index: number): EngineHost {
    const host = this.hosts[index % NAMES.length];
    if (host === undefined) throw new Error('No such host');
    return host;
  }

  async start(): Promise<void> {
    for (const host of this.hosts) await host.start();
  }

  async subscribe(at: number, topic: string | undefined): Promise<void> {
    const host = this.host(at);
    await (topic === undefined ? host.subscribe() : host.subscribe(topic));
    this.#of(this.#wanted, host.name, () => new Set()).add(topic ?? '');
  }

  /** One engine tells another what it wants; the answer may be lost on the way. */
  async tell(from: number, to: number, isAnswerLost: boolean): Promise<void> {
    const [teller, learner] = [this.host(from), this.host(to)];
    if (teller === learner) return;
    const pair = `${teller.name} ${learner.name}`;
    for (;;) {
      const change = teller.engine.links.interestSince(this.#known.get(pair));
      if (change === undefined) return;
      const { known } = await learner.execute('learnInterest', { peer: teller.name, change });
      if (known) {
        const wanted = this.#of(this.#wanted, teller.name, () => new Set());
        this.#learned.set(`${learner.name} ${teller.name}`, new Set(wanted));
      }
      if (isAnswerLost) return;
      if (known) this.#known.set(pair, change.revision);
      else this.#known.delete(pair);
    }
  }

  async notify(at: number, topic: string, count: number): Promise<void> {
    const host = this.host(at);
    const texts = Array.from({ length: count }, () => `m${(this.#count += 1)}`);
    await host.notify(topic, ...texts);
    for (const peer of NAMES) {
      const learned = this.#learned.get(`${host.name} ${peer}`);
      if (learned?.has('') !== true && learned?.has(topic) !== true) continue;
      this.#of(this.#owed, `${host.name} ${peer}`, () => []).push(...texts);
    }
  }

  /** Forwards one batch. `loss`: it is lost before it arrives, or its answer is. True: there was something. */
  async forward(from: number, to: number, count: number, loss: 'none' | 'request' | 'answer'): Promise<boolean> {
    const [origin, peer] = [this.host(from), this.host(to)];
    const claim = await origin.engine.links.claim(peer.name, count, 10_000);
    if (claim === undefined) return false;
    if (loss !== 'request') await peer.execute('acceptLink', { origin: origin.name, records: claim.records });
    claim.settle(loss === 'none' ? 'accepted' : 'failed');
    return true;
  }

  /** The peer dies while a batch is on its way to its disk. */
  async forwardToDying(from: number, to: number, turns: number): Promise<void> {
    const [origin, peer] = [this.host(from), this.host(to)];
    const claim = await origin.engine.links.claim(peer.name, 3, 10_000);
    if (claim === undefined) return;
    const request = { origin: origin.name, records: claim.records };
    const accepted = peer.execute('acceptLink', request).then(
      () => true,
      () => false,
    );
    for (let i = 0; i < turns; i += 1) await Promise.resolve();
    await peer.restart();
    claim.settle((await accepted) ? 'accepted' : 'failed');
  }

  /** The positions get to the disk. Seldom enough that no log is trimmed: they are looked at in the end. */
  async writePositions(): Promise<void> {
    if (this.clock.monotonic() < 600) await this.clock.advance(100);
  }

  /** Everything that is owed has arrived, once, in order; nothing has come round. */
  async check(): Promise<void> {
    for (const [from] of NAMES.entries()) {
      for (const [to] of NAMES.entries()) {
        for (let idle = 0; idle < 3;) {
          if (await this.forward(from, to, 3, 'none')) idle = 0;
          else idle += 1;
          await this.clock.advance(1);
        }
      }
    }
    for (const peer of this.hosts) {
      for (const origin of NAMES.filter((name) => name !== peer.name)) {
        expect(this.#taken(peer, origin)).toEqual(this.#owed.get(`${origin} ${peer.name}`) ?? []);
      }
      expect(peer.life.failures).toEqual([]);
      await peer.crash();
    }
  }

  #taken(peer: EngineHost, origin: string): string[] {
    const records = [...peer.medium.engine(peer.name).log.values()];
    return records
      .filter(({ bytes }) => decodeRecord(bytes).origin === origin)
      .map(({ seq, bytes }) => textOf(decodeEntry(seq, bytes).notification));
  }

  #of<T>(map: Map<string, T>, key: string, create: () => T): T {
    const found = map.get(key) ?? create();
    map.set(key, found);
    return found;
  }
}

const at = fc.nat(2);
const topic = fc.constantFrom(...TOPICS);
const steps = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('subscribe' as const), at, topic: fc.option(topic, { nil: undefined }) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('tell' as const), at, to: at, isLost: fc.boolean() }) },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('notify' as const), at, topic, count: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('forward' as const),
        at,
        to: at,
        count: fc.integer({ min: 1, max: 4 }),
        loss: fc.constantFrom('none', 'request', 'answer'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('dying' as const), at, to: at, turns: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), at }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  ),
  { minLength: 5, maxLength: 60 },
);

it('what a peer has asked for arrives there exactly once, in order, over losses and crashes', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (todo) => {
      const bus = new Bus();
      await bus.start();
      for (const one of todo) {
        if (one.do === 'subscribe') await bus.subscribe(one.at, one.topic);
        else if (one.do === 'tell') await bus.tell(one.at, one.to, one.isLost);
        else if (one.do === 'notify') await bus.notify(one.at, one.topic, one.count);
        else if (one.do === 'forward') await bus.forward(one.at, one.to, one.count, one.loss);
        else if (one.do === 'dying') await bus.forwardToDying(one.at, one.to, one.turns);
        else if (one.do === 'crash') await bus.host(one.at).restart();
        else await bus.writePositions();
      }
      await bus.check();
    }),
    { numRuns: 60 },
  );
});
