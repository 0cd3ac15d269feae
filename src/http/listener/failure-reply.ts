import type { CancelSignal } from '../../kernel/cancellation.ts';
import type { Logger } from '../../kernel/log.ts';
import type { HttpReply } from '../messages.ts';
import { text } from './refusals.ts';

/** The answer to a request that failed; undefined: its client has gone. The one place where such a failure is logged. */
export function failureReply(error: unknown, signal: CancelSignal, logger: Logger): HttpReply | undefined {
  if (signal.aborted) {
    logger.debug('Request failed after its client had gone', { error });
    return undefined;
  }
  logger.error('Cannot answer a request', { error });
  return text(500, 'Internal error');
}
