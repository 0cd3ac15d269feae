import { readEndpointReference } from '../soap/addressing.ts';
import { isAnonymousAddress, WSA_NONE } from '../soap/addressing-names.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { clipped } from '../soap/text.ts';
import type { XmlElement } from '../xml/document.ts';
import { optionalChild, refuseUnknownChildren, requiredChild } from './elements.ts';
import { WsnFault } from './faults.ts';
import type { Filter, RequestedTermination, TopicExpression } from './messages.ts';
import { WSNT_NAMESPACE } from './namespaces.ts';
import type { ElementName } from './operations.ts';
import { parseTermination } from './termination-time.ts';
import { readTopicExpression } from './topics/read-topic.ts';
import { compileTopicExpression } from './topics/topic-expression.ts';

export interface SubscribeRequest {
  readonly operation: 'Subscribe';
  /** Its address is an absolute http or https URL. */
  readonly consumer: EndpointReference;
  readonly filter: Filter;
  readonly termination: RequestedTermination;
}

const PARTS = ['ConsumerReference', 'Filter', 'InitialTerminationTime', 'SubscriptionPolicy'];

/** How many topic expressions one filter may have; they are AND-ed, so more than one is rare. */
const MAX_EXPRESSIONS = 100;

/**
 * Reads a Subscribe (WS-BaseNotification §4.1), its parts in any order. Throws ProtocolError for what is no Subscribe
 * or has no valid endpoint reference (wsa:InvalidEPR), and WsnFault for what is not granted: InvalidFilterFault,
 * TopicExpressionDialectUnknownFault, InvalidTopicExpressionFault, UnsupportedPolicyRequestFault (UseRaw),
 * UnrecognizedPolicyRequestFault, UnacceptableInitialTerminationTimeFault, and SubscribeCreationFailedFault for a
 * consumer address that nothing can be sent to.
 */
export function decodeSubscribe(body: XmlElement): SubscribeRequest {
  refuseUnknownChildren(body, PARTS);
  const consumer = readConsumer(requiredChild(body, 'ConsumerReference'));
  const filter = readFilter(optionalChild(body, 'Filter'));
  refusePolicies(optionalChild(body, 'SubscriptionPolicy'));
  const requested = optionalChild(body, 'InitialTerminationTime');
  const termination = parseTermination(requested, 'UnacceptableInitialTerminationTimeFault');
  return { operation: 'Subscribe', consumer, filter, termination };
}

function readConsumer(element: XmlElement): EndpointReference {
  const reference = readEndpointReference(element);
  const url = URL.canParse(reference.address) ? new URL(reference.address) : undefined;
  // The addresses that stand for no place are http URLs too.
  const isPlace = !isAnonymousAddress(reference.address) && reference.address !== WSA_NONE;
  if (isPlace && (url?.protocol === 'http:' || url?.protocol === 'https:')) return reference;
  const found = `Found the ConsumerReference address '${clipped(reference.address)}'`;
  throw new WsnFault('SubscribeCreationFailedFault', `${found}, expected the absolute http or https URL of a consumer`);
}

function readFilter(element: XmlElement | undefined): Filter {
  const topics: TopicExpression[] = [];
  const unknownFilters: ElementName[] = [];
  for (const child of element?.children() ?? []) {
    if (!child.is(WSNT_NAMESPACE, 'TopicExpression')) unknownFilters.push(nameOf(child));
    else if (unknownFilters.length === 0) topics.push(readTopicExpression(child));
  }
  if (unknownFilters.length > 0) {
    const message = `Found the filter ${listed(unknownFilters)}, expected wsnt:TopicExpression`;
    throw new WsnFault('InvalidFilterFault', message, { unknownFilters: distinct(unknownFilters) });
  }
  if (topics.length > MAX_EXPRESSIONS) {
    const message = `Found ${topics.length} topic expressions in one filter, expected at most ${MAX_EXPRESSIONS}`;
    throw new WsnFault('SubscribeCreationFailedFault', message);
  }
  topics.forEach((expression) => compileTopicExpression(expression));
  return { topics };
}

function refusePolicies(element: XmlElement | undefined): void {
  const policies = (element?.children() ?? []).map(nameOf);
  const isUseRaw = ({ namespace, localName }: ElementName): boolean =>
    namespace === WSNT_NAMESPACE && localName === 'UseRaw';
  const unrecognizedPolicies = distinct(policies.filter((policy) => !isUseRaw(policy)));
  if (unrecognizedPolicies.length > 0) {
    const message = `Found the subscription policy ${listed(unrecognizedPolicies)}, which is not known here`;
    throw new WsnFault('UnrecognizedPolicyRequestFault', message, { unrecognizedPolicies });
  }
  if (policies.length > 0) {
    const message = 'Notifications are sent wrapped in wsnt:Notify only, found the subscription policy wsnt:UseRaw';
    throw new WsnFault('UnsupportedPolicyRequestFault', message, {
      unsupportedPolicies: [{ namespace: WSNT_NAMESPACE, localName: 'UseRaw' }],
    });
  }
}

function nameOf({ namespace, localName }: XmlElement): ElementName {
  return { namespace, localName };
}

/** At most ten, so that a fault stays small. */
function distinct(names: readonly ElementName[]): readonly ElementName[] {
  const byKey = new Map(names.map((name) => [`{${name.namespace}}${name.localName}`, name]));
  return [...byKey.values()].slice(0, 10);
}

function listed(names: readonly ElementName[]): string {
  const texts = distinct(names).map(({ namespace, localName }) => `{${clipped(namespace)}}${clipped(localName)}`);
  return texts.join(', ');
}
