import type { Command } from 'commander';
import { followFile } from '../app/follow-file.ts';
import { MemberFailedError, Supervisor, type UpEvent } from '../app/supervisor.ts';
import { TopologyKeeper, type ReloadOutcome } from '../app/topology-keeper.ts';
import { systemClock } from '../kernel/clock.ts';
import { Deadline } from '../kernel/deadline.ts';
import { MemberEndedError } from './failure.ts';
import { writeJson, writeLine, type CliIo } from './io.ts';
import { narrateReload } from './narrate-reload.ts';
import { whatToTryNext } from './try-next.ts';

/** How long all members together may take to drain. */
const STOP_MS = 15_000;

/** `pointsman up FILE`: a whole topology on this machine, supervised. */
export function addUpCommand(program: Command, io: CliIo): void {
  program
    .command('up')
    .description('start a whole topology on this machine, supervised')
    .argument('<file>', 'the topology file')
    .option('--json', 'one JSON object on each line, for programs')
    .option('--no-restart', 'leave a dead process dead')
    .action(async (file: string, options: { json?: boolean; restart: boolean }) => {
      const keeper = TopologyKeeper.open(file, io.env);
      const topology = keeper.live.current;
      const report = options.json === true ? (event: UpEvent): void => writeJson(io.stdout, event) : narrate(io);
      const supervisor = new Supervisor({
        keeper,
        program: io.program,
        environment: { POINTSMAN_LOG: 'warn', ...io.env },
        isRestarting: options.restart,
        clock: systemClock,
        report,
      });
      const over = new AbortController();
      if (options.json !== true) io.stderr.write(`Starting ${topology.name} (${topology.kind}) …\n`);
      try {
        const reloaded = (outcome: ReloadOutcome): void => report({ event: 'reload', ...outcome });
        followFile({ keeper, clock: systemClock, onHangup: io.onHangup, report: reloaded, signal: over.signal });
        await supervisor.start(io.signal);
        if (options.json !== true) writeLine(io.stdout, whatToTryNext(topology, file));
        await untilAborted(io.signal);
      } catch (error) {
        if (error instanceof MemberFailedError) {
          writeLine(io.stderr, `pointsman: ${error.message}`);
          throw new MemberEndedError(error.exitCode);
        }
        if (!io.signal.aborted) throw error;
      } finally {
        over.abort();
        if (options.json !== true) io.stderr.write('Stopping …\n');
        using deadline = new Deadline(STOP_MS, io.abort);
        await supervisor.stop(deadline.signal);
      }
    });
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** What happens, for a person to read. */
function narrate(io: CliIo): (event: UpEvent) => void {
  return (event) => {
    switch (event.event) {
      case 'ready':
        for (const { name, url } of [...event.proxies, ...event.servers])
          writeLine(io.stdout, `  ${name} serves at ${url}`);
        for (const { name, server, epoch } of event.engines)
          writeLine(io.stdout, `  ${name} runs in ${server} (epoch ${epoch})`);
        break;
      case 'engine':
        writeLine(io.stdout, `${event.name} now runs in ${event.server} (epoch ${event.epoch})`);
        break;
      case 'exit':
        writeLine(io.stdout, `${event.name} ended (${event.signal ?? `code ${event.code ?? 'none'}`})`);
        break;
      case 'start':
        writeLine(io.stdout, `${event.name} started (pid ${event.pid})`);
        break;
      case 'reload':
        narrateReload(event, (line) => writeLine('refused' in event ? io.stderr : io.stdout, line));
        break;
      case 'restart':
        writeLine(io.stdout, `${event.name} started again (pid ${event.pid})`);
        break;
    }
  };
}
