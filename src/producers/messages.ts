import { readEndpointReference, writeEndpointReference } from '../soap/addressing.ts';
import { isAnonymousAddress, WSA_NONE } from '../soap/addressing-names.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { ProtocolError } from '../soap/fault.ts';
import { clipped, trimmed } from '../soap/text.ts';
import { parseDateTime } from '../wsn/date-time.ts';
import { decodeNotify } from '../wsn/decode-notify.ts';
import { WsnFault } from '../wsn/faults.ts';
import type { Notification, TopicExpression } from '../wsn/messages.ts';
import { WSNT_NAMESPACE, XSI_NAMESPACE } from '../wsn/namespaces.ts';
import { OPERATIONS } from '../wsn/operations.ts';
import type { TwoWaySpec } from '../wsn/operations.ts';
import { isQualifiedName } from '../xml/characters.ts';
import type { XmlElement } from '../xml/document.ts';
import { standalone } from '../xml/fragment.ts';
import { readXml } from '../xml/reader.ts';
import { escapeAttribute, escapeText } from '../xml/writer.ts';
import { ProducerAnswerError } from './answer.ts';

/** The namespace of ONVIF's event service. */
export const TEV_NAMESPACE = 'http://www.onvif.org/ver10/events/wsdl';

type AskedOperation = Pick<TwoWaySpec, 'action' | 'reply'>;

function onvif(portType: string, name: string): AskedOperation {
  return {
    action: `${TEV_NAMESPACE}/${portType}/${name}Request`,
    reply: { namespace: TEV_NAMESPACE, localName: `${name}Response` },
  };
}

/** The operations that producers are asked for: those of WS-BaseNotification, and two of ONVIF Core §9.2. */
export const ASKED = {
  Subscribe: OPERATIONS.Subscribe,
  Renew: OPERATIONS.Renew,
  Unsubscribe: OPERATIONS.Unsubscribe,
  PauseSubscription: OPERATIONS.PauseSubscription,
  ResumeSubscription: OPERATIONS.ResumeSubscription,
  CreatePullPointSubscription: onvif('EventPortType', 'CreatePullPointSubscription'),
  PullMessages: onvif('PullPointSubscription', 'PullMessages'),
} as const satisfies Record<string, AskedOperation>;

export type AskedName = keyof typeof ASKED;

const WSNT = `xmlns:wsnt="${WSNT_NAMESPACE}"`;
const TEV = `xmlns:tev="${TEV_NAMESPACE}"`;

/** A wsnt:Subscribe (WS-BaseNotification §4.1) that ends `lifetimeMs` after the producer has granted it. */
export function writeSubscribe(
  consumer: EndpointReference,
  topic: TopicExpression | undefined,
  lifetimeMs: number,
): string {
  const reference = writeEndpointReference('wsnt:ConsumerReference', consumer);
  const filter = topic === undefined ? '' : `<wsnt:Filter>${writeTopic(topic)}</wsnt:Filter>`;
  const termination = `<wsnt:InitialTerminationTime>${durationOf(lifetimeMs)}</wsnt:InitialTerminationTime>`;
  return `<wsnt:Subscribe ${WSNT}>${reference}${filter}${termination}</wsnt:Subscribe>`;
}

/** A wsnt:Renew for that long from when the producer grants it. */
export function writeRenew(lifetimeMs: number): string {
  return `<wsnt:Renew ${WSNT}><wsnt:TerminationTime>${durationOf(lifetimeMs)}</wsnt:TerminationTime></wsnt:Renew>`;
}

/** The request of an operation of WS-BaseNotification that says nothing but its name. */
export function writeBare(name: AskedName): string {
  return `<wsnt:${name} ${WSNT}/>`;
}

/** ONVIF's tev:CreatePullPointSubscription. */
export function writeCreatePullPoint(topic: TopicExpression | undefined, lifetimeMs: number): string {
  const filter = topic === undefined ? '' : `<tev:Filter>${writeTopic(topic)}</tev:Filter>`;
  const termination = `<tev:InitialTerminationTime>${durationOf(lifetimeMs)}</tev:InitialTerminationTime>`;
  return `<tev:CreatePullPointSubscription ${TEV}>${filter}${termination}</tev:CreatePullPointSubscription>`;
}

/** ONVIF's tev:PullMessages: waits up to `timeoutMs` for a first message, takes at most `limit`. */
export function writePullMessages(timeoutMs: number, limit: number): string {
  const timeout = `<tev:Timeout>${durationOf(timeoutMs)}</tev:Timeout>`;
  return `<tev:PullMessages ${TEV}>${timeout}<tev:MessageLimit>${limit}</tev:MessageLimit></tev:PullMessages>`;
}

/** With the prefixes that the expression uses declared on it; its own prefix gives way to them. */
function writeTopic({ dialect, text, namespaces }: TopicExpression): string {
  const declared = Object.entries(namespaces).filter(([prefix, namespace]) => isDeclarable(prefix, namespace));
  let own = 'wsnt';
  for (let n = 1; declared.some(([prefix]) => prefix === own); n++) own = `wsnt${n}`;
  const declarations = [...declared, [own, WSNT_NAMESPACE] as const].map(
    ([prefix, namespace]) => ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(namespace)}"`,
  );
  const name = `${own}:TopicExpression`;
  return `<${name}${declarations.join('')} Dialect="${escapeAttribute(dialect)}">${escapeText(text)}</${name}>`;
}

function isDeclarable(prefix: string, namespace: string): boolean {
  if (prefix === 'xml' || prefix === 'xmlns' || namespace === '') return false;
  return prefix === '' || (isQualifiedName(prefix) && !prefix.includes(':'));
}

/** An xsd:duration of whole seconds, at least one: some devices read nothing finer. */
function durationOf(ms: number): string {
  return `PT${Math.max(1, Math.round(ms / 1000))}S`;
}

/** What a producer granted. `lifetimeMs`: from now on; null: it does not end; undefined: it did not say. */
export interface Grant {
  readonly reference: EndpointReference;
  readonly lifetimeMs: number | null | undefined;
}

/** Reads a SubscribeResponse, or that of ONVIF's CreatePullPointSubscription. Throws ProducerAnswerError. */
export function readGrant(answer: XmlElement | undefined): Grant {
  const element = answer === undefined ? undefined : childOf(answer, 'SubscriptionReference');
  if (answer === undefined || element === undefined) throw unusable('without a SubscriptionReference');
  return { reference: readReference(element), lifetimeMs: readLifetime(answer) };
}

function readReference(element: XmlElement): EndpointReference {
  let reference: EndpointReference;
  try {
    reference = readEndpointReference(element);
  } catch (error) {
    if (error instanceof ProtocolError) throw unusable(`with an unreadable reference: ${clipped(error.message)}`);
    throw error;
  }
  const { address } = reference;
  const protocol = URL.canParse(address) ? new URL(address).protocol : '';
  const isPlace = !isAnonymousAddress(address) && address !== WSA_NONE;
  if (isPlace && (protocol === 'http:' || protocol === 'https:')) return reference;
  throw unusable(`with the SubscriptionReference '${clipped(address)}', expected an absolute http or https URL`);
}

/** Ten years: a date further away means nothing more. */
const LONGEST_LIFETIME_MS = 315_360_000_000;

/**
 * How long it was granted for: the difference of the producer's own TerminationTime and CurrentTime, because its clock may be
 * years off. Null: xsi:nil, it does not end. Undefined: not said, or not in a way that can be relied on.
 */
export function readLifetime(answer: XmlElement): number | null | undefined {
  const termination = childOf(answer, 'TerminationTime');
  if (termination === undefined) return undefined;
  const nil = trimmed(termination.attribute(XSI_NAMESPACE, 'nil') ?? '');
  if (nil === 'true' || nil === '1') return null;
  const difference = differenceOf(childOf(answer, 'CurrentTime')?.text(), termination.text());
  return difference === undefined || difference <= 0 ? undefined : Math.min(difference, LONGEST_LIFETIME_MS);
}

/** From one xsd:dateTime to another in milliseconds; undefined if one of them is none. */
export function differenceOf(from: string | undefined, to: string | undefined): number | undefined {
  if (from === undefined || to === undefined) return undefined;
  try {
    return parseDateTime(trimmed(to)) - parseDateTime(trimmed(from));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What a tev:PullMessagesResponse brought. `refused`: messages in it that cannot be read. */
export interface Pulled {
  readonly messages: readonly Notification[];
  readonly refused: number;
}

/** Reads it. One unreadable message does not cost the others: they are gone from the device. */
export function readPulled(answer: XmlElement | undefined): Pulled {
  const elements = answer?.children().filter((child) => child.is(WSNT_NAMESPACE, 'NotificationMessage')) ?? [];
  if (answer === undefined || elements.length === 0) return { messages: [], refused: 0 };
  const whole = tryDecode(answer);
  if (whole !== undefined) return { messages: whole, refused: 0 };
  const readable = elements.map((element) => {
    const alone = readXml(Buffer.from(`<pulled>${standalone(element)}</pulled>`)).root;
    return tryDecode(alone);
  });
  const messages = readable.flatMap((found) => found ?? []);
  return { messages, refused: elements.length - messages.length };
}

function tryDecode(element: XmlElement): readonly Notification[] | undefined {
  try {
    return decodeNotify(element).messages;
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof WsnFault) return undefined;
    throw error;
  }
}

/** ONVIF has some of these elements in its own namespace and some in that of WS-BaseNotification; devices mix them up. */
function childOf(element: XmlElement, localName: string): XmlElement | undefined {
  return element.child(WSNT_NAMESPACE, localName) ?? element.child(TEV_NAMESPACE, localName);
}

function unusable(problem: string): ProducerAnswerError {
  return new ProducerAnswerError(`granted the subscription ${problem}`, 200);
}
