import type { TerminationArgument } from './durations.ts';
import { ExchangeError, SoapFaultError } from './failure.ts';
import { SOAP_NAMESPACES, WSA, WSNT, XSI } from './names.ts';
import type { TopicArgument } from './topics.ts';
import { childOf, childrenOf, escapeXml, standaloneXml, textOf } from './xml-tree.ts';
import type { XmlNode } from './xml-tree.ts';

/** With a prefix of its own, because the parameter may have declared any other. */
const MARK = ` pointsman-wsa:IsReferenceParameter="true" xmlns:pointsman-wsa="${WSA}"`;

/** An endpoint reference as it came: what its messages go to and what they must carry. */
export interface Reference {
  readonly address: string;
  readonly parameters: readonly XmlNode[];
}

/** A NotificationMessage, or a raw notification. */
export interface ReceivedNotification {
  readonly topic?: { readonly text: string; readonly dialect: string };
  readonly producer?: string;
  /** The payload element as a document of its own. */
  readonly xml: string;
}

/** When a subscription ends by the broker's clock; `lifetimeMs` is measured on that clock. */
export interface GrantedTermination {
  readonly terminationTime?: string;
  readonly currentTime?: string;
  readonly lifetimeMs?: number;
}

/** The body of a Notify with one message; `payload` is one element that stands alone. */
export function notifyBody(payload: string, topic: TopicArgument | undefined): string {
  const topicXml = topic === undefined ? '' : topicElement('Topic', topic);
  return element(
    'Notify',
    `<wsnt:NotificationMessage>${topicXml}<wsnt:Message>${payload}</wsnt:Message></wsnt:NotificationMessage>`,
  );
}

/** The body of a Subscribe. */
export function subscribeBody(
  consumer: Reference,
  topic: TopicArgument | undefined,
  termination: TerminationArgument,
): string {
  const filter = topic === undefined ? '' : `<wsnt:Filter>${topicElement('TopicExpression', topic)}</wsnt:Filter>`;
  return element(
    'Subscribe',
    `${referenceElement('ConsumerReference', consumer)}${filter}${timeElement('InitialTerminationTime', termination)}`,
  );
}

/** The body of a Renew. */
export function renewBody(termination: TerminationArgument): string {
  return element('Renew', timeElement('TerminationTime', termination));
}

/** The body of a GetMessages; without `maximum` for all there is. */
export function getMessagesBody(maximum: number | undefined): string {
  return element('GetMessages', maximum === undefined ? '' : `<wsnt:MaximumNumber>${maximum}</wsnt:MaximumNumber>`);
}

/** The body of a request that carries nothing. */
export function emptyBody(operation: 'Unsubscribe' | 'CreatePullPoint' | 'DestroyPullPoint'): string {
  return element(operation, '');
}

/** The SOAP header for a message to `to` (WS-Addressing 1.0 SOAP Binding §3.3). */
export function addressingHeader(to: Reference, action: string, messageId: string): string {
  const block = (name: string, text: string): string =>
    `<wsa:${name} xmlns:wsa="${WSA}">${escapeXml(text)}</wsa:${name}>`;
  const marked = to.parameters.map((parameter) => standaloneXml(parameter, MARK));
  return [block('To', to.address), block('Action', action), block('MessageID', messageId), ...marked].join('');
}

/** Reads the reference inside `parent`. Throws ExchangeError if it is not there or has no address. */
export function readReference(parent: XmlNode, name: string): Reference {
  const reference = childOf(parent, WSNT, name);
  const address = reference === undefined ? '' : textOf(childOf(reference, WSA, 'Address'));
  if (reference === undefined || address === '')
    throw new ExchangeError(`The ${parent.localName} has no ${name} with an Address`);
  const parameters = childOf(reference, WSA, 'ReferenceParameters');
  return { address, parameters: parameters === undefined ? [] : childrenOf(parameters) };
}

/** Reads TerminationTime and CurrentTime of a SubscribeResponse or RenewResponse. */
export function readTermination(response: XmlNode): GrantedTermination {
  const terminationTime = textOf(childOf(response, WSNT, 'TerminationTime'));
  const currentTime = textOf(childOf(response, WSNT, 'CurrentTime'));
  const lifetimeMs = Date.parse(terminationTime) - (currentTime === '' ? Date.now() : Date.parse(currentTime));
  return {
    ...(terminationTime === '' ? {} : { terminationTime }),
    ...(currentTime === '' ? {} : { currentTime }),
    ...(Number.isFinite(lifetimeMs) ? { lifetimeMs: Math.max(0, lifetimeMs) } : {}),
  };
}

/** The notifications inside a Notify or a GetMessagesResponse; any other element is a raw notification. */
export function readNotifications(body: XmlNode): readonly ReceivedNotification[] {
  const isWrapped =
    body.namespace === WSNT && (body.localName === 'Notify' || body.localName === 'GetMessagesResponse');
  if (!isWrapped) return [{ xml: standaloneXml(body) }];
  return childrenOf(body)
    .filter((child) => child.namespace === WSNT && child.localName === 'NotificationMessage')
    .map(readNotification);
}

/** The first element of the SOAP body; undefined if the body is empty. Throws ExchangeError if this is no SOAP envelope. */
export function bodyOf(envelope: XmlNode): XmlNode | undefined {
  const body = SOAP_NAMESPACES.includes(envelope.namespace) ? childOf(envelope, envelope.namespace, 'Body') : undefined;
  if (envelope.localName !== 'Envelope' || body === undefined) {
    throw new ExchangeError(`Expected a SOAP envelope with a Body, but found <${envelope.name}>`);
  }
  return childrenOf(body)[0];
}

/** The fault in a SOAP body, if it is one. Named by its detail element, else by its subcode, else by its code. */
export function faultOf(body: XmlNode): SoapFaultError | undefined {
  if (body.localName !== 'Fault' || !SOAP_NAMESPACES.includes(body.namespace)) return undefined;
  const code = childOf(body, body.namespace, 'Code');
  const subcode = code === undefined ? undefined : childOf(code, body.namespace, 'Subcode');
  const value = subcode ?? code;
  const codeName =
    value === undefined ? textOf(childOf(body, '', 'faultcode')) : textOf(childOf(value, body.namespace, 'Value'));
  const reasonElement = childOf(body, body.namespace, 'Reason');
  const reason = reasonElement === undefined ? childOf(body, '', 'faultstring') : childrenOf(reasonElement)[0];
  const detail = childOf(body, body.namespace, 'Detail') ?? childOf(body, '', 'detail');
  const detailName = detail === undefined ? undefined : childrenOf(detail)[0]?.localName;
  const isNamedByDetail = detailName?.endsWith('Fault') === true;
  return new SoapFaultError(isNamedByDetail ? detailName : withoutPrefix(codeName), textOf(reason));
}

function readNotification(message: XmlNode): ReceivedNotification {
  const topic = childOf(message, WSNT, 'Topic');
  const producer = childOf(message, WSNT, 'ProducerReference');
  const holder = childOf(message, WSNT, 'Message');
  const payload = holder === undefined ? undefined : childrenOf(holder)[0];
  if (payload === undefined) throw new ExchangeError('A NotificationMessage has no Message with an element inside');
  return {
    ...(topic === undefined
      ? {}
      : { topic: { text: expandedTopic(topic), dialect: topic.attributes['Dialect'] ?? '' } }),
    ...(producer === undefined ? {} : { producer: textOf(childOf(producer, WSA, 'Address')) }),
    xml: standaloneXml(payload),
  };
}

/** The topic with namespaces in braces instead of prefixes; a step whose prefix is not declared stays as it is. */
function expandedTopic(topic: XmlNode): string {
  return textOf(topic).replaceAll(/([\p{L}_][\p{L}\p{N}._-]*):(?!:)/gu, (written, prefix: string) => {
    const namespace = topic.scope.get(prefix);
    return namespace === undefined ? written : `{${namespace}}`;
  });
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function element(name: string, content: string): string {
  return `<wsnt:${name} xmlns:wsnt="${WSNT}">${content}</wsnt:${name}>`;
}

function topicElement(name: string, { text, dialect, namespaces }: TopicArgument): string {
  const xmlns = Object.entries(namespaces).map(([prefix, uri]) => ` xmlns:${prefix}="${escapeXml(uri)}"`);
  // A topic may itself use the prefix wsnt; the element then needs another.
  const prefix = Object.hasOwn(namespaces, 'wsnt') ? 'pointsman-wsnt' : 'wsnt';
  const own = prefix === 'wsnt' ? '' : ` xmlns:${prefix}="${WSNT}"`;
  return `<${prefix}:${name}${own}${xmlns.join('')} Dialect="${escapeXml(dialect)}">${escapeXml(text)}</${prefix}:${name}>`;
}

function referenceElement(name: string, { address, parameters }: Reference): string {
  const inside = parameters.map((parameter) => standaloneXml(parameter)).join('');
  const block = inside === '' ? '' : `<wsa:ReferenceParameters>${inside}</wsa:ReferenceParameters>`;
  return `<wsnt:${name} xmlns:wsa="${WSA}"><wsa:Address>${escapeXml(address)}</wsa:Address>${block}</wsnt:${name}>`;
}

function timeElement(name: string, { text }: TerminationArgument): string {
  return text === undefined
    ? `<wsnt:${name} xmlns:xsi="${XSI}" xsi:nil="true"/>`
    : `<wsnt:${name}>${text}</wsnt:${name}>`;
}
