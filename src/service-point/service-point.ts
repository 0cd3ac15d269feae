import type { Engines } from '../engine/ports/engine.ts';
import type { CancelSignal } from '../kernel/cancellation.ts';
import type { Clock } from '../kernel/clock.ts';
import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import { randomId } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import { affinityOfBlocks, affinityOfPath, combineAffinity } from '../soap/affinity.ts';
import { readEnvelope, type HttpFraming, type SoapMessage } from '../soap/envelope.ts';
import { permitReplyHosts, type ReplyPermission } from '../soap/reply-destination.ts';
import { toleranceOf, type Tolerance } from '../soap/tolerance.ts';
import { messageReply, ProtocolError, protocolFaultReply, type SoapReply } from '../soap/fault.ts';
import type { SoapVersion } from '../soap/version.ts';
import type { Conduct } from '../topology/model.ts';
import { decodeRequest } from '../wsn/codec.ts';
import { wsnFaultReply, WsnFault } from '../wsn/faults.ts';
import { isOnvifRequest } from '../wsn/onvif/operations.ts';
import { OPERATIONS } from '../wsn/operations.ts';
import type { XPath } from '../xml/xpath/xpath.ts';
import type { BrokerTopics, Call } from './call.ts';
import { serveOnvif, type OnvifService } from './onvif/serve-onvif.ts';
import { perform } from './performers.ts';
import type { ReplyMail } from './reply-mail.ts';

/** A SOAP request as it reached this server, directly or through a proxy. */
export interface ServicePointRequest {
  readonly path: string;
  readonly contentType?: string | undefined;
  readonly soapAction?: string | undefined;
  readonly body: Uint8Array;
  /** Given by the proxy; a wsa:MessageID goes before it. */
  readonly requestId?: string | undefined;
  /** The engine that the proxy chose for a request without affinity. */
  readonly engine?: string | undefined;
  /** How long the client has been waiting already, in milliseconds; 0 by default. */
  readonly waitedMs?: number | undefined;
}

/** The answer, and whether it is one for the client: otherwise a 503 of which a proxy knows what it may try again. */
export interface ServicePointAnswer {
  readonly outcome: 'answered' | 'not-processed' | 'unknown';
  readonly reply: SoapReply;
}

export interface ServicePointOptions {
  readonly engines: Engines;
  readonly publicUrl: string;
  /** Like `conduct` read anew for each request. */
  readonly maxBodyBytes: number;
  readonly conduct: Conduct;
  readonly topics: BrokerTopics;
  readonly xpath: XPath;
  /** What ONVIF's services tell of this installation; they are there where the topology offers them. */
  readonly onvif: OnvifService;
  /** Sends the replies that do not go back over the connection of the request. */
  readonly mail: ReplyMail;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What follows from a conduct for every request. */
interface Manners {
  readonly conduct: Conduct;
  readonly tolerance: Tolerance;
  readonly mayReplyTo: ReplyPermission;
}

/** The SOAP endpoints of one server: decode, ask the engine, encode. Any operation is accepted at any endpoint. */
export class ServicePoint {
  readonly #options: ServicePointOptions;
  #manners: Manners | undefined;

  constructor(options: ServicePointOptions) {
    this.#options = options;
  }

  /** Answers one request. Never rejects: everything that goes wrong becomes a SOAP fault. */
  async answer(request: ServicePointRequest, signal: CancelSignal): Promise<ServicePointAnswer> {
    const framing = { contentType: request.contentType, soapAction: request.soapAction };
    let message: SoapMessage | undefined;
    try {
      const { tolerance, mayReplyTo } = this.#mannersNow();
      const reading = { tolerance, mayReplyTo };
      message = readEnvelope(request.body, framing, { maxBytes: this.#options.maxBodyBytes }, reading);
      return this.#sent({ outcome: 'answered', reply: await this.#serve(request, message, framing, signal) });
    } catch (error) {
      return this.#sent(this.#explain(error, message, framing));
    }
  }

  /** Mails an answer that does not go back over the connection of the request; what is left for that is returned. */
  #sent(answer: ServicePointAnswer): ServicePointAnswer {
    // A 503 stays on the connection, where the proxy or the client can try again.
    const isMailed = answer.outcome === 'answered' && answer.reply.status !== 503;
    if (!isMailed || answer.reply.elsewhere === undefined) return answer;
    return { outcome: answer.outcome, reply: this.#options.mail.send(answer.reply) };
  }

  async #serve(
    request: ServicePointRequest,
    message: SoapMessage,
    framing: HttpFraming,
    signal: CancelSignal,
  ): Promise<SoapReply> {
    const { version, addressing } = message;
    const call = this.#callOf(request, message, signal);
    if (this.#options.conduct.profiles.onvif && isOnvifRequest(message.body)) {
      const { action, body } = await serveOnvif(call, framing, {
        ...this.#options,
        tolerance: this.#mannersNow().tolerance,
      });
      return messageReply({ version, addressing, action, body, headerBlocks: call.replyHeaders.join('') });
    }
    const { xpath, conduct, logger } = this.#options;
    const decoded = decodeRequest(message, framing, {
      tolerance: this.#mannersNow().tolerance,
      xpath,
      dsub: conduct.profiles.dsub,
    });
    logger.debug('Request', { operation: decoded.operation, engine: call.affinity.engine, requestId: call.requestId });
    const body = await perform(decoded, call);
    const action = OPERATIONS[decoded.operation].replyAction;
    if (body === undefined || action === undefined) return { status: 202, contentType: '', body: Buffer.alloc(0) };
    return messageReply({ version, addressing, action, body, headerBlocks: call.replyHeaders.join('') });
  }

  /** What the conduct of the topology means; it may have changed since the last request. */
  #mannersNow(): Manners {
    const { conduct } = this.#options;
    if (this.#manners?.conduct !== conduct) {
      this.#manners = { conduct, tolerance: toleranceOf(conduct), mayReplyTo: permitReplyHosts(conduct.replyTo) };
    }
    return this.#manners;
  }

  #callOf(request: ServicePointRequest, message: SoapMessage, signal: CancelSignal): Call {
    const { engines, publicUrl, conduct, topics, xpath } = this.#options;
    const byHeader = affinityOfBlocks(message.blocks);
    const { messageId } = message.addressing;
    return {
      message,
      path: request.path,
      affinity: combineAffinity(affinityOfPath(request.path), byHeader, message.version),
      engines,
      publicUrl,
      conduct,
      topics,
      xpath,
      requestId: messageId ?? request.requestId ?? '',
      isUniqueId: messageId === undefined,
      waitedMs: request.waitedMs ?? 0,
      signal,
      replyHeaders: [],
      chosenEngine: request.engine,
    };
  }

  #explain(error: unknown, message: SoapMessage | undefined, framing: HttpFraming): ServicePointAnswer {
    if (error instanceof ProtocolError) {
      return { outcome: 'answered', reply: protocolFaultReply(error, message?.addressing) };
    }
    const version = message?.version ?? versionOf(framing);
    if (error instanceof WsnFault) {
      const reply = wsnFaultReply(version, error, this.#options.clock.now(), message?.addressing);
      return { outcome: 'answered', reply };
    }
    const correlation = randomId();
    if (error instanceof InfrastructureError) {
      // Back-pressure is a part of normal operation, and comes with every request while it lasts.
      const level = error.retryAfterMs === undefined ? 'info' : 'debug';
      const fields = { correlation, code: error.code, error: error.message };
      this.#options.logger[level]('Request could not be served', fields);
      return unavailable(version, correlation, error, message);
    }
    this.#options.logger.error('Request failed', { correlation, error: messageOf(error), stack: stackOf(error) });
    const reason = `Internal error; the operator's log has it under ${correlation}`;
    return { outcome: 'answered', reply: receiverFault(version, reason, message, 500) };
  }
}

/** Back-pressure is an answer: it reaches the client at once. Other refusals are for the proxy, which tries again. */
function unavailable(
  version: SoapVersion,
  correlation: string,
  { processed, retryAfterMs }: InfrastructureError,
  message: SoapMessage | undefined,
): ServicePointAnswer {
  const reason = `Temporarily unavailable, try again; the operator's log has it under ${correlation}`;
  const reply = receiverFault(version, reason, message, 503);
  const seconds = Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1_000));
  const missed = processed === 'no' ? 'not-processed' : 'unknown';
  return {
    outcome: retryAfterMs === undefined ? missed : 'answered',
    reply: { ...reply, headers: { ...reply.headers, 'Retry-After': String(seconds) } },
  };
}

function receiverFault(
  version: SoapVersion,
  reason: string,
  message: SoapMessage | undefined,
  status: number,
): SoapReply {
  const error = new ProtocolError(reason, { version, code: 'Receiver', httpStatus: status });
  return protocolFaultReply(error, message?.addressing);
}

function versionOf({ contentType }: HttpFraming): SoapVersion {
  return contentType?.includes('application/soap+xml') === true ? '1.2' : '1.1';
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
