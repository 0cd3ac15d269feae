import type { Command } from 'commander';
import { Operations } from '../app/operate.ts';
import { RollingRestart } from '../app/rolling-restart.ts';
import { systemClock } from '../kernel/clock.ts';
import { loadTopology } from '../topology/load.ts';
import { UsageError } from './failure.ts';
import { writeJson, writeLine, type CliIo } from './io.ts';

/** `pointsman restart --rolling [FILE]`: every member of a running cluster anew, one after the other. */
export function addRestartCommand(program: Command, io: CliIo): void {
  program
    .command('restart')
    .description('restart the members of a running cluster one after the other; no client notices')
    .argument('[file]', 'the topology file', 'topologies/combined.yaml')
    .option('--rolling', 'confirms that this is what you want; there is no other way yet')
    .option('--member <name>', 'only this server or proxy, which a service manager starts again')
    .option('--json', 'one JSON object on each line, for programs')
    .action(async (file: string, options: { rolling?: boolean; member?: string; json?: boolean }) => {
      if (options.rolling !== true) throw new UsageError('Say --rolling: members are restarted one after the other');
      const topology = loadTopology(file, io.env);
      const restart = new RollingRestart(topology, new Operations(topology, io.env), systemClock);
      await restart.run(options.member, (restarted) => {
        if (options.json === true) writeJson(io.stdout, { event: 'restarted', ...restarted });
        else writeLine(io.stdout, `${restarted.member} is back after ${restarted.tookMs} ms (pid ${restarted.pid})`);
      });
    });
}
