import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { isAlive } from '../../support/cluster.ts';
import { hasProgram } from '../world/place.ts';
import type { World } from '../world/world.ts';
import { last, type Fault } from './fault.ts';

/** How long a traced server may take to come to the call in question. */
const TRACE_MS = 5_000;

function lacksStrace(): string | undefined {
  const works = hasProgram('strace') && spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0;
  return works ? undefined : 'strace';
}

/** Attaches to a member and lets a system call end badly; resolves when that has happened or will not happen. */
async function withInjection(world: World, server: string, injection: string): Promise<void> {
  const pid = world.cluster.pidOf(server);
  const name = /^(\w+)/.exec(injection)?.[1] ?? '';
  const args = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${name}`, '-e', `inject=${injection}`, '-p', String(pid)];
  const tracer = spawn('strace', args, { stdio: 'ignore' });
  const ended = once(tracer, 'exit');
  const patience = setTimeout(() => tracer.kill('SIGTERM'), TRACE_MS);
  await ended;
  clearTimeout(patience);
  if (!isAlive(pid)) await world.isBack(server, pid);
}

/** Dies in the n-th fsync or write from now on. */
export const killInSystemCall: Fault = {
  name: 'kill-in-system-call',
  lacks: lacksStrace,
  inflict: async (world, random) => {
    const call = random.pick(['fsync', 'pwrite64']);
    const when = random.between(1, 40);
    const { server } = world.cluster.hostOf(random.pick(world.engines));
    const engines = world.enginesOf(server);
    const description = `SIGKILL ${server} in ${call} ${String(when)}`;
    await world.fault({ fault: 'kill-in-system-call', description, engines }, () =>
      withInjection(world, server, `${call}:signal=SIGKILL:when=${String(when)}`),
    );
  },
};

/** The n-th fsync fails, once or from then on. */
export const failFsync: Fault = {
  name: 'fail-fsync',
  lacks: lacksStrace,
  inflict: async (world, random) => {
    const when = `${String(random.between(1, 30))}${random.pick(['', '+'])}`;
    const { server } = world.cluster.hostOf(random.pick(world.engines));
    await failFsyncOf(world, server, when);
  },
};

/** `when`: as strace has it, `3` for the third one, `3+` for that and all after it. */
export async function failFsyncOf(world: World, server: string, when: string): Promise<void> {
  const engines = world.enginesOf(server);
  const description = `fsync ${when} of ${server} fails with EIO`;
  await world.fault({ fault: 'fail-fsync', description, engines }, () =>
    withInjection(world, server, `fsync:error=EIO:when=${when}`),
  );
}

/** No space left for a while. */
export const fillDisk: Fault = {
  name: 'fill-disk',
  lacks: ({ place }) => (place.canFill ? undefined : 'a disk of its own (mount)'),
  inflict: async (world, random) => {
    const ms = random.between(500, 3_000);
    await fillDiskFor(world, ms);
  },
};

/** Fills the disk, and empties it again after so long. */
export async function fillDiskFor(world: World, ms: number): Promise<void> {
  const { engines } = world;
  await world.fault({ fault: 'fill-disk', description: `no space for ${String(ms)} ms`, engines }, async () => {
    world.place.fill();
    await last(ms);
    world.place.empty();
  });
}
