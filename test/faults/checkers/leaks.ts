import type { Sample } from '../history.ts';
import type { Run, Violation } from './run.ts';

const MIB = 1024 * 1024;

export interface LeakBounds {
  /** File descriptors that a member may have more than before. */
  readonly fds: number;
  readonly rssBytes: number;
  readonly walBytes: number;
  readonly logRows: number;
}

export const LEAK_BOUNDS: LeakBounds = { fds: 100, rssBytes: 400 * MIB, walBytes: 80 * MIB, logRows: 20_000 };

/** C-leak: after the run the members and their files are about as large as before. */
export function checkLeaks(run: Run, bounds: LeakBounds = LEAK_BOUNDS): Violation[] {
  const before = new Map<string, Sample>();
  const violations: Violation[] = [];
  const tooMuch = (who: string, what: string, found: number, most: number): void => {
    if (found <= most) return;
    violations.push({
      checker: 'C-leak',
      message: `${who}: ${what} ${String(found)}, at most ${String(most)} are allowed`,
    });
  };
  for (const entry of run.entries) {
    if (entry.type === 'sample') {
      const { member, phase, fds, rssBytes } = entry;
      if (phase === 'before') before.set(member, entry);
      else {
        tooMuch(member, 'file descriptors', fds, (before.get(member)?.fds ?? 0) + bounds.fds);
        tooMuch(member, 'bytes of memory', rssBytes, bounds.rssBytes);
      }
    } else if (entry.type === 'store') {
      tooMuch(entry.engine, 'bytes of write-ahead log', entry.walBytes, bounds.walBytes);
      tooMuch(entry.engine, 'log records', entry.logRows ?? 0, bounds.logRows);
    }
  }
  return violations;
}
