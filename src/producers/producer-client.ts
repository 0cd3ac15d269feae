import type { HttpPost, HttpPostReply } from '../http/sender/http-sender.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import { randomUrn } from '../kernel/ids.ts';
import { headerBlocksFor } from '../soap/addressing.ts';
import { anonymousAddress } from '../soap/addressing-names.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { writeEnvelope } from '../soap/fault.ts';
import { contentTypeOf } from '../soap/version.ts';
import type { SoapVersion } from '../soap/version.ts';
import type { TopicExpression } from '../wsn/messages.ts';
import type { XmlElement } from '../xml/document.ts';
import { escapeText } from '../xml/writer.ts';
import { readAnswer } from './answer.ts';
import { Gate } from './gate.ts';
import {
  ASKED,
  type AskedName,
  type Grant,
  type Pulled,
  readGrant,
  readLifetime,
  readPulled,
  writeBare,
  writeCreatePullPoint,
  writePullMessages,
  writeRenew,
  writeSubscribe,
} from './messages.ts';

/** How requests reach a producer: `HttpSender`. Never follows a redirect. */
export interface RequestSender {
  post(request: HttpPost): Promise<HttpPostReply>;
}

/** Somebody that SOAP requests are sent to. */
export interface Endpoint {
  readonly reference: EndpointReference;
  readonly soapVersion: SoapVersion;
}

export interface ProducerClientOptions {
  readonly sender: RequestSender;
  /** Read at each request; `totalTimeoutMs`: from its beginning to the end of its reply. */
  readonly times: { readonly connectTimeoutMs: number; readonly totalTimeoutMs: number };
  /** Aborted: the connections are cut. */
  readonly signal: AbortSignal;
  /** Asked immediately before a request is written; false: nothing is written. */
  readonly mayBegin: () => boolean;
}

/** What a Subscribe asks for. */
export interface Wish {
  readonly topic: TopicExpression | undefined;
  readonly lifetimeMs: number;
  /** The same for a repetition of which it is not known whether the first had its effect: a producer may recognise it. */
  readonly messageId: string;
}

/** Bytes of an answer. */
const MAX_ANSWER = 64 * 1024;
const MAX_PULLED = 4 * 1024 * 1024;
/** Requests under way at the same time, but for PullMessages, which mostly wait. */
const MAX_AT_ONCE = 32;

/**
 * Asks producers and their subscription managers. All methods reject with ProducerAnswerError for an answer that is not the one
 * asked for, InfrastructureError without one.
 */
export class ProducerClient {
  readonly #options: ProducerClientOptions;
  readonly #gate = new Gate(MAX_AT_ONCE);

  constructor(options: ProducerClientOptions) {
    this.#options = options;
  }

  /** Subscribe (WS-BaseNotification §4.1). */
  async subscribe(to: Endpoint, consumer: EndpointReference, wish: Wish): Promise<Grant> {
    const body = writeSubscribe(consumer, wish.topic, wish.lifetimeMs);
    return readGrant(await this.#ask(to, 'Subscribe', body, wish.messageId));
  }

  /** ONVIF's CreatePullPointSubscription. */
  async createPullPoint(to: Endpoint, wish: Wish): Promise<Grant> {
    const body = writeCreatePullPoint(wish.topic, wish.lifetimeMs);
    return readGrant(await this.#ask(to, 'CreatePullPointSubscription', body, wish.messageId));
  }

  /** Renew. Resolves with what was granted, as in `Grant`. */
  async renew(to: Endpoint, lifetimeMs: number): Promise<number | null | undefined> {
    const answer = await this.#ask(to, 'Renew', writeRenew(lifetimeMs));
    return answer === undefined ? undefined : readLifetime(answer);
  }

  /** An operation on a subscription that needs no more than its name. */
  async ask(to: Endpoint, name: 'Unsubscribe' | 'PauseSubscription' | 'ResumeSubscription'): Promise<void> {
    await this.#ask(to, name, writeBare(name));
  }

  /** ONVIF's PullMessages: takes up to `limit` messages, waits up to `waitMs` for a first one. `signal` gives it up. */
  async pullMessages(to: Endpoint, waitMs: number, limit: number, signal: AbortSignal): Promise<Pulled> {
    const totalTimeoutMs = waitMs + this.#options.times.totalTimeoutMs;
    const limits = { totalTimeoutMs, maxReplyBytes: MAX_PULLED, signal };
    return readPulled(await this.#exchange(to, 'PullMessages', writePullMessages(waitMs, limit), randomUrn(), limits));
  }

  #ask(to: Endpoint, name: AskedName, body: string, messageId = randomUrn()): Promise<XmlElement | undefined> {
    const { times, signal } = this.#options;
    const { totalTimeoutMs } = times;
    const limits = { totalTimeoutMs, maxReplyBytes: MAX_ANSWER, signal };
    return this.#gate.run(() => this.#exchange(to, name, body, messageId, limits));
  }

  async #exchange(
    { reference, soapVersion }: Endpoint,
    name: AskedName,
    body: string,
    messageId: string,
    limits: Pick<HttpPost, 'totalTimeoutMs' | 'maxReplyBytes' | 'signal'>,
  ): Promise<XmlElement | undefined> {
    const { sender, times, mayBegin } = this.#options;
    const { action, reply: expected } = ASKED[name];
    if (!mayBegin()) throw new InfrastructureError('lease-lost', `${name} may not begin any more`, { processed: 'no' });
    const reply = await sender.post({
      url: reference.address,
      headers: {
        'Content-Type': contentTypeOf(soapVersion, action),
        ...(soapVersion === '1.1' ? { SOAPAction: `"${action}"` } : {}),
      },
      body: writeEnvelope({
        version: soapVersion,
        headerBlocks: addressingBlocks(reference, action, messageId),
        body,
      }),
      connectTimeoutMs: times.connectTimeoutMs,
      ...limits,
      mayBegin,
    });
    return readAnswer(reply, expected, limits.maxReplyBytes);
  }
}

/** WS-Addressing 1.0, none of it mustUnderstand: devices without it pass over it. */
function addressingBlocks(to: EndpointReference, action: string, messageId: string): string {
  return (
    `<wsa:To>${escapeText(to.address)}</wsa:To><wsa:Action>${action}</wsa:Action>` +
    `<wsa:MessageID>${messageId}</wsa:MessageID>` +
    `<wsa:ReplyTo><wsa:Address>${anonymousAddress('2005/08')}</wsa:Address></wsa:ReplyTo>` +
    headerBlocksFor(to)
  );
}
