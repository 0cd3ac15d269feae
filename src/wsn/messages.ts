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

/** A filter expression other than a topic expression, as it was sent, with the namespaces that its prefixes meant there. */
export type FilterExpression = TopicExpression;

/** A stored query by which IHE DSUB filters (ITI-52): a rim:AdhocQuery. */
export interface StoredQuery {
  /** The id attribute: which query it is. */
  readonly id: string;
  /** The complete element, which declares what it uses. */
  readonly element: string;
}

/** What a subscription lets through. All parts must match (WS-BaseNotification §4.1). No part: everything. */
export interface Filter {
  readonly topics: readonly TopicExpression[];
  /** Expressions over the payload (MessageContent). */
  readonly contents?: readonly FilterExpression[];
  /** Expressions over the properties of the producer, which is the broker (ProducerProperties). */
  readonly producerProperties?: readonly FilterExpression[];
  readonly queries?: readonly StoredQuery[];
}

/** What happens with messages while a subscription is paused: all are kept, only the last one, or none. */
export type PauseRetention = 'all' | 'last' | 'none';

/** How a subscription is served (WS-BaseNotification §4.1, SubscriptionPolicy). What is absent is as the topology says. */
export interface SubscriptionPolicy {
  /** Payloads are sent as they are, each as the body of a message of its own (wsnt:UseRaw). */
  readonly useRaw?: boolean;
  readonly pauseRetention?: PauseRetention;
  /** The consumer is told when the subscription ends without its doing (rl:TerminationNotification). */
  readonly notifyTermination?: boolean;
}

/** What a publisher registered (WS-BrokeredNotification §4.3). */
export interface PublisherRegistration {
  readonly publisher?: EndpointReference;
  /** The topics it may publish on; none: all. */
  readonly topics: readonly TopicExpression[];
  /** The broker subscribes to the publisher while there is somebody who wants its topics. */
  readonly demand: boolean;
  /** The SOAP version of the registration; the broker speaks to the publisher in the same. */
  readonly soapVersion: '1.1' | '1.2';
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
export type Consumer =
  | PushConsumer
  | { readonly kind: 'pull'; readonly pullPoint: string }
  /** The subscription is its own pull point (ONVIF Core §9.2). */
  | { readonly kind: 'own' };
