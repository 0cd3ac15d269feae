import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until `probe` gives something that is not undefined or false; fails at the deadline with its last error. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs = 10_000,
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`Not within ${deadlineMs} ms: ${what}`, { cause: last });
    await delay(10);
  }
}
