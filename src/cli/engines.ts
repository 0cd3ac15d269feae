import type { Command } from 'commander';
import type { MoveOutcome } from '../app/channels.ts';
import { OperationError, Operations } from '../app/operate.ts';
import { loadTopology } from '../topology/load.ts';
import { writeJson, writeLine, type CliIo } from './io.ts';

interface EnginesOptions {
  readonly topology: string;
  readonly json?: boolean;
}

/** `pointsman engines move|drain|undrain`: planned moves of a running cluster. */
export function addEnginesCommand(program: Command, io: CliIo): void {
  const engines = program.command('engines').description('move engines between the servers of a running cluster');
  addSubcommand(engines, 'move', 'move an engine to another server; it stays there until it is moved again')
    .argument('<engine>', 'the engine')
    .argument('<server>', 'one of its candidates')
    .action(async (engine: string, server: string, options: EnginesOptions) => {
      const moved = await operationsOf(options, io).move(engine, server);
      if (options.json === true) writeJson(io.stdout, { ...moved, engine, server });
      else if (!moved.isMoved) writeLine(io.stdout, `${engine} runs on ${server} already (epoch ${moved.epoch})`);
      else writeLine(io.stdout, describe(moved));
    });
  addSubcommand(engines, 'drain', 'move all engines of a server to others; it takes none until undrain or a restart')
    .argument('<server>', 'the server')
    .action(async (server: string, options: EnginesOptions) => {
      const { moves } = await operationsOf(options, io).drain(server, true);
      if (options.json === true) writeJson(io.stdout, { server, isDrained: true, moves });
      else for (const move of moves) writeLine(io.stdout, describe(move));
      const stayed = moves.filter(({ isMoved }) => !isMoved).map(({ engine }) => engine);
      if (stayed.length > 0) throw new OperationError(`${server} still runs ${stayed.join(', ')}`);
      if (options.json !== true) writeLine(io.stdout, `${server} is drained: it serves clients and runs no engine`);
    });
  addSubcommand(engines, 'undrain', 'let a drained server take engines again')
    .argument('<server>', 'the server')
    .action(async (server: string, options: EnginesOptions) => {
      await operationsOf(options, io).drain(server, false);
      if (options.json === true) writeJson(io.stdout, { server, isDrained: false });
      else writeLine(io.stdout, `${server} takes engines again`);
    });
}

function addSubcommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--topology <file>', 'the topology file', 'topologies/combined.yaml')
    .option('--json', 'one JSON object on each line, for programs');
}

function operationsOf({ topology }: EnginesOptions, io: CliIo): Operations {
  return new Operations(loadTopology(topology, io.env), io.env);
}

function describe(move: MoveOutcome): string {
  if (!move.isMoved) return `${move.engine} stays: ${move.reason}`;
  return `${move.engine} runs on ${move.server} now (epoch ${move.epoch}), after a pause of ${move.pauseMs} ms`;
}
