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

const NAMESPACES = `xmlns:wsnt="${WSNT_NAMESPACE}" xmlns:wsa="${WSA_NAMESPACE}"`;

/** A wsnt:Notify for the body of a message; at least one message. Payloads are put in byte for byte. */
export function encodeNotify(messages: readonly OutgoingNotification[]): (string | Uint8Array)[] {
  return ['<wsnt:Notify ', NAMESPACES, '>', ...messages.flatMap(notificationParts), '</wsnt:Notify>'];
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
