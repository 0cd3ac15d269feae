import { ConfigError, InvariantError, StoreBrokenError, codeOf, messageOf } from '../kernel/errors.ts';

/** The arguments cannot be used. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The other side answered with a SOAP fault. `fault` is its most specific name, for example `ResourceUnknownFault`. */
export class SoapFaultError extends Error {
  override readonly name = 'SoapFaultError';
  readonly fault: string;
  readonly reason: string;

  constructor(fault: string, reason: string) {
    super(reason === '' ? fault : `${fault}: ${reason}`);
    this.fault = fault;
    this.reason = reason;
  }
}

/** The other side could not be reached, or did not answer as a SOAP service does. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
}

/** A member ended by itself, for the reason that its log tells; the exit code says which kind. */
export class MemberEndedError extends Error {
  override readonly name = 'MemberEndedError';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`The member ended with code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** The exit code for what a command threw: 0 done, 1 failed, 2 unusable arguments or configuration, 70 a bug, 74 a store that cannot be trusted. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof ConfigError) return 2;
  if (error instanceof InvariantError) return 70;
  if (error instanceof StoreBrokenError) return 74;
  return 1;
}

/** What to tell the user about what a command threw. */
export function describeFailure(error: unknown): string {
  return error instanceof ConfigError ? error.message : `pointsman: ${messageOf(error)}`;
}

/** Says why `url` could not be reached, and what to do about it. */
export function unreachable(url: string, cause: unknown): ExchangeError {
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED:
      'nothing listens there. Start a broker with "pointsman up topologies/single.yaml", or say with --wsdl where one is',
    ENOTFOUND: 'there is no such host',
    EAI_AGAIN: 'the host name cannot be resolved now',
    ECONNRESET: 'the connection was cut',
    ECONNABORTED: 'no answer in time',
    ETIMEDOUT: 'no answer in time',
    ERR_CANCELED: 'cancelled',
  };
  const code = codeOf(cause);
  const reason = (code === undefined ? undefined : reasons[code]) ?? messageOf(cause);
  return new ExchangeError(`Cannot reach ${url}: ${reason}`, { cause });
}
