import { describe, expect, it } from 'vitest';
import { LeaseTenure } from '../../../src/cluster/lease-tenure.ts';
import type { Clock } from '../../../src/kernel/clock.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A tenure on two clocks that can be moved one by one. */
class Case {
  readonly monotonic = new ManualClock();
  wallMs = 0;
  readonly jumps: number[] = [];
  confirm: () => boolean = () => true;
  readonly clock: Clock = {
    now: () => this.monotonic.now() + this.wallMs,
    monotonic: () => this.monotonic.monotonic(),
    sleep: (ms, signal) => this.monotonic.sleep(ms, signal),
  };
  readonly tenure = new LeaseTenure({
    ...{ engine: 'ME1', epoch: 3, clock: this.clock, lifeMs: 2_000, sentAt: 0, sentAtWall: this.clock.now() },
    driftMs: 250,
    renewNow: (jumpMs) => {
      this.jumps.push(jumpMs);
      return this.confirm();
    },
  });
}

describe('LeaseTenure, when the clocks jump', () => {
  it.each([3_600_000, -3_600_000, 86_400_000, 251])('F14: renews at once, and once, after a step of %i ms', (ms) => {
    const scene = new Case();
    scene.monotonic.jump(1_500);
    scene.wallMs += ms;
    expect(scene.tenure.isCurrent()).toBe(true);
    expect(scene.tenure.isCurrent()).toBe(true);
    expect(scene.jumps).toEqual([ms]);
    expect(scene.tenure.remainingMs()).toBe(2_000);
  });

  it('F15: ends at once when the store names another, or cannot say', () => {
    for (const confirm of [
      (): boolean => false,
      (): boolean => {
        throw new Error('gone');
      },
    ]) {
      const scene = new Case();
      scene.confirm = confirm;
      // The machine slept for a minute that its monotonic clock did not count.
      scene.wallMs += 60_000;
      expect(scene.tenure.isCurrent()).toBe(false);
      expect(scene.tenure.signal.reason).toMatchObject({ code: 'lease-lost' });
    }
  });

  it('does not take a clock that is slewed for one that jumped', () => {
    const scene = new Case();
    for (let sentAt = 0; sentAt < 20_000; sentAt += 500) {
      scene.monotonic.jump(500);
      scene.wallMs += 20;
      scene.tenure.renewed(sentAt);
    }
    expect(scene.tenure.isCurrent()).toBe(true);
    expect(scene.jumps).toEqual([]);
  });

  it('notices a sleep between the request and the answer that began the tenure', () => {
    const { clock, monotonic } = new Case();
    const sentAtWall = clock.now() - 5_000;
    const options = { engine: 'ME1', epoch: 3, clock, lifeMs: 2_000, sentAt: monotonic.monotonic(), sentAtWall };
    expect(new LeaseTenure({ ...options, renewNow: () => false }).isCurrent()).toBe(false);
  });
});
