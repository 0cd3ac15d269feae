import { readEndpointReference } from '../soap/addressing.ts';
import { isAnonymousAddress, WSA_NONE } from '../soap/addressing-names.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { clipped, trimmed } from '../soap/text.ts';
import type { XmlElement } from '../xml/document.ts';
import { standalone } from '../xml/fragment.ts';
import type { XPath } from '../xml/xpath/xpath.ts';
import { optionalChild, refuseUnknownChildren, requiredChild } from './elements.ts';
import { WsnFault } from './faults.ts';
import { compileContent, compileProducerProperties } from './filters/compile.ts';
import { distinctNames, listedNames, nameOf } from './filters/element-names.ts';
import { asFault, readFilterExpression } from './filters/filter-expression.ts';
import { ADHOC_QUERY, RIM_NAMESPACE } from './filters/payload.ts';
import { readPolicy } from './filters/policy.ts';
import type { Filter, RequestedTermination, StoredQuery, SubscriptionPolicy } from './messages.ts';
import { WSNT_NAMESPACE } from './namespaces.ts';
import { parseTermination } from './termination-time.ts';
import { readTopicExpression } from './topics/read-topic.ts';
import { compileTopicExpression } from './topics/topic-expression.ts';

export interface SubscribeRequest {
  readonly operation: 'Subscribe';
  /** Its address is an absolute http or https URL. */
  readonly consumer: EndpointReference;
  readonly filter: Filter;
  readonly policy: SubscriptionPolicy;
  readonly termination: RequestedTermination;
}

/** How a Subscribe is read. */
export interface SubscribeOptions {
  /** Checks the grammar of expressions. Without it only what can be seen without an engine for XPath is checked. */
  readonly xpath?: Pick<XPath, 'check'>;
  /** True: filters of IHE DSUB (rim:AdhocQuery) are known. */
  readonly dsub?: boolean;
}

const PARTS = ['ConsumerReference', 'Filter', 'InitialTerminationTime', 'SubscriptionPolicy'];

/** How many parts one filter may have; they are AND-ed, so more than one of a kind is rare. */
const MAX_PARTS = 100;
/** Characters of a stored query. */
const MAX_QUERY_LENGTH = 64 * 1024;

/**
 * Reads a Subscribe (WS-BaseNotification §4.1), its parts in any order. Throws ProtocolError for what is no Subscribe
 * or has no valid endpoint reference (wsa:InvalidEPR), and WsnFault for what is not granted: InvalidFilterFault,
 * TopicExpressionDialectUnknownFault, InvalidTopicExpressionFault, InvalidMessageContentExpressionFault,
 * InvalidProducerPropertiesExpressionFault, UnsupportedPolicyRequestFault, UnrecognizedPolicyRequestFault,
 * UnacceptableInitialTerminationTimeFault, and SubscribeCreationFailedFault for a consumer address that nothing can be
 * sent to or a filter that is too large. Throws InfrastructureError if `options.xpath` does.
 */
export function decodeSubscribe(body: XmlElement, options: SubscribeOptions = {}): SubscribeRequest {
  refuseUnknownChildren(body, PARTS);
  const consumer = readConsumer(requiredChild(body, 'ConsumerReference'));
  const filter = readFilter(optionalChild(body, 'Filter'), options);
  const policy = readPolicy(optionalChild(body, 'SubscriptionPolicy'));
  const requested = optionalChild(body, 'InitialTerminationTime');
  const termination = parseTermination(requested, 'UnacceptableInitialTerminationTimeFault');
  return { operation: 'Subscribe', consumer, filter, policy, termination };
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

/**
 * Reads a Filter; none lets everything through. Also for the messages of other standards that have one (ONVIF's
 * CreatePullPointSubscription). Throws WsnFault as `decodeSubscribe`.
 */
export function readFilter(element: XmlElement | undefined, { xpath, dsub = false }: SubscribeOptions): Filter {
  const parts = element?.children() ?? [];
  refuseUnknownFilters(parts, dsub);
  if (parts.length > MAX_PARTS) {
    const message = `Found ${parts.length} expressions in one filter, expected at most ${MAX_PARTS}`;
    throw new WsnFault('SubscribeCreationFailedFault', message);
  }
  const named = (localName: string): readonly XmlElement[] =>
    parts.filter((part) => part.is(WSNT_NAMESPACE, localName));
  const topics = named('TopicExpression').map((part) => readTopicExpression(part));
  for (const topic of topics) compileTopicExpression(topic);
  const contents = named('MessageContent').map((part) => {
    const expression = readFilterExpression(part, 'InvalidMessageContentExpressionFault');
    const compiled = compileContent(expression);
    asFault(expression, 'InvalidMessageContentExpressionFault', () => xpath?.check(compiled));
    return expression;
  });
  const producerProperties = named('ProducerProperties').map((part) => {
    const expression = readFilterExpression(part, 'InvalidProducerPropertiesExpressionFault');
    const compiled = compileProducerProperties(expression);
    asFault(expression, 'InvalidProducerPropertiesExpressionFault', () => xpath?.check(compiled));
    return expression;
  });
  const queries = parts.filter((part) => part.is(RIM_NAMESPACE, ADHOC_QUERY)).map(readQuery);
  return {
    topics,
    ...(contents.length === 0 ? {} : { contents }),
    ...(producerProperties.length === 0 ? {} : { producerProperties }),
    ...(queries.length === 0 ? {} : { queries }),
  };
}

const FILTERS = ['TopicExpression', 'MessageContent', 'ProducerProperties'];

function refuseUnknownFilters(parts: readonly XmlElement[], dsub: boolean): void {
  const unknown = parts
    .map(nameOf)
    .filter(
      ({ namespace, localName }) =>
        !(namespace === WSNT_NAMESPACE && FILTERS.includes(localName)) &&
        !(dsub && namespace === RIM_NAMESPACE && localName === ADHOC_QUERY),
    );
  if (unknown.length === 0) return;
  const expected = [...FILTERS.map((name) => `wsnt:${name}`), ...(dsub ? [`rim:${ADHOC_QUERY}`] : [])].join(', ');
  const message = `Found the filter ${listedNames(unknown)}, expected ${expected}`;
  throw new WsnFault('InvalidFilterFault', message, { unknownFilters: distinctNames(unknown) });
}

function readQuery(element: XmlElement): StoredQuery {
  const id = trimmed(element.attribute('', 'id') ?? '');
  if (id === '') {
    const message = `Found a rim:${ADHOC_QUERY} without an id, expected the id of a stored query`;
    throw new WsnFault('InvalidFilterFault', message, { unknownFilters: [nameOf(element)] });
  }
  const query = { id, element: standalone(element) };
  if (query.element.length <= MAX_QUERY_LENGTH) return query;
  const message = `Found a rim:${ADHOC_QUERY} of ${query.element.length} characters, expected at most ${MAX_QUERY_LENGTH}`;
  throw new WsnFault('SubscribeCreationFailedFault', message);
}
