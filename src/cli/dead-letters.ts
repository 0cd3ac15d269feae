import type { Command } from 'commander';
import { DeadLetterClient } from '../app/dead-letters.ts';
import { loadTopology } from '../topology/load.ts';
import { UsageError } from './failure.ts';
import { writeJson, writeLine, type CliIo } from './io.ts';
import { printable } from './printing.ts';

interface Options {
  readonly topology: string;
  readonly json?: boolean;
  readonly subscription?: string;
  readonly all?: boolean;
}

type Letter = Awaited<ReturnType<typeof listed>>[number];

/** `pointsman dead-letters list|show|redeliver|drop`: the messages that were given up for a subscription. */
export function addDeadLettersCommand(program: Command, io: CliIo): void {
  const letters = program
    .command('dead-letters')
    .description('show messages that no consumer would take; send them again or drop them');
  command(letters, 'list', 'list them, the oldest of each engine first')
    .option('--subscription <id>', 'of this subscription only')
    .action(async (options: Options) => {
      for (const letter of await listed(clientOf(options, io), options)) print(io, options, letter);
    });
  command(letters, 'show <id>', 'show one with its message').action(async (id: string, options: Options) => {
    await show(id, options, io);
  });
  command(letters, 'redeliver [ids...]', 'send them again, behind what their subscription has to get already')
    .option('--subscription <id>', 'all of this subscription')
    .option('--all', 'all of the topology')
    .action(async (ids: string[], options: Options) => change('redeliverDeadLetters', ids, options, io));
  command(letters, 'drop [ids...]', 'forget them')
    .option('--subscription <id>', 'all of this subscription')
    .option('--all', 'all of the topology')
    .action(async (ids: string[], options: Options) => change('dropDeadLetters', ids, options, io));
}

function command(letters: Command, name: string, description: string): Command {
  return letters
    .command(name)
    .description(description)
    .option('--topology <file>', 'the topology file', 'topologies/combined.yaml')
    .option('--json', 'one JSON object on each line, for programs');
}

function clientOf({ topology: file }: Options, io: CliIo): Client {
  const topology = loadTopology(file, io.env);
  return { engines: topology.engines.map(({ name }) => name), ask: new DeadLetterClient(topology, io.env) };
}

interface Client {
  readonly engines: readonly string[];
  readonly ask: DeadLetterClient;
}

async function listed({ engines, ask }: Client, { subscription }: Pick<Options, 'subscription'>) {
  const lists = await Promise.all(
    engines.map(async (engine) => {
      const request = subscription === undefined ? {} : { subscription };
      const { letters } = await ask.ask(engine, 'deadLetters', request);
      return letters.map((letter) => ({ engine, ...letter }));
    }),
  );
  return lists.flat();
}

async function show(id: string, options: Options, io: CliIo): Promise<void> {
  const client = clientOf(options, io);
  const letter = (await listed(client, {})).find((one) => one.id === id);
  const { found } = letter === undefined ? {} : await client.ask.ask(letter.engine, 'deadLetter', { id });
  if (letter === undefined || found === undefined) throw new Error(`There is no dead letter ${id}`);
  const message = Buffer.from(found.message).toString();
  if (options.json === true) {
    writeJson(io.stdout, { ...letter, at: new Date(letter.at).toISOString(), message });
    return;
  }
  print(io, options, letter);
  writeLine(io.stdout, printable(message));
}

/** Exit code 1 when one of those that were named could not be changed. */
async function change(
  operation: 'redeliverDeadLetters' | 'dropDeadLetters',
  ids: readonly string[],
  options: Options,
  io: CliIo,
): Promise<void> {
  const isOneWay = [ids.length > 0, options.all === true, options.subscription !== undefined].filter(Boolean);
  if (isOneWay.length !== 1) throw new UsageError('Expected ids, or --subscription, or --all');
  const client = clientOf(options, io);
  const letters = (await listed(client, options)).filter(({ id }) => ids.length === 0 || ids.includes(id));
  const missing = ids.filter((id) => !letters.some((letter) => letter.id === id));
  const refused = missing.map((id) => ({ id, reason: 'there is no such dead letter' }));
  for (const engine of client.engines) {
    const its = letters.filter((letter) => letter.engine === engine).map(({ id }) => id);
    if (its.length === 0) continue;
    const reply = await client.ask.ask(engine, operation, { ids: its });
    for (const id of reply.done) report(io, options, id, operation === 'dropDeadLetters' ? 'dropped' : 'sent again');
    if ('refused' in reply) refused.push(...reply.refused);
  }
  for (const { id, reason } of refused) report(io, options, id, 'left as it is', reason);
  if (refused.length > 0) throw new Error(`${refused.length} dead letters are left as they are`);
}

function report(io: CliIo, { json }: Options, id: string, outcome: string, reason?: string): void {
  if (json === true) writeJson(io.stdout, { id, outcome, ...(reason === undefined ? {} : { reason }) });
  else writeLine(io.stdout, `${id}  ${outcome}${reason === undefined ? '' : `: ${reason}`}`);
}

function print(io: CliIo, { json }: Options, letter: Letter): void {
  const at = new Date(letter.at).toISOString();
  if (json === true) {
    writeJson(io.stdout, { ...letter, at });
    return;
  }
  const { id, engine, subscription, consumer, topic = '(no topic)', reason, attempts } = letter;
  const line = `${id}  ${at}  ${engine}/${subscription}  ${topic}  ${consumer}  ${attempts} tries: ${reason}`;
  writeLine(io.stdout, printable(line));
}
