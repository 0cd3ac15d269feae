import type { Command } from 'commander';
import { fileURLToPath } from 'node:url';
import { loadEverything, runMember } from '../app/run-member.ts';
import { loadTopology } from '../topology/load.ts';
import type { Topology } from '../topology/model.ts';
import { MemberEndedError, UsageError } from './failure.ts';
import { writeJson, writeLine, type CliIo } from './io.ts';

/** Beside `src` and `dist`, wherever the package is. */
const WSDL_DIRECTORY = fileURLToPath(new URL('../../wsdl', import.meta.url));

/** `pointsman server NAME`: one server, for one host. */
export function addServerCommand(program: Command, io: CliIo): void {
  addMemberCommand(program, io, 'server');
}

/** `pointsman proxy NAME`: one proxy, for one host. */
export function addProxyCommand(program: Command, io: CliIo): void {
  addMemberCommand(program, io, 'proxy');
}

/** Not for people: `up` keeps one process that has loaded everything and becomes the member that it is told to be. */
export function addSpareCommand(program: Command, io: CliIo): void {
  program
    .command('spare', { hidden: true })
    .requiredOption('--topology <file>', 'the topology file')
    .option('--json', 'one JSON object on each line, for programs')
    .action(async (options: MemberOptions) => {
      const topology = loadTopology(options.topology, io.env);
      await loadEverything();
      const told = io.told();
      writeJson(io.stdout, { event: 'waiting' });
      const identity = await told;
      if (identity !== undefined) await runAs(identity, topology, options, io);
    });
}

interface MemberOptions {
  readonly topology: string;
  readonly json?: boolean;
}

function addMemberCommand(program: Command, io: CliIo, role: 'server' | 'proxy'): void {
  program
    .command(role)
    .description(`run one ${role} of a topology, for one host`)
    .argument('<name>', `the ${role}'s name in the topology`)
    .requiredOption('--topology <file>', 'the topology file')
    .option('--json', 'one JSON object on each line, for programs')
    .action(async (name: string, options: MemberOptions) => {
      await runAs({ role, name }, loadTopology(options.topology, io.env), options, io);
    });
}

async function runAs(
  { role, name, listener }: NonNullable<Awaited<ReturnType<CliIo['told']>>>,
  topology: Topology,
  { topology: file, json }: MemberOptions,
  io: CliIo,
): Promise<void> {
  assertMember(topology, role, name, file);
  const exitCode = await runMember({
    topology,
    role,
    name,
    environment: io.env,
    wsdlDirectory: WSDL_DIRECTORY,
    ...(listener === undefined ? {} : { inherited: listener }),
    onListening: (opened) => io.offer(opened),
    events: (event) => {
      if (json === true) writeJson(io.stdout, event);
      else if (event.event === 'serving') writeLine(io.stdout, `${event.name} serves at ${event.url}`);
      else if (event.event === 'engine') writeLine(io.stdout, `${event.name} runs here (epoch ${event.epoch})`);
    },
    signal: io.signal,
    abort: io.abort,
  });
  if (exitCode !== 0) throw new MemberEndedError(exitCode);
}

function assertMember(topology: Topology, role: 'server' | 'proxy', name: string, file: string): void {
  const names = (role === 'server' ? topology.servers : topology.proxies).map((member) => member.name);
  if (names.includes(name)) return;
  throw new UsageError(`No ${role} "${name}" in ${file}; expected one of: ${names.join(', ')}`);
}
