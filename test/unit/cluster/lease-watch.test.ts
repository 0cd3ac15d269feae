import { describe, expect, it } from 'vitest';
import { LeaseTenure } from '../../../src/cluster/lease-tenure.ts';
import { LeaseWatch, PRECEDENCE } from '../../../src/cluster/lease-watch.ts';
import type { LeaseView } from '../../../src/cluster/ports/lease-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const TTL = 3_000;

function watchOf(server: string): LeaseWatch {
  return new LeaseWatch({ server, candidates: ['server1', 'server2', 'server3'], ttlMs: TTL });
}

const held = (server: string, counter: number, epoch = 4): LeaseView => ({
  epoch,
  counter,
  holder: { server, incarnation: `${server}-life` },
  isFree: false,
});
const dead = (server: string): LeaseView => ({ ...held(server, 1), isFree: true });
const released = (handoffTo?: string): LeaseView => ({
  epoch: 4,
  counter: 9,
  isFree: true,
  ...(handoffTo === undefined ? {} : { handoffTo }),
});

/** When a watch first says something other than `wait`, looking every 10 ms at a lease that does not change. */
function firstVerdict(watch: LeaseWatch, view: LeaseView, from = 0): [number, string] {
  for (let now = from; now < from + 20_000; now += 10) {
    const verdict = watch.judge(view, now, now);
    if (verdict !== 'wait') return [now - from, verdict];
  }
  return [Infinity, 'wait'];
}

describe('LeaseWatch with a holder', () => {
  it('waits while the counter moves', () => {
    const watch = watchOf('server1');
    for (let counter = 0; counter < 100; counter += 1) {
      expect(watch.judge(held('server2', counter), counter * 2_999, counter * 2_999)).toBe('wait');
    }
  });

  it.each([
    ['server1', 0],
    ['server3', 1],
  ])('has %s evict a silent server2 after a whole TTL, step %i', (server, step) => {
    expect(firstVerdict(watchOf(server), held('server2', 1))).toEqual([
      TTL + step * PRECEDENCE.failoverStepMs,
      'evict',
    ]);
  });

  it('counts the silence from when the last change came to a look that was sent a TTL later', () => {
    const watch = watchOf('server1');
    watch.judge(held('server2', 1), 0, 400);
    expect(watch.judge(held('server2', 1), 400 + TTL - 1, 400 + TTL + 500)).toBe('wait');
    expect(watch.judge(held('server2', 1), 400 + TTL, 400 + TTL)).toBe('evict');
  });

  it('begins anew when this process was frozen and the counter has moved meanwhile', () => {
    const watch = watchOf('server1');
    watch.judge(held('server2', 1), 0, 0);
    expect(watch.judge(held('server2', 50), 60_000, 60_000)).toBe('wait');
  });

  it.each<[string, LeaseView]>([
    ['another epoch', held('server2', 1, 5)],
    ['another life of the holder', { ...held('server2', 1), holder: { server: 'server2', incarnation: 'next' } }],
    ['another holder', held('server3', 1)],
  ])('takes %s for a sign of life', (_name, view) => {
    const watch = watchOf('server1');
    watch.judge(held('server2', 1), 0, 0);
    expect(watch.judge(view, TTL, TTL)).toBe('wait');
  });
});

describe('LeaseWatch without a holder', () => {
  it.each([
    ['server1', 0],
    ['server2', 1_000],
    ['server3', 2_000],
  ])('at a cold start has %s wait %i ms for those before it', (server, delay) => {
    expect(firstVerdict(watchOf(server), { epoch: 0, counter: 0, isFree: true })).toEqual([delay, 'acquire']);
    expect(firstVerdict(watchOf(server), released())).toEqual([delay, 'acquire']);
    expect(firstVerdict(watchOf(server), dead('server3'))).toEqual([delay, 'acquire']);
  });

  it.each([
    ['server1', 'server2', 0],
    ['server3', 'server2', 150],
    ['server2', 'server1', 0],
    ['server3', 'server1', 150],
  ])('after a failover has %s take over from %s after %i ms', (server, holder, delay) => {
    for (const end of [dead(holder), released()]) {
      const watch = watchOf(server);
      watch.judge(held(holder, 1), 0, 0);
      expect(firstVerdict(watch, end, 50)).toEqual([delay, 'acquire']);
    }
  });

  it('takes at once what was handed over to it', () => {
    const watch = watchOf('server3');
    watch.judge(held('server1', 1), 0, 0);
    expect(watch.judge(released('server3'), 50, 50)).toBe('acquire');
  });

  it.each([
    ['server2', 0],
    ['server1', 300],
  ])('has %s wait for the server that it was handed over to', (server, step) => {
    const watch = watchOf(server);
    watch.judge(held('server1', 1), 0, 0);
    expect(firstVerdict(watch, released('server3'), 50)).toEqual([PRECEDENCE.handoffGraceMs + step, 'acquire']);
  });

  it('waits anew after each activation that came to nothing', () => {
    const watch = watchOf('server2');
    watch.judge({ ...released(), epoch: 1 }, 0, 0);
    watch.judge({ ...released(), epoch: 2 }, 900, 900);
    expect(watch.judge({ ...released(), epoch: 2 }, 1_500, 1_500)).toBe('wait');
  });

  it('lets the others go first after it has released the lease itself', () => {
    const watch = watchOf('server1');
    watch.held();
    expect(firstVerdict(watch, released())).toEqual([2 * PRECEDENCE.failoverStepMs, 'acquire']);
  });
});

describe('LeaseTenure', () => {
  const begin = (): { clock: ManualClock; tenure: LeaseTenure } => {
    const clock = new ManualClock();
    clock.jump(100);
    return { clock, tenure: new LeaseTenure({ engine: 'ME1', epoch: 3, clock, lifeMs: 2_000, sentAt: 50 }) };
  };

  it('ends when the last renewal was sent too long ago, without any timer', () => {
    const { clock, tenure } = begin();
    clock.jump(1_949);
    expect(tenure.isCurrent()).toBe(true);
    clock.jump(1);
    expect(tenure.signal.aborted).toBe(false);
    expect(tenure.isCurrent()).toBe(false);
    expect(tenure.signal.aborted).toBe(true);
    expect(tenure.signal.reason).toMatchObject({ code: 'lease-lost', processed: 'unknown' });
  });

  it('lasts from when a renewal was sent, not from when it was answered', () => {
    const { clock, tenure } = begin();
    clock.jump(500);
    tenure.renewed(200);
    expect(tenure.remainingMs()).toBe(1_600);
  });

  it('does not come back: a renewal that is answered after the end changes nothing', () => {
    const { clock, tenure } = begin();
    clock.jump(2_000);
    tenure.renewed(2_050);
    expect(tenure.isCurrent()).toBe(false);
    expect(tenure.remainingMs()).toBe(0);
  });

  it('never becomes shorter by a renewal that was overtaken', () => {
    const { tenure } = begin();
    tenure.renewed(90);
    tenure.renewed(60);
    expect(tenure.remainingMs()).toBe(1_990);
  });

  it('ends once', () => {
    const { tenure } = begin();
    tenure.end('first');
    tenure.end('second');
    expect(tenure.isCurrent()).toBe(false);
    expect((tenure.signal.reason as Error).message).toContain('first');
  });
});
