import type { Claim } from '../engine/ports/outbox.ts';
import type { EngineName } from '../kernel/names.ts';
import { addressHeadersFor, headerBlocksFor } from '../soap/addressing.ts';
import { WSA_NAMESPACE } from '../soap/addressing-names.ts';
import { affinityReference } from '../soap/affinity.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { contentTypeOf, soapNamespace } from '../soap/version.ts';
import { deliveryUrn, notifyUrn } from '../wsn/delivery-ids.ts';
import { encodeNotify, encodeRaw } from '../wsn/notify.ts';
import { gapHeader } from '../wsn/gap-header.ts';
import { DELIVERY_NAMESPACE, topologyName } from '../wsn/loop.ts';
import { OPERATIONS } from '../wsn/operations.ts';
import { escapeAttribute } from '../xml/writer.ts';

/** A claim as it goes over HTTP. */
export interface NotifyPost {
  /** wsa:MessageID; the same for every try of the same messages, on whatever server. */
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
}

/** Which try it is. `attempt` starts at 1. */
export interface Try {
  readonly epoch: number;
  readonly attempt: number;
}

/** Writes Notify messages of one engine (WS-BaseNotification §3.2) for its subscribers. */
export class NotifyWriter {
  readonly #engine: EngineName;
  readonly #publicUrl: string;
  /** Marking reference parameters means parsing them; a subscription is sent to many times. */
  readonly #parameterBlocks = new WeakMap<EndpointReference, string>();

  /** `publicUrl`: what clients see as the address of the topology; subscription references start with it. */
  constructor(options: { engine: EngineName; publicUrl: string }) {
    this.#engine = options.engine;
    this.#publicUrl = options.publicUrl;
  }

  /** Payloads are not copied: the body's chunks are views of them. Throws when the reference parameters are no XML. */
  write(claim: Claim, { epoch, attempt }: Try): NotifyPost {
    const action = OPERATIONS.Notify.action;
    const messageId = messageIdOf(claim);
    const contentType = contentTypeOf(claim.soapVersion, action);
    const soapAction = claim.soapVersion === '1.1' ? { SOAPAction: `"${action}"` } : undefined;
    const messages = claim.messages.map(
      ({ seq, again }) => `<d:Message id="${deliveryUrn(claim.subscription, again?.seq ?? seq)}" seq="${seq}"/>`,
    );
    const head = [
      `<s:Envelope xmlns:s="${soapNamespace(claim.soapVersion)}" xmlns:wsa="${WSA_NAMESPACE}"><s:Header>`,
      `${claim.gap === undefined ? '' : gapHeader(claim.gap)}${addressHeadersFor(claim.consumer, action, messageId)}${this.#parametersOf(claim.consumer)}`,
      `<d:Delivery xmlns:d="${DELIVERY_NAMESPACE}" engine="${escapeAttribute(this.#engine)}" epoch="${epoch}"`,
      ` topology="${escapeAttribute(topologyName(this.#publicUrl))}" attempt="${attempt}" redelivery="${attempt > 1 || claim.mayBeRepeated}">${messages.join('')}</d:Delivery>`,
    ];
    return {
      messageId,
      headers: { 'Content-Type': contentType, ...soapAction, 'Idempotency-Key': `"${messageId}"` },
      body: toChunks([...head, ...this.#contentOf(claim), '</s:Body></s:Envelope>']),
    };
  }

  /** The end of the header, and the body up to its end. */
  #contentOf({ subscription: id, messages, dialect, useRaw }: Claim): readonly (string | Uint8Array)[] {
    const subscription = affinityReference(this.#publicUrl, 'SubscriptionManager', this.#engine, id);
    const form = dialect === undefined ? {} : { dialect };
    const outgoing = messages.map(({ notification }) => ({ subscription, notification, ...form }));
    const [first] = outgoing;
    if (!useRaw || first === undefined) return ['</s:Header><s:Body>', ...encodeNotify(outgoing)];
    const { blocks, body } = encodeRaw(first);
    return [blocks, '</s:Header><s:Body>', body];
  }

  #parametersOf(consumer: EndpointReference): string {
    const known = this.#parameterBlocks.get(consumer);
    if (known !== undefined) return known;
    const blocks = headerBlocksFor(consumer);
    this.#parameterBlocks.set(consumer, blocks);
    return blocks;
  }
}

/** From the first to the last message of the claim: a retry of the same messages has the same id. */
function messageIdOf({ subscription, messages }: Claim): string {
  const [first, last] = [messages.at(0), messages.at(-1)].map((message) => message?.again?.seq ?? message?.seq ?? 0);
  return notifyUrn(subscription, first ?? 0, last ?? 0);
}

/** Neighbouring texts become one chunk; bytes stay where they are. */
function toChunks(parts: readonly (string | Uint8Array)[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    if (text !== '') chunks.push(Buffer.from(text));
    chunks.push(part);
    text = '';
  }
  if (text !== '') chunks.push(Buffer.from(text));
  return chunks;
}
