import { Recent } from '../kernel/recent.ts';
import { writeEndpointReference } from '../soap/addressing.ts';
import { WSA_NAMESPACE } from '../soap/addressing-names.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { escapeAttribute, escapeText } from '../xml/writer.ts';
import { payloadOf } from './filters/payload.ts';
import type { Notification, TopicPath } from './messages.ts';
import { WSNT_NAMESPACE } from './namespaces.ts';
import { formatTopic } from './topics/topic-expression.ts';

/** A notification on its way to one subscriber or out of one pull point. */
export interface OutgoingNotification {
  /** The subscription through which it goes. */
  readonly subscription?: EndpointReference | undefined;
  readonly notification: Notification;
  /** The topic dialect of that subscription; undefined: Concrete. */
  readonly dialect?: string | undefined;
}

/** Topics of which the element is kept, for each dialect. */
const MAX_TOPICS = 512;
const MAX_DIALECTS = 8;

const NAMESPACES = `xmlns:wsnt="${WSNT_NAMESPACE}" xmlns:wsa="${WSA_NAMESPACE}"`;

const FIRST_START = `<wsnt:Notify ${NAMESPACES}><wsnt:NotificationMessage>`;

/** wsnt:Topic elements that were written lately: a topic is sent to many, and many times. */
export class TopicElements {
  readonly #byDialect = new Map<string | undefined, Recent<TopicPath, string>>();

  /** The element, for the prefix wsnt; empty without a topic. */
  of(topic: TopicPath | undefined, dialect: string | undefined): string {
    if (topic === undefined) return '';
    let known = this.#byDialect.get(dialect);
    if (known === undefined) {
      known = new Recent(MAX_TOPICS);
      // There is a handful of dialects; whatever else might come as one shall not fill the memory.
      if (this.#byDialect.size < MAX_DIALECTS) this.#byDialect.set(dialect, known);
    }
    return known.get(topic, () => topicElement(topic, dialect));
  }
}

/** What goes to one subscriber in one message. */
export interface OutgoingBatch {
  /** The subscription through which it goes, as a finished wsnt:SubscriptionReference. */
  readonly reference: string;
  readonly dialect: string | undefined;
  readonly notifications: readonly Notification[];
}

/**
 * A wsnt:Notify for the body of a message to one subscriber; at least one notification. Payloads are put in byte for byte. The same text between two payloads is the same string, so that it can be encoded once.
 */
export function encodeNotify(
  { reference, dialect, notifications }: OutgoingBatch,
  topics: TopicElements,
): (string | Uint8Array)[] {
  const parts: (string | Uint8Array)[] = [];
  let head = '';
  let between = '';
  let [topic, producer]: (string | undefined)[] = [];
  for (const notification of notifications) {
    if (parts.length === 0 || notification.topic !== topic || notification.producer !== producer) {
      ({ topic, producer } = notification);
      head = `${reference}${topics.of(notification.topic, dialect)}${producer ?? ''}`;
      between = `</wsnt:NotificationMessage><wsnt:NotificationMessage>${head}`;
    }
    parts.push(parts.length === 0 ? FIRST_START + head : between, notification.message);
  }
  parts.push('</wsnt:NotificationMessage></wsnt:Notify>');
  return parts;
}

/** A wsnt:GetMessagesResponse for the body of a reply. */
export function encodeGetMessagesReply(messages: readonly OutgoingNotification[]): (string | Uint8Array)[] {
  const parts = messages.flatMap(notificationParts);
  return ['<wsnt:GetMessagesResponse ', NAMESPACES, '>', ...parts, '</wsnt:GetMessagesResponse>'];
}

/**
 * A notification sent as its payload alone (wsnt:UseRaw): the body is the payload, and what a wsnt:NotificationMessage says
 * beside it goes into header blocks (WS-BaseNotification §3.1).
 */
export function encodeRaw(outgoing: OutgoingNotification): { readonly blocks: string; readonly body: Uint8Array } {
  const { subscription, notification, dialect } = outgoing;
  const reference = subscription && writeEndpointReference('wsnt:SubscriptionReference', subscription);
  const topic = notification.topic === undefined ? '' : topicElement(notification.topic, dialect);
  const blocks = [reference ?? '', topic].map((block) => block.replace(/^<wsnt:\w+/, `$& ${NAMESPACES}`));
  return { blocks: blocks.join(''), body: payloadOf(notification.message) };
}

/** A wsnt:NotificationMessage in pieces; the prefixes wsnt and wsa must be declared around it. */
export function notificationParts(outgoing: OutgoingNotification): (string | Uint8Array)[] {
  const { subscription, notification, dialect } = outgoing;
  const reference = subscription && writeEndpointReference('wsnt:SubscriptionReference', subscription);
  const topic = notification.topic === undefined ? '' : topicElement(notification.topic, dialect);
  const head = `<wsnt:NotificationMessage>${reference ?? ''}${topic}${notification.producer ?? ''}`;
  return [head, notification.message, '</wsnt:NotificationMessage>'];
}

function topicElement(topic: TopicPath, dialect: string | undefined): string {
  const { text, namespaces, dialect: label } = formatTopic(topic, dialect);
  const declarations = Object.entries(namespaces).map(
    ([prefix, namespace]) => ` xmlns:${prefix}="${escapeAttribute(namespace)}"`,
  );
  return `<wsnt:Topic Dialect="${escapeAttribute(label)}"${declarations.join('')}>${escapeText(text)}</wsnt:Topic>`;
}
