import type { Command } from 'commander';
import { dirname, resolve } from 'node:path';
import { loadTopicModel } from '../app/topic-documents.ts';
import { describeTopology } from '../topology/describe.ts';
import { ConfigError } from '../kernel/errors.ts';
import { loadTopology, readTopologyText } from '../topology/load.ts';
import { judgeReload } from '../topology/reload.ts';
import type { CliIo } from './io.ts';
import { writeJson, writeLine } from './io.ts';

/** `pointsman validate FILE`: says what a topology file means, or everything that is wrong with it or the topic documents that it names. */
export function addValidateCommand(program: Command, io: CliIo): void {
  program
    .command('validate')
    .description('check a topology file with the topic documents that it names, and show what it means')
    .argument('<file>', 'the topology file')
    .option('--against <running>', 'another file: say what would change if FILE took its place while it runs')
    .option('--json', 'the resolved topology as one JSON object, for programs')
    .action((file: string, options: { json?: boolean; against?: string }) => {
      const topology = loadTopology(file, io.env);
      loadTopicModel(topology.topics);
      if (options.against !== undefined) compare(options.against, file, options.json === true, io);
      else if (options.json === true) writeJson(io.stdout, topology);
      else writeLine(io.stdout, describeTopology(topology));
    });
}

/** Throws ConfigError with all that keeps `file` from taking the place of `running`. */
function compare(running: string, file: string, isJson: boolean, io: CliIo): void {
  const before = loadTopology(running, io.env);
  const directory = dirname(resolve(file));
  const judged = judgeReload({ text: readTopologyText(file), file, directory, environment: io.env, before });
  if ('refused' in judged) throw new ConfigError(judged.refused);
  const { changes } = judged;
  if (isJson) writeJson(io.stdout, changes);
  else if (changes.length === 0) writeLine(io.stdout, 'Nothing would change');
  else for (const { what } of changes) writeLine(io.stdout, what);
}
