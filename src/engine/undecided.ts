import { InfrastructureError } from '../kernel/errors.ts';

/** When it is worth to ask again, in milliseconds. */
const RETRY_MS = 1_000;

/** A request needs to know whether a message is for somebody, and that cannot be told now: the machine is busy. */
export function undecided(): InfrastructureError {
  const message = 'The filter of the subscription cannot be evaluated now';
  return new InfrastructureError('overloaded', message, { processed: 'no', retryAfterMs: RETRY_MS });
}
