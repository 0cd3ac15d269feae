import type { Command } from 'commander';
import { resolve } from 'node:path';
import { backUp } from '../app/engine-backups.ts';
import { loadTopology } from '../topology/load.ts';
import { chosenEngines } from './chosen-engines.ts';
import { writeJson, writeLine, type CliIo } from './io.ts';

/** `pointsman backup FILE --to DIR`: copies what the engines have stored, while they run or not. */
export function addBackupCommand(program: Command, io: CliIo): void {
  program
    .command('backup')
    .description('copy what the engines have stored, while they run or not')
    .argument('<file>', 'the topology file')
    .requiredOption('--to <directory>', 'where each engine gets a folder of its name')
    .option('--engine <name>', 'only this engine')
    .option('--json', 'one JSON object on each line, for programs')
    .action(async (file: string, options: { to: string; engine?: string; json?: boolean }) => {
      const topology = loadTopology(file, io.env);
      for (const engine of chosenEngines(topology, options.engine)) {
        const { from, folder, manifest } = await backUp(topology, io.env, { engine, to: resolve(options.to) });
        if (options.json === true) {
          writeJson(io.stdout, { event: 'backup', engine, from, folder, manifest });
          continue;
        }
        const { epoch, commits, head, bytes } = manifest;
        writeLine(io.stdout, `${engine}  ${folder}  from ${from}, ${bytes} bytes`);
        writeLine(io.stdout, `  epoch ${epoch}, commit ${commits}, log number ${head}, begun at ${manifest.begunAt}`);
      }
    });
}
