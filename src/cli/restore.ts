import type { Command } from 'commander';
import { resolve } from 'node:path';
import { restore } from '../app/engine-backups.ts';
import { loadTopology } from '../topology/load.ts';
import { chosenEngines } from './chosen-engines.ts';
import { writeJson, writeLine, type CliIo } from './io.ts';

/** `pointsman restore FILE --from DIR`: puts a backup in the place of what engines have stored. */
export function addRestoreCommand(program: Command, io: CliIo): void {
  program
    .command('restore')
    .description('put a backup in the place of what engines have stored; they must not run')
    .argument('<file>', 'the topology file')
    .requiredOption('--from <directory>', 'what "pointsman backup" wrote')
    .option('--engine <name>', 'only this engine')
    .option('--force', 'also when that takes something away that is newer than the backup')
    .option('--json', 'one JSON object on each line, for programs')
    .action(async (file: string, options: { from: string; engine?: string; force?: boolean; json?: boolean }) => {
      const topology = loadTopology(file, io.env);
      for (const engine of chosenEngines(topology, options.engine)) {
        const isForced = options.force === true;
        const done = await restore(topology, { engine, from: resolve(options.from), isForced });
        if (options.json === true) {
          writeJson(io.stdout, { event: 'restored', engine, ...done });
          continue;
        }
        const { backup, lost, keptIn } = done;
        writeLine(io.stdout, `${engine}  restored as it was at ${backup.begunAt} (commit ${backup.commits})`);
        writeLine(io.stdout, `  ${lost ?? 'nothing is known to be newer than the backup'}`);
        if (keptIn !== undefined) writeLine(io.stdout, `  the files that were there are now in ${keptIn}`);
      }
    });
}
