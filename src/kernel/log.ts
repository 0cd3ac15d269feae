/** Fields of a log line. Names are fixed: server, engine, epoch, subscription, operation, attempt, durationMs, error. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where a component writes what happened. Passed in, never module-level. Messages are static; what varies is a field.
 * error: a person must act. warn: it healed itself. info: a state changed. debug: each request. trace: each message.
 */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

/** Writes nothing. */
export const silentLogger: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
