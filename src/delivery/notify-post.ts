import type { Claim } from '../engine/ports/outbox.ts';
import type { EngineName } from '../kernel/names.ts';
import { Recent } from '../kernel/recent.ts';
import { addressHeadersFor, headerBlocksFor, writeEndpointReference } from '../soap/addressing.ts';
import { WSA_NAMESPACE } from '../soap/addressing-names.ts';
import { affinityReference } from '../soap/affinity.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { contentTypeOf, soapNamespace, type SoapVersion } from '../soap/version.ts';
import { DeliveryIds } from '../wsn/delivery-ids.ts';
import { encodeNotify, encodeRaw, TopicElements } from '../wsn/notify.ts';
import { gapHeader } from '../wsn/gap-header.ts';
import { DELIVERY_NAMESPACE, topologyName } from '../wsn/loop.ts';
import { OPERATIONS } from '../wsn/operations.ts';
import { escapeAttribute } from '../xml/writer.ts';
import { encodeParts } from './encode-parts.ts';

/** A claim as it goes over HTTP. */
export interface NotifyPost {
  /** wsa:MessageID; the same for every try of the same messages, on whatever server. */
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Which try it is. `attempt` starts at 1. */
export interface Try {
  readonly epoch: number;
  readonly attempt: number;
}

const ACTION = OPERATIONS.Notify.action;
/** Subscriptions of which the texts are kept that are in each of their messages; about two kilobytes each. */
const MAX_KEPT = 2_048;
const VERSIONS = ['1.1', '1.2'] as const;
const OPENING = forEachVersion(
  (version) => `<s:Envelope xmlns:s="${soapNamespace(version)}" xmlns:wsa="${WSA_NAMESPACE}"><s:Header>`,
);
const CONTENT_TYPE = forEachVersion((version) => contentTypeOf(version, ACTION));
/** The end of the header Delivery's start tag, of what is sent for the first time. */
const FIRST_TRY = '1" redelivery="false">';
const HEADER_END = '</d:Delivery></s:Header><s:Body>';
const SOAP_ACTION = `"${ACTION}"`;
/** Of a message; a longer one is measured before it is written. */
const SCRATCH_BYTES = 64 * 1024;

/**
 * What is the same in each message to a subscriber. Each text in one piece: what V8 has only put together it collects from
 * all over the memory when it is written, each time.
 */
interface Envelope {
  readonly consumer: EndpointReference;
  readonly version: SoapVersion;
  readonly epoch: number;
  /** The headers To and Action, and MessageID up to the id. */
  readonly beforeId: string;
  /** From behind the id to where the header Delivery says which try it is. */
  readonly afterId: string;
  /** A wsnt:SubscriptionReference. */
  readonly reference: string;
  readonly ids: DeliveryIds;
}

/** Writes Notify messages of one engine (WS-BaseNotification §3.2) for its subscribers. */
export class NotifyWriter {
  readonly #engine: EngineName;
  readonly #publicUrl: string;
  /** Marking reference parameters means parsing them; a subscription is sent to many times. */
  readonly #parameterBlocks = new WeakMap<EndpointReference, string>();
  readonly #envelopes = new Recent<string, Envelope>(MAX_KEPT);
  readonly #topics = new TopicElements();
  readonly #topology: string;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  /** `publicUrl`: what clients see as the address of the topology; subscription references start with it. */
  constructor(options: { engine: EngineName; publicUrl: string }) {
    this.#engine = options.engine;
    this.#publicUrl = options.publicUrl;
    this.#topology = ` topology="${escapeAttribute(topologyName(options.publicUrl))}" attempt="`;
  }

  /** Payloads are copied once, byte for byte. Throws when the reference parameters are no XML. */
  write(claim: Claim, { epoch, attempt }: Try): NotifyPost {
    const { soapVersion, gap, messages } = claim;
    const envelope = this.#envelopeOf(claim, epoch);
    const { ids } = envelope;
    const messageId = messageIdOf(claim, ids);
    const isAgain = attempt > 1 || claim.mayBeRepeated;
    const which = isAgain ? `${attempt}" redelivery="true">` : FIRST_TRY;
    const told = gap === undefined ? '' : gapHeader(gap);
    let head = `${OPENING[soapVersion]}${told}${envelope.beforeId}${messageId}${envelope.afterId}${which}`;
    for (const { seq, again } of messages) {
      head += `<d:Message id="${ids.ofMessage(again?.seq ?? seq)}" seq="${seq}"/>`;
    }
    const parts = this.#contentOf(claim, envelope);
    parts[0] = head + String(parts[0]);
    parts.push('</s:Body></s:Envelope>');
    return {
      messageId,
      headers: headersOf(soapVersion, `"${messageId}"`),
      body: encodeParts(parts, this.#scratch),
    };
  }

  /** The end of the header, and the body up to its end. The first part is a text. */
  #contentOf({ messages, dialect, useRaw, subscription }: Claim, { reference }: Envelope): (string | Uint8Array)[] {
    const notifications = messages.map(({ notification }) => notification);
    const [first] = notifications;
    if (!useRaw || first === undefined) {
      const parts = encodeNotify({ reference, dialect, notifications }, this.#topics);
      parts[0] = HEADER_END + String(parts[0]);
      return parts;
    }
    const form = dialect === undefined ? {} : { dialect };
    const raw = encodeRaw({ subscription: this.#referenceOf(subscription), notification: first, ...form });
    return [`</d:Delivery>${raw.blocks}</s:Header><s:Body>`, raw.body];
  }

  #envelopeOf({ subscription, consumer, soapVersion }: Claim, epoch: number): Envelope {
    const known = this.#envelopes.find(subscription);
    // A subscription keeps its consumer; what a claim says counts all the same.
    if (known?.consumer === consumer && known.version === soapVersion && known.epoch === epoch) return known;
    const headers = addressHeadersFor(consumer, ACTION, '');
    // The MessageID comes last, and its end tag ends it.
    const idAt = headers.lastIndexOf('</');
    const envelope = {
      consumer,
      version: soapVersion,
      epoch,
      beforeId: inOnePiece(headers.slice(0, idAt)),
      afterId: inOnePiece(
        `${headers.slice(idAt)}${this.#parametersOf(consumer)}<d:Delivery xmlns:d="${DELIVERY_NAMESPACE}" engine="${escapeAttribute(this.#engine)}" epoch="${epoch}"${this.#topology}`,
      ),
      reference: inOnePiece(writeEndpointReference('wsnt:SubscriptionReference', this.#referenceOf(subscription))),
      ids: new DeliveryIds(subscription),
    };
    this.#envelopes.set(subscription, envelope);
    return envelope;
  }

  #referenceOf(subscription: string): EndpointReference {
    return affinityReference(this.#publicUrl, 'SubscriptionManager', this.#engine, subscription);
  }

  #parametersOf(consumer: EndpointReference): string {
    if (consumer.referenceParameters.length === 0) return '';
    const known = this.#parameterBlocks.get(consumer);
    if (known !== undefined) return known;
    const blocks = headerBlocksFor(consumer);
    this.#parameterBlocks.set(consumer, blocks);
    return blocks;
  }
}

function inOnePiece(text: string): string {
  return Buffer.from(text).toString();
}

function forEachVersion<T>(of: (version: SoapVersion) => T): Readonly<Record<SoapVersion, T>> {
  return Object.fromEntries(VERSIONS.map((version) => [version, of(version)])) as Record<SoapVersion, T>;
}

function headersOf(version: SoapVersion, key: string): Readonly<Record<string, string>> {
  const type = CONTENT_TYPE[version];
  return version === '1.1'
    ? { 'Content-Type': type, SOAPAction: SOAP_ACTION, 'Idempotency-Key': key }
    : { 'Content-Type': type, 'Idempotency-Key': key };
}

/** From the first to the last message of the claim: a retry of the same messages has the same id. */
function messageIdOf({ messages }: Claim, ids: DeliveryIds): string {
  const [first, last] = [messages[0], messages[messages.length - 1]];
  return ids.ofNotify(first?.again?.seq ?? first?.seq ?? 0, last?.again?.seq ?? last?.seq ?? 0);
}
