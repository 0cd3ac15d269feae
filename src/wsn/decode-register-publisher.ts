import { readEndpointReference } from '../soap/addressing.ts';
import { isAnonymousAddress, WSA_NONE } from '../soap/addressing-names.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { clipped } from '../soap/text.ts';
import type { XmlElement } from '../xml/document.ts';
import { optionalChild, refuseUnknownChildren } from './elements.ts';
import { WsnFault } from './faults.ts';
import type { RequestedTermination, TopicExpression } from './messages.ts';
import { BR_NAMESPACE } from './namespaces.ts';
import { readBoolean } from './simple-values.ts';
import { parseTermination } from './termination-time.ts';
import { readTopicExpression } from './topics/read-topic.ts';
import { compileTopicExpression } from './topics/topic-expression.ts';

export interface RegisterPublisherRequest {
  readonly operation: 'RegisterPublisher';
  readonly publisher?: EndpointReference;
  /** None: all topics. */
  readonly topics: readonly TopicExpression[];
  readonly demand: boolean;
  readonly termination: RequestedTermination;
}

const PARTS = ['PublisherReference', 'Topic', 'Demand', 'InitialTerminationTime'];

/** How many topic expressions one registration may have. */
export const MAX_REGISTERED_TOPICS = 100;

/**
 * Reads a RegisterPublisher (WS-BrokeredNotification §4.3), its parts in any order. Its schema knows a dateTime as
 * InitialTerminationTime only; its text knows xsi:nil too, and a duration does no harm. Throws ProtocolError for what is
 * no RegisterPublisher, and WsnFault: InvalidTopicExpressionFault (for an unknown dialect too, since the operation
 * declares no fault of its own for that), UnacceptableInitialTerminationTimeFault, and
 * PublisherRegistrationRejectedFault for too many topics or a demand that could not be sent to anybody.
 */
export function decodeRegisterPublisher(body: XmlElement): RegisterPublisherRequest {
  refuseUnknownChildren(body, PARTS, BR_NAMESPACE);
  const reference = optionalChild(body, 'PublisherReference', BR_NAMESPACE);
  const publisher = reference === undefined ? undefined : readEndpointReference(reference);
  const demandElement = optionalChild(body, 'Demand', BR_NAMESPACE);
  const demand = demandElement !== undefined && readBoolean(demandElement, false);
  if (demand && publisher !== undefined) requirePlace(publisher);
  const requested = optionalChild(body, 'InitialTerminationTime', BR_NAMESPACE);
  return {
    operation: 'RegisterPublisher',
    ...(publisher === undefined ? {} : { publisher }),
    topics: readTopics(body.children().filter((child) => child.is(BR_NAMESPACE, 'Topic'))),
    demand,
    termination: parseTermination(requested, 'UnacceptableInitialTerminationTimeFault'),
  };
}

function readTopics(elements: readonly XmlElement[]): readonly TopicExpression[] {
  if (elements.length > MAX_REGISTERED_TOPICS) {
    const message = `Found ${elements.length} topics in one registration, expected at most ${MAX_REGISTERED_TOPICS}`;
    throw new WsnFault('PublisherRegistrationRejectedFault', message);
  }
  try {
    const topics = elements.map((element) => readTopicExpression(element));
    topics.forEach((topic) => compileTopicExpression(topic));
    return topics;
  } catch (error) {
    if (error instanceof WsnFault && error.fault === 'TopicExpressionDialectUnknownFault') {
      throw new WsnFault('InvalidTopicExpressionFault', error.message);
    }
    throw error;
  }
}

/** The broker will have to subscribe at the publisher. */
function requirePlace({ address }: EndpointReference): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isPlace = !isAnonymousAddress(address) && address !== WSA_NONE;
  if (isPlace && (url?.protocol === 'http:' || url?.protocol === 'https:')) return;
  const found = `Found the PublisherReference address '${clipped(address)}' with Demand`;
  throw new WsnFault(
    'PublisherRegistrationRejectedFault',
    `${found}, expected the absolute http or https URL of a NotificationProducer`,
  );
}
