import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Runs `body` while so many processes take all the processor time they get. */
export async function whileBusy(count: number, body: () => Promise<void>): Promise<void> {
  const busy = Array.from({ length: count }, () => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
  try {
    await body();
  } finally {
    await Promise.all(busy.map(endOf));
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
