import { setTimeout as delay } from 'node:timers/promises';

/** Time as the rooms see it. Passed in, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds since 1970 by the wall clock. Only for what the standards express as dateTime; it may jump. */
  now(): number;
  /** Milliseconds on a clock that only moves forward. For every deadline, lease and back-off. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};
