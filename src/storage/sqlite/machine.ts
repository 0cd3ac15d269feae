import { readFileSync, readlinkSync } from 'node:fs';

/** What tells one life of one process on one boot of one machine from every other. */
export interface Life {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process; undefined where /proc is not to be had. */
  readonly startTicks?: string;
  readonly bootId?: string;
  /** In another pid namespace the same number is another process. */
  readonly pidNamespace?: string;
}

/** This process. */
export function ownLife(): Life {
  const startTicks = startTicksOf(process.pid);
  const bootId = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
  const pidNamespace = attempt(() => readlinkSync('/proc/self/ns/pid'));
  return {
    pid: process.pid,
    ...(startTicks === undefined ? {} : { startTicks }),
    ...(bootId === undefined ? {} : { bootId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  };
}

/** When process `pid` started, in clock ticks since boot (proc(5), field 22 of stat). Undefined: there is none, or no /proc. */
export function startTicksOf(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The name in parentheses may hold spaces and parentheses itself: count from its end.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/**
 * True when `life` is a process of this machine that runs now, and surely not this one: the only kind that may be
 * killed. Anything that is not known for certain makes it false.
 */
export function isOtherLivingProcess(life: Life, own: Life): boolean {
  if (!Number.isSafeInteger(life.pid) || life.pid <= 1 || life.pid === own.pid) return false;
  if (life.startTicks === undefined || life.bootId === undefined || life.pidNamespace === undefined) return false;
  if (life.bootId !== own.bootId || life.pidNamespace !== own.pidNamespace) return false;
  return startTicksOf(life.pid) === life.startTicks;
}

/**
 * True when the kernel's list of locks names other processes for the file, and not `pid`. A kernel that lists nothing
 * for it says nothing.
 */
export function isLockedByOthers(inode: number, pid: number): boolean {
  const lines = attempt(() => readFileSync('/proc/locks', 'latin1'))?.split('\n') ?? [];
  const holders = lines
    .map((line) => /^\d+: POSIX\s+\S+\s+WRITE\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/.exec(line))
    .filter((found) => found?.[2] === String(inode))
    .map((found) => Number(found?.[1]));
  return holders.length > 0 && !holders.includes(pid);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
