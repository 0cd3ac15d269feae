import { EXIT } from '../../../src/app/exit-codes.ts';
import type { Run, Violation } from './run.ts';

/** Ends that say what happened: in order, deposed, a broken store, an address that was still taken. */
const MEANT: readonly (number | null)[] = [EXIT.ok, EXIT.deposed, EXIT.storeBroken, EXIT.unavailable];

/** C-exit: a member dies of what was done to it, or ends with a code that has a meaning; never of a bug. */
export function checkExits(run: Run): Violation[] {
  return run.entries.flatMap((entry) => {
    if (entry.type !== 'exit') return [];
    const { member, code, signal } = entry;
    if (signal === 'SIGKILL' || signal === 'SIGTERM' || (signal === null && MEANT.includes(code))) return [];
    return [{ checker: 'C-exit', message: `${member} ended with ${signal ?? `code ${String(code)}`}` }];
  });
}
