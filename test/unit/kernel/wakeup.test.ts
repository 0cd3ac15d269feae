import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.ts';
import { Wakeup } from '../../../src/kernel/wakeup.ts';

describe('Wakeup', () => {
  it('remembers one wake() for the next wait()', async () => {
    const wakeup = new Wakeup();
    wakeup.wake();
    wakeup.wake();
    await wakeup.wait(new AbortController().signal);
    let isWoken = false;
    const waiting = wakeup.wait(new AbortController().signal).then(() => (isWoken = true));
    await Promise.resolve();
    expect(isWoken).toBe(false);
    wakeup.wake();
    await waiting;
    expect(isWoken).toBe(true);
  });

  it('rejects with the reason of the signal', async () => {
    const over = new AbortController();
    const waiting = new Wakeup().wait(over.signal);
    over.abort(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
    await expect(new Wakeup().wait(over.signal)).rejects.toThrow('over');
  });

  it('ends by itself after the time that was given', async () => {
    await new Wakeup().wait(new AbortController().signal, systemClock, 1);
  });
});
