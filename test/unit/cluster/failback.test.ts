import { describe, expect, it } from 'vitest';
import { Failback } from '../../../src/cluster/failback.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';

class Case {
  readonly clock = new ManualClock();
  isReady = true;
  holder: string | undefined = 'server2';
  answer: () => Promise<boolean> = () => Promise.resolve(false);
  readonly asked: string[] = [];
  readonly failback: Failback;

  constructor(everyMs = 0, luck = 0) {
    this.failback = new Failback({
      engine: 'ME1',
      failbackDelayMs: 10_000,
      failbackEveryMs: everyMs,
      random: () => luck,
      isReady: () => this.isReady,
      holder: () => this.holder,
      requestHandover: (engine, holder) => {
        this.asked.push(`${this.clock.monotonic()} ${engine} ${holder}`);
        return this.answer();
      },
      clock: this.clock,
      logger: silentLogger,
    });
  }

  async start(): Promise<this> {
    await this.failback.start(new AbortController().signal);
    return this;
  }
}

describe('Failback', () => {
  it('asks the holder when this server has been ready for the delay', async () => {
    const { clock, asked } = await new Case().start();
    await clock.advance(9_999);
    expect(asked).toEqual([]);
    await clock.advance(1);
    expect(asked).toEqual(['10000 ME1 server2']);
  });

  it.each([
    ['refused', (): Promise<boolean> => Promise.resolve(false)],
    ['failed', (): Promise<boolean> => Promise.reject(new Error('unreachable'))],
    ['granted without the engine coming', (): Promise<boolean> => Promise.resolve(true)],
  ])('asks at most once in two delays after a request that was %s', async (_how, answer) => {
    const scene = new Case();
    scene.answer = answer;
    await scene.start();
    await scene.clock.advance(55_000);
    expect(scene.asked.map((entry) => Number(entry.split(' ')[0]))).toEqual([10_000, 30_000, 50_000]);
  });

  it('after an engine was given back it does not ask again before failbackEvery', async () => {
    const scene = new Case(600_000);
    scene.answer = () => Promise.resolve(true);
    await scene.start();
    await scene.clock.advance(700_000);
    expect(scene.asked.map((entry) => Number(entry.split(' ')[0]))).toEqual([10_000, 610_000]);
  });

  it('spreads the first request over a tenth of the delay', async () => {
    const scene = await new Case(0, 0.999).start();
    await scene.clock.advance(10_989);
    expect(scene.asked).toEqual([]);
    await scene.clock.advance(1_011);
    expect(scene.asked).toHaveLength(1);
  });

  it('counts the delay anew when the server was not ready in between', async () => {
    const scene = await new Case().start();
    await scene.clock.advance(9_000);
    scene.isReady = false;
    await scene.clock.advance(1_000);
    scene.isReady = true;
    await scene.clock.advance(10_000);
    expect(scene.asked).toEqual([]);
    await scene.clock.advance(1_000);
    expect(scene.asked).toEqual(['21000 ME1 server2']);
  });

  it('counts the delay anew when nobody healthy held it in between', async () => {
    const scene = await new Case().start();
    await scene.clock.advance(9_000);
    scene.holder = undefined;
    await scene.clock.advance(1_000);
    scene.holder = 'server3';
    await scene.clock.advance(11_000);
    expect(scene.asked).toEqual(['21000 ME1 server3']);
  });

  it('never asks while this server runs the engine itself', async () => {
    const scene = new Case();
    scene.isReady = false;
    await scene.start();
    await scene.clock.advance(100_000);
    expect(scene.asked).toEqual([]);
  });

  it('does not wait for a holder that never answers', async () => {
    const scene = new Case();
    scene.answer = () => new Promise(() => undefined);
    await scene.start();
    await scene.clock.advance(59_999);
    expect(scene.asked).toHaveLength(1);
    await scene.clock.advance(1);
    expect(scene.asked).toHaveLength(2);
  });

  it('stops at once, also during a request, and leaves no timer', async () => {
    const scene = new Case();
    scene.answer = () => new Promise(() => undefined);
    await scene.start();
    await scene.clock.advance(10_000);
    await scene.failback.stop();
    await settle();
    expect(scene.clock.sleeping).toBe(0);
  });

  it('does nothing under a signal that has aborted', async () => {
    const scene = new Case();
    await scene.failback.start(AbortSignal.abort());
    await scene.clock.advance(60_000);
    expect(scene.asked).toEqual([]);
    await scene.failback.stop();
  });
});
