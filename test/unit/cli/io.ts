import { createProgram } from '../../../src/cli/program.ts';
import type { CliIo, Output } from '../../../src/cli/io.ts';

/** A command's surroundings that remember what it wrote and can be told to stop it. */
export class RecordedIo implements CliIo {
  readonly env: Readonly<Record<string, string | undefined>> = {};
  readonly program = 'pointsman';
  readonly wsdlDirectory = 'wsdl';
  readonly #stop = new AbortController();
  readonly signal = this.#stop.signal;
  readonly abort = new AbortController().signal;
  readonly leave = new AbortController().signal;
  readonly told: CliIo['told'] = () => Promise.resolve(undefined);
  readonly offer: CliIo['offer'] = () => undefined;
  readonly onTopology: CliIo['onTopology'] = () => undefined;
  readonly onHangup: CliIo['onHangup'] = () => undefined;
  out = '';
  err = '';
  readonly stdout: Output = { write: (text: string) => (this.out += text) };
  readonly stderr: Output = { write: (text: string) => (this.err += text) };

  /** What SIGINT does. */
  interrupt(): void {
    this.#stop.abort();
  }

  /** The lines on standard output as JSON. */
  lines(): Record<string, unknown>[] {
    const complete = this.out.slice(0, this.out.lastIndexOf('\n') + 1);
    return complete
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

/** Runs a command line to its end. */
export async function run(io: RecordedIo, ...args: string[]): Promise<void> {
  await (await createProgram(io, args[0])).parseAsync(['node', 'pointsman', ...args]);
}

/** What a command line that fails throws. */
export async function failureOf(...args: string[]): Promise<unknown> {
  const io = new RecordedIo();
  return run(io, ...args).then(
    () => 'no failure',
    (error: unknown) => error,
  );
}
