import { Command } from 'commander';
import type { CliIo } from './io.ts';
import { addPublishCommand } from './publish.ts';
import { addPullCommand } from './pull.ts';
import { addSubscribeCommand } from './subscribe.ts';
import { addValidateCommand } from './validate.ts';

/**
 * The command line with the commands that need no cluster of their own. Throws CommanderError instead of ending the
 * process; prints to `io` only.
 */
export function createProgram(io: CliIo): Command {
  const program = new Command('pointsman')
    .description('A WS-Notification broker that clusters')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError('(pointsman --help shows what there is)');
  addPublishCommand(program, io);
  addSubscribeCommand(program, io);
  addPullCommand(program, io);
  addValidateCommand(program, io);
  return program;
}
