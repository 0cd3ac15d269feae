import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of processor time that these processes have had, all threads together. Linux only. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + threadsOf(pid).reduce((all, path) => all + nanosecondsOf(path), 0), 0) / 1e6;
}

function threadsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`);
}

function nanosecondsOf(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8').split(' ')[0]);
  } catch {
    // The thread has ended since.
    return 0;
  }
}
