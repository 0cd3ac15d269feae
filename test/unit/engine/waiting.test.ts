import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Waiting } from '../../../src/engine/waiting.ts';
import { systemClock } from '../../../src/kernel/clock.ts';

const LONG_MS = 60_000;

describe('Waiting', () => {
  it('lets any number wait at once, without a warning that they are many', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const end = new AbortController();
    const waiting = new Waiting(systemClock, end.signal);
    const waits = Array.from({ length: 50 }, (_, at) => waiting.wait(`pull point ${at % 3}`, LONG_MS));
    await turnOfLoop();
    end.abort();
    await Promise.all(waits);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('lets nobody wait beyond its end', async () => {
    const end = new AbortController();
    const waiting = new Waiting(systemClock, end.signal);
    const before = waiting.wait('a pull point', LONG_MS);
    end.abort();
    await Promise.all([before, waiting.wait('a pull point', LONG_MS)]);
    expect(end.signal.aborted).toBe(true);
  });

  it('wakes those who wait for that id alone', async () => {
    const end = new AbortController();
    const waiting = new Waiting(systemClock, end.signal);
    const woken: string[] = [];
    const waits = ['a', 'b', 'a'].map(async (id) => {
      await waiting.wait(id, LONG_MS);
      woken.push(id);
    });
    waiting.wake('a');
    await Promise.all([waits[0], waits[2]]);
    expect(woken).toEqual(['a', 'a']);
    waiting.release();
    await Promise.all(waits);
    expect(woken).toEqual(['a', 'a', 'b']);
  });
});
