import type { Command } from 'commander';
import { loadTopicModel } from '../app/topic-documents.ts';
import { describeTopology } from '../topology/describe.ts';
import { loadTopology } from '../topology/load.ts';
import type { CliIo } from './io.ts';
import { writeJson, writeLine } from './io.ts';

/** `pointsman validate FILE`: says what a topology file means, or everything that is wrong with it or the topic documents that it names. */
export function addValidateCommand(program: Command, io: CliIo): void {
  program
    .command('validate')
    .description('check a topology file with the topic documents that it names, and show what it means')
    .argument('<file>', 'the topology file')
    .option('--json', 'the resolved topology as one JSON object, for programs')
    .action((file: string, options: { json?: boolean }) => {
      const topology = loadTopology(file, io.env);
      loadTopicModel(topology.topics);
      if (options.json === true) writeJson(io.stdout, topology);
      else writeLine(io.stdout, describeTopology(topology));
    });
}
