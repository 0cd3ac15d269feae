import { Command } from 'commander';
import type { CliIo } from './io.ts';

/** Adds one command, or a few that belong together, to a program. */
export type AddCommand = (program: Command, io: CliIo) => void;

/** Where each command is. Only what is asked for is loaded: a member must start fast, and knows nothing of SOAP clients. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  up: async () => (await import('./up.ts')).addUpCommand,
  server: async () => (await import('./member.ts')).addServerCommand,
  proxy: async () => (await import('./member.ts')).addProxyCommand,
  spare: async () => (await import('./member.ts')).addSpareCommand,
  validate: async () => (await import('./validate.ts')).addValidateCommand,
  status: async () => (await import('./status.ts')).addStatusCommand,
  backup: async () => (await import('./backup.ts')).addBackupCommand,
  restore: async () => (await import('./restore.ts')).addRestoreCommand,
  'dead-letters': async () => (await import('./dead-letters.ts')).addDeadLettersCommand,
  engines: async () => (await import('./engines.ts')).addEnginesCommand,
  restart: async () => (await import('./restart.ts')).addRestartCommand,
  publish: async () => (await import('./publish.ts')).addPublishCommand,
  subscribe: async () => (await import('./subscribe.ts')).addSubscribeCommand,
  pull: async () => (await import('./pull.ts')).addPullCommand,
};

/**
 * The command line with the command that `name` is, or with all of them if it is none. Throws CommanderError instead of
 * ending the process; prints to `io` only.
 */
export async function createProgram(io: CliIo, name: string | undefined): Promise<Command> {
  const program = new Command('pointsman')
    .description('A WS-Notification broker that clusters')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError('(pointsman --help shows what there is)');
  const wanted = Object.entries(COMMANDS).filter(([command]) => command === name);
  for (const [, load] of wanted.length > 0 ? wanted : Object.entries(COMMANDS)) (await load())(program, io);
  return program;
}
