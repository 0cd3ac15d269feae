import type { Command } from 'commander';
import { askStatus, type MemberStatus } from '../app/status.ts';
import { loadTopology } from '../topology/load.ts';
import { writeJson, writeLine, type CliIo } from './io.ts';

/** `pointsman status [FILE]`: who is up and which engine runs where. Exit code 1 when an engine runs nowhere. */
export function addStatusCommand(program: Command, io: CliIo): void {
  program
    .command('status')
    .description('show which servers are up and where each engine runs')
    .argument('[file]', 'the topology file', 'topologies/combined.yaml')
    .option('--json', 'one JSON object on each line, for programs')
    .action(async (file: string, options: { json?: boolean }) => {
      const topology = loadTopology(file, io.env);
      const members = await askStatus(topology, io.env);
      const newest = Math.max(0, ...members.map((member) => (member.isUp ? member.topology.version : 0)));
      for (const member of members) {
        if (options.json === true) writeJson(io.stdout, member);
        else writeLine(io.stdout, describe(member, newest));
      }
      const active = new Set(members.flatMap((member) => (member.isUp ? activeIn(member) : [])));
      const missing = topology.engines.filter(({ name }) => !active.has(name)).map(({ name }) => name);
      if (missing.length > 0) throw new NotActiveError(`Not active anywhere: ${missing.join(', ')}`);
    });
}

function describe(member: MemberStatus, newest: number): string {
  if (!member.isUp) return `${member.server}  down`;
  const engines = member.engines.map(({ name, state, epoch, problem }) => {
    const notes = [epoch === undefined ? undefined : `epoch ${epoch}`, problem].filter((note) => note !== undefined);
    return notes.length === 0 ? `${name} ${state}` : `${name} ${state} (${notes.join('; ')})`;
  });
  const { version, fingerprint } = member.topology;
  const behind = version < newest ? `, behind ${newest}` : '';
  const state = member.isDrained ? 'drained' : 'up';
  return `${member.server}  ${state}  pid ${member.pid}  ${engines.join(', ')}  topology ${version} (${fingerprint}${behind})`;
}

function activeIn({ engines }: MemberStatus & { isUp: true }): readonly string[] {
  return engines.filter(({ state }) => state === 'active').map(({ name }) => name);
}

/** The cluster can be asked, and some of its engines run nowhere. */
class NotActiveError extends Error {
  override readonly name = 'NotActiveError';
}
