import type { EndpointReference } from '../soap/endpoint-reference.ts';

/**
 * A topic as `{namespace}root/child/{namespace}extension`: each step's namespace in braces, none for a step without.
 * Two topics are the same if and only if these strings are equal.
 */
export type TopicPath = string;

/** A TopicExpression as it was sent, with the namespaces that its prefixes meant there (WS-Topics §8). */
export interface TopicExpression {
  readonly dialect: string;
  /** Without outer white space. */
  readonly text: string;
  /** Prefix to namespace, for the prefixes that the text uses; '' is the default namespace. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/** What a subscription lets through. All parts must match (WS-BaseNotification §4.1). No part: everything. */
export interface Filter {
  readonly topics: readonly TopicExpression[];
}

/** An xsd:duration, kept in its parts because months are calendar months. All parts have the sign of the whole. */
export interface Duration {
  readonly months: number;
  /** Days to seconds, in milliseconds. */
  readonly ms: number;
}

/** An InitialTerminationTime or TerminationTime as it was asked for (WS-BaseNotification §4.1, §6.1.1). */
export type RequestedTermination =
  | { readonly kind: 'absent' }
  | { readonly kind: 'infinite' }
  | { readonly kind: 'absolute'; readonly at: number }
  | { readonly kind: 'relative'; readonly duration: Duration };

/** A NotificationMessage on its way through the broker. */
export interface Notification {
  /** Undefined: the publisher gave none; only subscriptions without a topic filter get it. */
  readonly topic?: TopicPath;
  /** The publisher's ProducerReference: a complete wsnt:ProducerReference element that declares what it uses. */
  readonly producer?: string;
  /** A complete wsnt:Message element in UTF-8 that declares what it uses; its content is the payload, byte for byte. */
  readonly message: Uint8Array;
}

/** A NotificationConsumer that notifications are pushed to. */
export interface PushConsumer {
  readonly kind: 'push';
  readonly reference: EndpointReference;
  /** The SOAP version of the Subscribe; notifications are sent in the same. */
  readonly soapVersion: '1.1' | '1.2';
}

/** Where the notifications of a subscription go: to a NotificationConsumer, or to a pull point of the same engine. */
export type Consumer = PushConsumer | { readonly kind: 'pull'; readonly pullPoint: string };
