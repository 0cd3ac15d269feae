import type { Hangups } from '../app/follow-file.ts';
import type { MemberOrder } from '../app/member-child.ts';
import type { ListenerHandle } from '../http/listener/listener-options.ts';

/** Where output goes. `isTTY`: a person is looking, so progress may be shown. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** What a process is to become; a proxy may get the listening socket of the one before. */
export interface ToldOrder extends MemberOrder {
  readonly listener?: ListenerHandle | undefined;
}

/** What a command gets from the process. Commands touch nothing else of it. */
export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts when the user wants the command to end (SIGINT, SIGTERM): clean up, then return. */
  readonly signal: AbortSignal;
  /** Aborts when the user asks a second time: stop without grace. */
  readonly abort: AbortSignal;
  /** What whoever started this process says that it is to be; undefined when it is told to end instead. */
  told(): Promise<ToldOrder | undefined>;
  /** Gives whoever started this process its listening socket, to keep for a successor. */
  offer(listener: ListenerHandle): void;
  /** Aborts when whoever started this process wants it to drain, and will end it when that takes too long. */
  readonly leave: AbortSignal;
  /** Calls `listener` with each further topology that whoever started this process sends, until `signal` aborts. */
  onTopology(listener: (text: string) => void, signal: AbortSignal): void;
  /** Calls `listener` at each SIGHUP that does not come from a terminal that is gone, until `signal` aborts. */
  readonly onHangup: Hangups;
  /** The script that this process runs, for commands that start further processes of it. */
  readonly program: string;
  /** The WSDL and the schemas that servers and proxies serve. */
  readonly wsdlDirectory: string;
}

/** Writes one JSON object on one line. */
export function writeJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value)}\n`);
}

/** Writes text and a line end. */
export function writeLine(output: Output, text: string): void {
  output.write(`${text}\n`);
}
