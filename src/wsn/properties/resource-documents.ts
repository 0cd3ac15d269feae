import type { EndpointReference } from '../../soap/endpoint-reference.ts';
import type { ElementName } from '../element-name.ts';
import type {
  Filter,
  PauseRetention,
  PublisherRegistration,
  SubscriptionPolicy,
  TopicExpression,
} from '../messages.ts';
import {
  BR_NAMESPACE,
  PROPERTIES_NAMESPACE,
  RL_NAMESPACE,
  RP_NAMESPACE,
  WSNT_NAMESPACE,
  WSTOP_NAMESPACE,
} from '../namespaces.ts';
import type { PropertyDocument, PropertyValue } from './property-document.ts';
import { booleanElement, referenceElement, textElement, timeElement, topicElement } from './property-elements.ts';
import { QUERY_DIALECT } from './query.ts';

/** Makes the names of the properties in one namespace. */
function named(namespace: string): (localName: string) => ElementName {
  return (localName) => ({ namespace, localName });
}

const wsnt = named(WSNT_NAMESPACE);
const br = named(BR_NAMESPACE);
const pm = named(PROPERTIES_NAMESPACE);

const CURRENT_TIME = named(RL_NAMESPACE)('CurrentTime');
const TERMINATION_TIME = named(RL_NAMESPACE)('TerminationTime');
const QUERY_EXPRESSION_DIALECT = named(RP_NAMESPACE)('QueryExpressionDialect');
const TOPIC_SET = named(WSTOP_NAMESPACE)('TopicSet');

/** br:Topic of a registration: one of the two properties that may change. */
export const TOPIC_PROPERTY = br('Topic');
/** br:Demand of a registration: the other one. */
export const DEMAND_PROPERTY = br('Demand');
/** The set of all topics: the one property that the engines have to be asked for. */
export const TOPIC_SET_PROPERTY = TOPIC_SET;
/** It has another value each time. */
export const CURRENT_TIME_PROPERTY = CURRENT_TIME;

/** Times in milliseconds since 1970. */
export interface DescribedLifetime {
  readonly creationTime: number;
  readonly currentTime: number;
  /** Null: none. */
  readonly terminationTime: number | null;
}

export interface DescribedSubscription extends DescribedLifetime {
  readonly consumer: EndpointReference;
  readonly filter: Filter;
  readonly policy: SubscriptionPolicy;
  readonly isPaused: boolean;
}

export interface DescribedRegistration extends DescribedLifetime {
  readonly registration: PublisherRegistration;
}

export interface DescribedBroker {
  /** The URIs of the dialects in which every valid topic expression is accepted. */
  readonly dialects: readonly string[];
  /** No topic grows by use. */
  readonly fixed: boolean;
  /** A complete wstop:TopicSet element that declares what it uses; undefined: not asked for. */
  readonly topicSet: string | undefined;
  readonly requiresRegistration: boolean;
  /** What happens to messages for a paused subscription whose subscriber did not say. */
  readonly pauseRetention: PauseRetention;
}

/** How the parts of a subscription are written that have many forms; complete, schema-valid elements. */
export interface SubscriptionEncoders {
  readonly filter: (filter: Filter) => string;
  readonly policy: (policy: SubscriptionPolicy) => string;
}

/** What can be said of every resource here. `hasQueries`: it can be queried. */
interface Offer {
  readonly hasQueries: boolean;
}

type Row = readonly [ElementName, readonly string[]];

function documentOf(root: string, rows: readonly Row[]): PropertyDocument {
  return {
    root: pm(root),
    names: rows.map(([name]) => name),
    values: rows.flatMap(([name, elements]) => elements.map((xml): PropertyValue => ({ name, xml }))),
  };
}

function lifetimeRows({ currentTime, terminationTime }: DescribedLifetime): readonly Row[] {
  return [
    [CURRENT_TIME, [timeElement(CURRENT_TIME, currentTime)]],
    [TERMINATION_TIME, [timeElement(TERMINATION_TIME, terminationTime)]],
  ];
}

function queryRow({ hasQueries }: Offer): Row {
  const name = QUERY_EXPRESSION_DIALECT;
  return [name, hasQueries ? [textElement(name, QUERY_DIALECT)] : []];
}

/** A subscription: wsnt:SubscriptionManagerRP (WS-BaseNotification §6.4), its lifetime, and whether it is paused. */
export function subscriptionDocument(
  described: DescribedSubscription,
  encoders: SubscriptionEncoders,
  offer: Offer,
): PropertyDocument {
  const { consumer, filter, policy, isPaused, creationTime } = described;
  const reference = wsnt('ConsumerReference');
  const parts = [filter.topics, filter.contents, filter.producerProperties, filter.queries];
  const hasFilter = parts.some((part) => part !== undefined && part.length > 0);
  return documentOf('Subscription', [
    [reference, [referenceElement(reference, consumer)]],
    [wsnt('Filter'), hasFilter ? [encoders.filter(filter)] : []],
    [wsnt('SubscriptionPolicy'), [encoders.policy(policy)]],
    [wsnt('CreationTime'), [timeElement(wsnt('CreationTime'), creationTime)]],
    ...lifetimeRows(described),
    queryRow(offer),
    [pm('Paused'), [booleanElement(pm('Paused'), isPaused)]],
  ]);
}

/** A pull point: the standard names no properties for it but those of its lifetime. */
export function pullPointDocument(described: DescribedLifetime, offer: Offer): PropertyDocument {
  return documentOf('PullPoint', [
    [wsnt('CreationTime'), [timeElement(wsnt('CreationTime'), described.creationTime)]],
    ...lifetimeRows(described),
    queryRow(offer),
  ]);
}

/** A registration: br:PublisherRegistrationRP (WS-BrokeredNotification §6) and its lifetime. */
export function registrationDocument(described: DescribedRegistration, offer: Offer): PropertyDocument {
  const { publisher, topics, demand } = described.registration;
  const reference = br('PublisherReference');
  return documentOf('PublisherRegistration', [
    [reference, publisher === undefined ? [] : [referenceElement(reference, publisher)]],
    [TOPIC_PROPERTY, topics.map(topicPropertyElement)],
    [DEMAND_PROPERTY, [demandPropertyElement(demand)]],
    [br('CreationTime'), [timeElement(br('CreationTime'), described.creationTime)]],
    ...lifetimeRows(described),
    queryRow(offer),
  ]);
}

/**
 * The broker itself: br:NotificationBrokerRP (WS-BrokeredNotification §4.2) in its order, then what the standards ask to be
 * advertised without naming a property for it. The topics are all in the wstop:TopicSet, none in wsnt:TopicExpression.
 */
export function brokerDocument(described: DescribedBroker, offer: Offer): PropertyDocument {
  const { fixed, dialects, topicSet, requiresRegistration, pauseRetention } = described;
  const fixedTopicSet = wsnt('FixedTopicSet');
  const dialect = wsnt('TopicExpressionDialect');
  return documentOf('NotificationBroker', [
    [wsnt('TopicExpression'), []],
    [fixedTopicSet, [booleanElement(fixedTopicSet, fixed)]],
    [dialect, dialects.map((uri) => textElement(dialect, uri))],
    [TOPIC_SET, topicSet === undefined ? [] : [topicSet]],
    [br('RequiresRegistration'), [booleanElement(br('RequiresRegistration'), requiresRegistration)]],
    queryRow(offer),
    [pm('PauseRetention'), [textElement(pm('PauseRetention'), pauseRetention)]],
    [pm('RawSupported'), [booleanElement(pm('RawSupported'), true)]],
  ]);
}

/** A value of br:Topic. */
export function topicPropertyElement(topic: TopicExpression): string {
  return topicElement(TOPIC_PROPERTY, topic);
}

/** The value of br:Demand. */
export function demandPropertyElement(demand: boolean): string {
  return booleanElement(DEMAND_PROPERTY, demand);
}
