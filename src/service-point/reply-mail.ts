import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { SoapReply } from '../soap/fault.ts';
import type { HttpSender } from '../http/sender/http-sender.ts';

const CONNECT_TIMEOUT_MS = 3_000;
const TOTAL_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Replies under way; further ones are dropped, since nobody waits for them over this connection. */
const MAX_UNDER_WAY = 256;

/** Sends replies to where wsa:ReplyTo or wsa:FaultTo name another place (WS-Addressing SOAP Binding §5.1). Once each: best effort. */
export class ReplyMail {
  readonly #sender: Pick<HttpSender, 'post'>;
  readonly #logger: Logger;
  #underWay = 0;

  constructor(sender: Pick<HttpSender, 'post'>, logger: Logger) {
    this.#sender = sender;
    this.#logger = logger;
  }

  /** What goes back over the connection of the request: the reply itself, or 202 where it goes elsewhere. */
  send(reply: SoapReply): SoapReply {
    const { elsewhere, body } = reply;
    if (elsewhere === undefined) return reply;
    if (elsewhere !== 'discard') void this.#post(elsewhere, body);
    return { status: 202, contentType: '', body: Buffer.alloc(0) };
  }

  async #post(to: Exclude<SoapReply['elsewhere'], 'discard' | undefined>, body: SoapReply['body']): Promise<void> {
    if (this.#underWay >= MAX_UNDER_WAY) {
      this.#logger.warn('Reply dropped: too many are under way', { address: to.address });
      return;
    }
    this.#underWay += 1;
    try {
      const { status } = await this.#sender.post({
        url: to.address,
        headers: to.headers,
        body,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        totalTimeoutMs: TOTAL_TIMEOUT_MS,
        maxReplyBytes: MAX_ANSWER_BYTES,
      });
      this.#logger.debug('Reply sent', { address: to.address, status });
    } catch (error) {
      if (!(error instanceof InfrastructureError)) throw error;
      this.#logger.info('Reply could not be sent', { address: to.address, error: messageOf(error) });
    } finally {
      this.#underWay -= 1;
    }
  }
}
