import { availableParallelism } from 'node:os';
import { isAlive } from '../../support/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { sendSignal, type World } from '../world/world.ts';
import { whileBusy } from './busy.ts';
import { last, lacksNothing, type Fault } from './fault.ts';

/** kill -9 of the server that runs an engine. */
export const killServer: Fault = {
  name: 'kill-server',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const { server } = world.cluster.hostOf(random.pick(world.engines));
    await killHost(world, server);
  },
};

/** Kills a server and waits until it runs again. */
export async function killHost(world: World, server: string): Promise<void> {
  const engines = world.enginesOf(server);
  await world.fault({ fault: 'kill-server', description: `SIGKILL ${server}`, engines }, async () => {
    const pid = world.signal(server, 'SIGKILL');
    await world.isBack(server, pid);
  });
}

/** kill -9 of a proxy: the requests in its hands get no answer. */
export const killProxy: Fault = {
  name: 'kill-proxy',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const proxy = random.pick(['proxy1', 'proxy2']);
    await world.fault({ fault: 'kill-proxy', description: `SIGKILL ${proxy}`, hitsDoor: true }, async () => {
      const pid = world.signal(proxy, 'SIGKILL');
      await world.isBack(proxy, pid);
      await world.doorsAreOpen();
    });
  },
};

/** SIGTERM, as an operator does it. */
export const terminateServer: Fault = {
  name: 'terminate-server',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const { server } = world.cluster.hostOf(random.pick(world.engines));
    const engines = world.enginesOf(server);
    await world.fault({ fault: 'terminate-server', description: `SIGTERM ${server}`, engines }, async () => {
      const pid = world.signal(server, 'SIGTERM');
      await world.isBack(server, pid);
    });
  },
};

/** Everything dies at once, as with the power; what the kernel had is still there. */
export const killEverything: Fault = {
  name: 'kill-everything',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const pauseMs = random.between(0, 1_500);
    const { engines } = world;
    const description = `SIGKILL everything, start after ${String(pauseMs)} ms`;
    await world.fault({ fault: 'kill-everything', description, engines, hitsDoor: true }, async () => {
      await world.killAll();
      await last(pauseMs);
      await world.cluster.up();
    });
  },
};

/** A frozen host: SIGSTOP, and after a while SIGCONT to what may be a zombie by then. */
export const freezeServer: Fault = {
  name: 'freeze-server',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const ms = random.between(300, 6_000);
    const { server } = world.cluster.hostOf(random.pick(world.engines));
    await freezeHost(world, server, ms);
  },
};

/** Stops a server for so long. */
export async function freezeHost(world: World, server: string, ms: number): Promise<void> {
  const engines = world.enginesOf(server);
  const description = `SIGSTOP ${server} for ${String(ms)} ms`;
  await world.fault({ fault: 'freeze-server', description, engines }, async () => {
    const pid = world.signal(server, 'SIGSTOP');
    await last(ms);
    if (pid !== undefined && isAlive(pid)) sendSignal(pid, 'SIGCONT');
  });
}

/** A frozen proxy: clients wait, and some give up. */
export const freezeProxy: Fault = {
  name: 'freeze-proxy',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const proxy = random.pick(['proxy1', 'proxy2']);
    const ms = random.between(300, 4_000);
    const description = `SIGSTOP ${proxy} for ${String(ms)} ms`;
    await world.fault({ fault: 'freeze-proxy', description, hitsDoor: true }, async () => {
      const pid = world.signal(proxy, 'SIGSTOP');
      await last(ms);
      if (pid !== undefined) sendSignal(pid, 'SIGCONT');
    });
  },
};

/** Stopped and continued again and again, each time about as long as a lease lives. */
export const flap: Fault = {
  name: 'flap',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const { server } = world.cluster.hostOf(random.pick(world.engines));
    const phases = Array.from({ length: 4 }, () => [random.between(300, 1_500), random.between(50, 500)] as const);
    const engines = world.enginesOf(server);
    const description = `SIGSTOP and SIGCONT ${server}: ${phases.flat().join(' ')} ms`;
    await world.fault({ fault: 'flap', description, engines }, async () => {
      for (const [stoppedMs, runningMs] of phases) {
        const pid = world.signal(server, 'SIGSTOP');
        await last(stoppedMs);
        if (pid !== undefined && isAlive(pid)) sendSignal(pid, 'SIGCONT');
        await last(runningMs);
      }
    });
  },
};

/** The host dies, and a moment later whoever takes over: a second fault within the lease's time. */
export const killDuringTakeover: Fault = {
  name: 'kill-during-takeover',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const engine = random.pick(world.engines);
    const ms = random.between(0, 400);
    const { server, epoch } = world.cluster.hostOf(engine);
    const description = `SIGKILL ${server}, then whoever has ${engine} ${String(ms)} ms later`;
    await world.fault({ fault: 'kill-during-takeover', description, engines: [engine] }, async () => {
      const first = world.signal(server, 'SIGKILL');
      if (ms > 200) {
        // Later than most takeovers: then the successor dies right after its announcement.
        await eventually('a successor', () => world.cluster.hostOf(engine).epoch > epoch, 30_000);
      } else await last(ms);
      const successor = world.cluster.hostOf(engine).server;
      const other = successor === server ? otherThan(world, server) : successor;
      const second = world.signal(other, 'SIGKILL');
      await world.isBack(server, first);
      await world.isBack(other, second);
    });
  },
};

function otherThan(world: World, server: string): string {
  return world.cluster.members.find((name) => name.startsWith('server') && name !== server) ?? server;
}

/** More work for the processors than there are processors. */
export const starve: Fault = {
  name: 'starve',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const ms = random.between(1_000, 4_000);
    const count = 2 * availableParallelism();
    const description = `${String(count)} busy processes for ${String(ms)} ms`;
    await world.fault({ fault: 'starve', description, engines: world.engines }, () => whileBusy(count, () => last(ms)));
  },
};
