import { destination, pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';
import type { LogFields, Logger } from '../kernel/log.ts';
import { redact, type Loggable } from './redaction.ts';
import { formatTerminalLine } from './terminal-line.ts';

/** From the most to the least that is written. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** True for the name of a level. */
export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

/** Takes finished lines, each ending with a line break. */
export interface LogSink {
  write(line: string): unknown;
}

export interface LoggerOptions {
  /** The least important level that is still written; `info` when left out. */
  readonly level?: LogLevel;
  /** Where lines go; standard error when left out. */
  readonly sink?: LogSink;
  /** `json`: one object a line, for programs. `text`: for people. Left out: text when standard error is a terminal. */
  readonly form?: 'json' | 'text';
  /** Colours in the text form. Left out: yes on a terminal, unless NO_COLOR is set. */
  readonly hasColour?: boolean;
  /** Fields of every line, such as the name of the server. */
  readonly fields?: LogFields;
}

/**
 * A logger over pino. Each line carries `level`, `time` (ISO 8601, UTC) and `message`; a field that would take one of
 * these names gets an underscore behind it. What is written has passed redact(). Writing is synchronous, so that the
 * last line before an exit is not lost; logging never throws.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const isTerminal = options.sink === undefined && process.stderr.isTTY;
  const isText = options.form === undefined ? isTerminal : options.form === 'text';
  const hasColour = options.hasColour ?? (isTerminal && (process.env['NO_COLOR'] ?? '') === '');
  const sink: LogSink = options.sink ?? openStandardError();
  const writer = pino(
    {
      level: options.level ?? 'info',
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => sink.write(isText ? toText(line, hasColour) : line) },
  );
  return new RedactingLogger(writer, redactFields(options.fields ?? {}));
}

/** A standard error that is gone (closed pipe, full disk) costs log lines, not the process. */
function openStandardError(): LogSink {
  return destination({ dest: 2, sync: true }).on('error', () => undefined);
}

const OWN_KEYS: ReadonlySet<string> = new Set(['level', 'time', 'message']);

type Fields = Readonly<Record<string, Loggable>>;

class RedactingLogger implements Logger {
  readonly #writer: PinoLogger;
  /** Merged here and not by pino's children, which would write a name twice when a line has a field of that name too. */
  readonly #fields: Fields;

  constructor(writer: PinoLogger, fields: Fields) {
    this.#writer = writer;
    this.#fields = fields;
  }

  trace(message: string, fields?: LogFields): void {
    this.#write('trace', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  child(fields: LogFields): Logger {
    return new RedactingLogger(this.#writer, { ...this.#fields, ...redactFields(fields) });
  }

  #write(level: Exclude<LogLevel, 'silent'>, message: string, fields: LogFields | undefined): void {
    if (!this.#writer.isLevelEnabled(level)) return;
    try {
      const line = fields === undefined ? this.#fields : { ...this.#fields, ...redactFields(fields) };
      this.#writer[level](line, message);
    } catch {
      // A sink that is gone or a value that defies reading must not stop the work that was to be logged.
    }
  }
}

function redactFields(fields: LogFields): Fields {
  const redacted = redact(fields);
  if (typeof redacted !== 'object' || redacted === null || Array.isArray(redacted)) return {};
  const entries = Object.entries(redacted as Fields);
  return Object.fromEntries(entries.map(([name, value]) => [OWN_KEYS.has(name) ? `${name}_` : name, value]));
}

function toText(json: string, hasColour: boolean): string {
  const { level, time, message, ...fields } = JSON.parse(json) as Fields & Record<'level' | 'time' | 'message', string>;
  return formatTerminalLine({ level, time, message, fields }, hasColour);
}
