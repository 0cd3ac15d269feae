import { readFileSync, readlinkSync } from 'node:fs';

/** The id by which the kernel knows the thread that calls this; 0 where it does not say (only Linux does). */
export function kernelThreadId(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return 0;
  }
}

/** How long a thread of this process has been on a processor so far, in milliseconds; undefined where nobody can tell. */
export function cpuTimeOf(threadId: number): number | undefined {
  if (threadId === 0) return undefined;
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${threadId}/schedstat`, 'latin1').split(' ');
    return Number(nanoseconds) / 1e6;
  } catch {
    return undefined;
  }
}
