/**
 * What may have happened to a request that failed.
 * `no`: it surely had no effect, so it may be sent again. `unknown`: it may have had its effect, so it may be
 * sent again only with the same request id.
 */
export type Processed = 'no' | 'unknown';

/** Why this side could not serve a request that was in order. */
export type InfrastructureCode =
  | 'engine-not-here'
  | 'lease-lost'
  | 'store-unavailable'
  | 'store-full'
  | 'overloaded'
  | 'unreachable'
  | 'timed-out'
  | 'shutting-down';

/** Something this side depends on failed. At the SOAP edge: HTTP 503, Retry-After and a Receiver fault without internals. */
export class InfrastructureError extends Error {
  override readonly name = 'InfrastructureError';
  readonly code: InfrastructureCode;
  readonly processed: Processed;
  /**
   * Back-pressure: it is meant for the client, who should try again after so many milliseconds. Undefined: whoever passes
   * the request on may try again at once, or elsewhere.
   */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: InfrastructureCode,
    message: string,
    options: { processed: Processed; cause?: unknown; retryAfterMs?: number },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.processed = options.processed;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A bug: something that cannot be is. The component stops; the process exits with code 70. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** The store can no longer be trusted (a failed fsync, a damaged file). The process exits with code 74. */
export class StoreBrokenError extends Error {
  override readonly name = 'StoreBrokenError';
}

/** One thing that is wrong in a configuration file. `line` and `column` start at 1. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where in the document, for example `servers[1].listen`. */
  readonly path: string;
  /** What was found and what was expected. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** A configuration that cannot be used, with everything that is wrong in it. The process exits with code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/** `file:line:column: path: message (hint)`: the form that editors and people can follow. */
export function formatDiagnostic({ file, line, column, path, message, hint }: Diagnostic): string {
  const where = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${where}${message}${hint === undefined ? '' : `\n    hint: ${hint}`}`;
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system or driver error, for example `ECONNREFUSED`. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
