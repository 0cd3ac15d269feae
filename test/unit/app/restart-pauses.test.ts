import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/app/exit-codes.ts';
import { RestartPauses } from '../../../src/app/restart-pauses.ts';

describe('RestartPauses', () => {
  it('are none for a member that has served', () => {
    const pauses = new RestartPauses();
    expect([1, 2].map(() => pauses.after('server1', { code: null, servedMs: 1_000 }))).toEqual([0, 0]);
  });

  it('grow for one that dies young, up to five seconds, and begin anew when it has served', () => {
    const pauses = new RestartPauses();
    const young = { code: EXIT.failed, servedMs: 999 };
    const found = Array.from({ length: 8 }, () => pauses.after('server1', young));
    expect(found).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    expect(pauses.after('server2', young)).toBe(100);
    expect(pauses.after('server1', { code: EXIT.failed, servedMs: 5_000 })).toBe(0);
    expect(pauses.after('server1', young)).toBe(100);
  });

  it('grow for one that is deposed again and again, although it serves for some seconds', () => {
    const pauses = new RestartPauses();
    const deposed = { code: EXIT.deposed, servedMs: 3_000 };
    expect([1, 2, 3].map(() => pauses.after('server1', deposed))).toEqual([100, 200, 400]);
    expect(pauses.after('server1', { ...deposed, servedMs: 20_000 })).toBe(0);
  });
});
