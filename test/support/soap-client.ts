import type { XmlElement } from '../../src/xml/document.ts';
import { readXml } from '../../src/xml/reader.ts';

export const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
export const WSA = 'http://www.w3.org/2005/08/addressing';
const SOAP = { '1.1': 'http://schemas.xmlsoap.org/soap/envelope/', '1.2': 'http://www.w3.org/2003/05/soap-envelope' };
const CONCRETE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete';

/** An endpoint reference as a client keeps it. */
export interface Reference {
  readonly address: string;
  /** The reference parameters as elements, with their namespaces declared. */
  readonly parameters: string;
}

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly via: string;
  readonly retryAfter: string | null;
  readonly text: string;
  /** The first child of the Body; undefined for an empty answer. */
  readonly body: XmlElement | undefined;
  /** The local name of the fault's detail, or its reason without one; undefined for a success. */
  readonly fault: string | undefined;
}

export interface SendOptions {
  readonly version?: '1.1' | '1.2';
  readonly headers?: string;
  readonly timeoutMs?: number;
}

/** Sends `body` in an envelope. Rejects only when there is no HTTP answer at all. */
export async function send(url: string, body: string, options: SendOptions = {}): Promise<Answer> {
  const { version = '1.2', headers = '', timeoutMs = 20_000 } = options;
  const envelope = `<s:Envelope xmlns:s="${SOAP[version]}" xmlns:wsa="${WSA}" xmlns:wsnt="${WSNT}"><s:Header>${headers}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
  const type = version === '1.1' ? 'text/xml; charset=utf-8' : 'application/soap+xml; charset=utf-8';
  return post(url, envelope, { 'Content-Type': type }, timeoutMs);
}

/** Sends raw bytes. */
export async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
  timeoutMs = 20_000,
): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(timeoutMs) });
  const text = await response.text();
  const element = text === '' ? undefined : bodyOf(text);
  return {
    status: response.status,
    via: response.headers.get('via') ?? '',
    retryAfter: response.headers.get('retry-after'),
    text,
    body: element,
    fault: element?.localName === 'Fault' ? faultOf(element) : undefined,
  };
}

function bodyOf(text: string): XmlElement | undefined {
  const envelope = readXml(Buffer.from(text)).root;
  return envelope.child(envelope.namespace, 'Body')?.children()[0];
}

function faultOf(fault: XmlElement): string {
  const detail = fault.children().find(({ localName }) => localName.toLowerCase() === 'detail');
  const named = detail?.children()[0]?.localName;
  if (named !== undefined) return named;
  const reason = fault.children().find(({ localName }) => ['Reason', 'faultstring'].includes(localName));
  return reason?.children()[0]?.text() ?? reason?.text() ?? 'fault without a reason';
}

/** Sends to what an endpoint reference names; `form` says which half of it the client keeps. */
export async function sendTo(
  reference: Reference,
  body: string,
  options: SendOptions & { readonly form?: 'both' | 'path' | 'parameters'; readonly frontDoor?: string } = {},
): Promise<Answer> {
  const { form = 'both', frontDoor } = options;
  const origin = new URL(reference.address).origin;
  const url = form === 'parameters' ? `${frontDoor ?? origin}/wsn/SubscriptionManager` : reference.address;
  const parameters = form === 'path' ? '' : reference.parameters;
  return send(url, body, { ...options, headers: `${options.headers ?? ''}${parameters}` });
}

/** Reads an EPR out of a reply. */
export function referenceIn(element: XmlElement): Reference {
  const address = element.child(WSA, 'Address')?.text().trim() ?? '';
  const parameters = element.child(WSA, 'ReferenceParameters')?.children() ?? [];
  const written = parameters.map((parameter) => {
    const { namespace, localName } = parameter;
    return `<p:${localName} xmlns:p="${namespace}" wsa:IsReferenceParameter="true">${parameter.text()}</p:${localName}>`;
  });
  return { address, parameters: written.join('') };
}

/** `{ns}a/b` as a Concrete TopicExpression in the element `name`. */
export function topicElement(name: string, topic: string): string {
  const [, namespace = '', path = ''] = /^(?:\{([^}]*)\})?(.*)$/.exec(topic) ?? [];
  return namespace === ''
    ? `<wsnt:${name} Dialect="${CONCRETE}">${path}</wsnt:${name}>`
    : `<wsnt:${name} xmlns:t="${namespace}" Dialect="${CONCRETE}">t:${path}</wsnt:${name}>`;
}

/** Subscribes and gives the SubscriptionReference; fails with the fault. */
export async function subscribe(
  broker: string,
  consumer: string,
  options: SendOptions & { readonly topic?: string; readonly termination?: string; readonly engine?: string } = {},
): Promise<Reference> {
  const { topic, termination, engine } = options;
  const filter = topic === undefined ? '' : `<wsnt:Filter>${topicElement('TopicExpression', topic)}</wsnt:Filter>`;
  const time =
    termination === undefined ? '' : `<wsnt:InitialTerminationTime>${termination}</wsnt:InitialTerminationTime>`;
  const body = `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>${consumer}</wsa:Address></wsnt:ConsumerReference>${filter}${time}</wsnt:Subscribe>`;
  const path = engine === undefined ? '' : `/${engine}`;
  const answer = await send(`${broker}/wsn/NotificationBroker${path}`, body, options);
  const reference = answer.body?.child(WSNT, 'SubscriptionReference');
  if (reference === undefined) throw new Error(`Subscribe failed: HTTP ${String(answer.status)} ${answer.text}`);
  return referenceIn(reference);
}

/** The Notify of one message with a text payload on a topic. */
export function notifyBody(topic: string | undefined, payload: string): string {
  const topicXml = topic === undefined ? '' : topicElement('Topic', topic);
  return `<wsnt:Notify><wsnt:NotificationMessage>${topicXml}<wsnt:Message><e xmlns="urn:test">${payload}</e></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>`;
}

/** Publishes one message; the answer tells whether it was acknowledged (202). */
export async function publish(
  broker: string,
  topic: string | undefined,
  payload: string,
  options: SendOptions & { readonly engine?: string } = {},
): Promise<Answer> {
  const path = options.engine === undefined ? '' : `/${options.engine}`;
  return send(`${broker}/wsn/NotificationBroker${path}`, notifyBody(topic, payload), options);
}
