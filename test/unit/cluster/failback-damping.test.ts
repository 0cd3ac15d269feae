import { describe, expect, it } from 'vitest';
import { FailbackDamping } from '../../../src/cluster/failback-damping.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('FailbackDamping', () => {
  it('F33: gives an engine back once in ten minutes, however often the one that asks has been restarted', () => {
    const clock = new ManualClock();
    const damping = new FailbackDamping({ everyMs: 600_000, clock });
    expect(damping.mayGrant()).toBe(true);
    damping.granted();
    clock.jump(599_999);
    expect(damping.mayGrant()).toBe(false);
    clock.jump(1);
    expect(damping.mayGrant()).toBe(true);
  });
});
