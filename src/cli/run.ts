import { CommanderError } from 'commander';
import { describeFailure, exitCodeOf, MemberEndedError } from './failure.ts';
import type { CliIo } from './io.ts';
import { createProgram } from './program.ts';

/** Runs one command line; resolves with the exit code. Never rejects: what went wrong is told on stderr. */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const program = await createProgram(io, argv[2]);
    await program.parseAsync([...argv]);
    return 0;
  } catch (error) {
    if (error instanceof MemberEndedError) return error.exitCode;
    // Commander has told the user already. It exits with 1 for bad arguments; here that is 2, as for bad files.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.stderr.write(`${describeFailure(error)}\n`);
    return exitCodeOf(error);
  }
}
