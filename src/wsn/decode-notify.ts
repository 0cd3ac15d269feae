import { readEndpointReference, writeEndpointReference } from '../soap/addressing.ts';
import { WSA_NAMESPACE } from '../soap/addressing-names.ts';
import type { XmlElement } from '../xml/document.ts';
import { standalone, wrapExact } from '../xml/fragment.ts';
import { malformed, optionalChild, refuseUnknownChildren, requiredChild } from './elements.ts';
import type { Notification } from './messages.ts';
import { WSNT_NAMESPACE } from './namespaces.ts';
import { readTopic } from './topics/read-topic.ts';

export interface NotifyRequest {
  readonly operation: 'Notify';
  /** At least one. */
  readonly messages: readonly Notification[];
}

/** How many messages one Notify may carry. */
const MAX_MESSAGES = 1000;

/**
 * Reads a Notify (WS-BaseNotification §3.1). Throws ProtocolError (Sender) for one without or with too many messages, or
 * with a message that has not exactly one element as payload; WsnFault for a topic that cannot be read.
 */
export function decodeNotify(body: XmlElement): NotifyRequest {
  const elements = body.children().filter((child) => child.is(WSNT_NAMESPACE, 'NotificationMessage'));
  if (elements.length === 0) throw malformed(body, 'found no wsnt:NotificationMessage, expected at least one');
  if (elements.length > MAX_MESSAGES) {
    throw malformed(body, `found ${elements.length} notification messages, expected at most ${MAX_MESSAGES}`);
  }
  return { operation: 'Notify', messages: elements.map(readNotification) };
}

const PARTS = ['SubscriptionReference', 'Topic', 'ProducerReference', 'Message'];
const MESSAGE = { namespace: WSNT_NAMESPACE, localName: 'Message', prefix: 'wsnt' };

function readNotification(element: XmlElement): Notification {
  refuseUnknownChildren(element, PARTS);
  const payload = readPayload(requiredChild(element, 'Message'));
  const topicElement = optionalChild(element, 'Topic');
  const topic = topicElement === undefined ? undefined : readTopic(topicElement);
  const producerElement = optionalChild(element, 'ProducerReference');
  const producer = producerElement === undefined ? undefined : readProducer(producerElement);
  const message = wrapExact(payload, MESSAGE);
  if (producer === undefined) return topic === undefined ? { message } : { topic, message };
  return topic === undefined ? { producer, message } : { topic, producer, message };
}

function readPayload(message: XmlElement): XmlElement {
  const [payload, second] = message.children();
  if (payload === undefined) throw malformed(message, 'found no element as payload, expected one');
  if (second !== undefined) {
    throw malformed(message, `found ${message.children().length} elements as payload, expected one`);
  }
  if (!message.isBlank()) throw malformed(message, 'found text beside the payload element, expected one element');
  return payload;
}

/** As it came if the schema allows that; otherwise (parts in another order, WS-Addressing 2004/08) what it says, anew. */
function readProducer(element: XmlElement): string {
  const reference = readEndpointReference(element);
  const order = element.children().map((child) => {
    if (child.namespace !== WSA_NAMESPACE) return child.namespace === '' ? '?' : 'x';
    return { Address: 'A', ReferenceParameters: 'R', Metadata: 'M' }[child.localName] ?? '?';
  });
  const isValid = /^AR?M?x*$/.test(order.join('')) && element.isBlank() && element.attributes().length === 0;
  if (isValid) return standalone(element);
  const declared = `wsnt:ProducerReference xmlns:wsnt="${WSNT_NAMESPACE}" xmlns:wsa="${WSA_NAMESPACE}"`;
  return writeEndpointReference('wsnt:ProducerReference', reference).replace('wsnt:ProducerReference', declared);
}
