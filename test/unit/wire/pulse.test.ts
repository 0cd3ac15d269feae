import { describe, expect, it } from 'vitest';
import { Pulse } from '../../../src/wire/pulse.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function pulse(): { clock: ManualClock; watched: Pulse; events: string[] } {
  const clock = new ManualClock();
  const events: string[] = [];
  const at = (what: string) => (): void => {
    events.push(`${clock.monotonic()} ${what}`);
  };
  const watched = new Pulse({
    clock,
    pingEveryMs: 1000,
    silenceMs: 10_000,
    ping: at('ping'),
    onSuspect: (isSuspect) => at(isSuspect ? 'suspect' : 'heard')(),
    onSilence: at('silence'),
  });
  watched.start();
  return { clock, watched, events };
}

describe('Pulse', () => {
  it('pings each second, suspects after two of silence, and gives up after ten', async () => {
    const { clock, events } = pulse();
    await clock.advance(20_000);
    expect(events.filter((event) => !event.endsWith('ping'))).toEqual(['2000 suspect', '10000 silence']);
    expect(events.filter((event) => event.endsWith('ping'))).toHaveLength(9);
    expect(clock.sleeping).toBe(0);
  });

  it('is content while anything is heard', async () => {
    const { clock, watched, events } = pulse();
    for (let second = 0; second < 30; second += 1) {
      await clock.advance(1000);
      watched.heard();
    }
    expect(events.filter((event) => !event.endsWith('ping'))).toEqual([]);
    watched.stop();
  });

  it('a sign of life ends the suspicion at once', async () => {
    const { clock, watched, events } = pulse();
    await clock.advance(2500);
    expect(watched.isSuspect).toBe(true);
    watched.heard();
    expect(watched.isSuspect).toBe(false);
    await clock.advance(1999);
    expect(events.filter((event) => !event.endsWith('ping'))).toEqual(['2000 suspect', '2500 heard']);
    watched.stop();
  });

  it('does not blame the other end for a time in which this process stood still', async () => {
    const { clock, watched, events } = pulse();
    await clock.advance(1500);
    clock.jump(60_000);
    await clock.advance(1);
    expect(events.filter((event) => !event.endsWith('ping'))).toEqual([]);
    await clock.advance(2000);
    expect(events.filter((event) => !event.endsWith('ping'))).toHaveLength(1);
    watched.stop();
  });

  it('stop() leaves nothing behind', async () => {
    const { clock, watched, events } = pulse();
    watched.stop();
    await clock.advance(20_000);
    expect(events).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });
});
