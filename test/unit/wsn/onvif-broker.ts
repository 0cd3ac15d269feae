import { DEFAULT_CONDUCT } from '../../../src/topology/defaults.ts';
import { libxmlXPath } from '../../support/libxml-xpath.ts';
import { topicSetElement } from '../../support/topic-set-element.ts';
import type { Engine, EngineOperation, EngineOperations, Engines } from '../../../src/engine/ports/engine.ts';
import type { HttpReply, HttpRequest } from '../../../src/http/messages.ts';
import { affinityOfBlocks, affinityOfPath, combineAffinity } from '../../../src/soap/affinity.ts';
import { readEnvelope, type SoapMessage } from '../../../src/soap/envelope.ts';
import { messageReply, ProtocolError, protocolFaultReply, type SoapReply } from '../../../src/soap/fault.ts';
import type { Call } from '../../../src/service-point/call.ts';
import { renew, unsubscribe } from '../../../src/service-point/subscription-manager.ts';
import { performOnvif, type OnvifOptions } from '../../../src/service-point/onvif/onvif-services.ts';
import { decodeRequest } from '../../../src/wsn/codec.ts';
import { decodeOnvifRequest, type OnvifDecoding } from '../../../src/wsn/onvif/decode-onvif.ts';
import { isOnvifRequest, ONVIF_OPERATIONS } from '../../../src/wsn/onvif/operations.ts';
import { readTopicExpression } from '../../../src/wsn/topics/read-topic.ts';
import { WSNT } from '../soap/envelopes.ts';
import { ManualClock } from '../../support/manual-clock.ts';

type Answers = { readonly [O in EngineOperation]?: (request: EngineOperations[O]['request']) => unknown };

/** The port Engine with answers that a test prescribes, and what was asked of it. */
export class PrescribedEngine implements Engine {
  readonly name = 'ME1';
  readonly asked: (readonly [EngineOperation, unknown])[] = [];
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  async execute<O extends EngineOperation>(
    operation: O,
    request: EngineOperations[O]['request'],
  ): Promise<EngineOperations[O]['reply']> {
    this.asked.push([operation, request]);
    const answer = this.#answers[operation];
    if (answer === undefined) throw new Error(`Not expected to be asked for ${operation}`);
    return (await answer(request)) as EngineOperations[O]['reply'];
  }
}

/** Reads topic expressions, and the policy UseRaw. */
export const decoding: OnvifDecoding = {
  readFilter: (filter) => ({
    topics: (filter?.children() ?? [])
      .filter((part) => part.is(WSNT, 'TopicExpression'))
      .map((element) => readTopicExpression(element)),
  }),
  readPolicy: (policy) => (policy?.child(WSNT, 'UseRaw') === undefined ? {} : { useRaw: true }),
};

export const NOW = Date.parse('2026-01-02T03:04:05.678Z');

export const options: OnvifOptions = {
  clock: new ManualClock(NOW),
  identity: { firmwareVersion: '1.2.3', serialNumber: 'test' },
  capacity: { maxSubscriptions: 20, maxPullPoints: 10 },
  hasFixedTopics: false,
  topicSet: () =>
    Promise.resolve(
      '<w:TopicSet xmlns:w="http://docs.oasis-open.org/wsn/t-1" xmlns:a="urn:t"><a:Root w:topic="true"/></w:TopicSet>',
    ),
};

/** The services of ONVIF over an engine: what a service point does with a request of theirs. */
export class OnvifBroker {
  readonly engine: PrescribedEngine;
  readonly #publicUrl: () => string;

  constructor(answers: Answers, publicUrl: () => string = () => 'http://gateway:8080') {
    this.engine = new PrescribedEngine(answers);
    this.#publicUrl = publicUrl;
  }

  call(message: SoapMessage, path: string, signal = new AbortController().signal): Call {
    const { engine } = this;
    const engines: Engines = {
      names: () => [engine.name],
      find: (name) => (name === engine.name ? engine : undefined),
      up: () => [{ name: engine.name, isHere: true }],
    };
    const affinity = combineAffinity(affinityOfPath(path), affinityOfBlocks(message.blocks), message.version);
    return {
      message,
      affinity,
      engines,
      publicUrl: this.#publicUrl(),
      isUniqueId: false,
      requestId: 'r1',
      waitedMs: 0,
      signal,
      path,
      conduct: DEFAULT_CONDUCT,
      topics: { fixed: false, element: topicSetElement },
      xpath: libxmlXPath,
      replyHeaders: [],
    };
  }

  /** Answers a POST. */
  async answer({ path, headers, body }: Pick<HttpRequest, 'path' | 'headers' | 'body'>): Promise<HttpReply> {
    const reply = await this.#reply(path, headers['content-type'], body);
    return { status: reply.status, headers: { 'Content-Type': reply.contentType }, body: reply.body };
  }

  async #reply(path: string, contentType: string | undefined, bytes: Buffer): Promise<SoapReply> {
    try {
      const message = readEnvelope(bytes, { contentType });
      if (!isOnvifRequest(message.body)) return await this.#manage(message, path);
      const request = decodeOnvifRequest(message, { contentType }, decoding);
      const body = await performOnvif(request, this.call(message, path), options);
      const { version, addressing } = message;
      return messageReply({ version, addressing, action: ONVIF_OPERATIONS[request.operation].replyAction, body });
    } catch (error) {
      if (error instanceof ProtocolError) return protocolFaultReply(error);
      throw error;
    }
  }

  /** Renew and Unsubscribe are those of WS-BaseNotification, on the same reference. */
  async #manage(message: SoapMessage, path: string): Promise<SoapReply> {
    const request = decodeRequest(message, {});
    const call = this.call(message, path);
    const body = request.operation === 'Renew' ? await renew(request, call) : await unsubscribe(call);
    return messageReply({ version: message.version, addressing: message.addressing, action: 'urn:any', body });
  }
}
