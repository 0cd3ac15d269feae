import { ProtocolError } from '../../soap/fault.ts';
import type { XmlElement } from '../../xml/document.ts';
import { readXml, XmlError } from '../../xml/reader.ts';
import { MAX_REGISTERED_TOPICS } from '../decode-register-publisher.ts';
import { expandedName } from '../element-name.ts';
import type { ElementName } from '../element-name.ts';
import { prefixedName } from '../elements.ts';
import type { ChangeFaultName } from '../fault-specs.ts';
import { WsnFault } from '../faults.ts';
import type { PublisherRegistration, TopicExpression } from '../messages.ts';
import { PROPERTIES_NAMESPACE } from '../namespaces.ts';
import { readBoolean } from '../simple-values.ts';
import { readTopicExpression } from '../topics/read-topic.ts';
import { compileTopicExpression } from '../topics/topic-expression.ts';
import type { ChangeOperation, ChangePropertiesRequest, PropertyChange } from './decode-properties.ts';
import { requireProperty, valuesOf, writePropertyDocument } from './property-document.ts';
import type { PropertyDocument } from './property-document.ts';
import {
  CURRENT_TIME_PROPERTY,
  DEMAND_PROPERTY,
  demandPropertyElement,
  TOPIC_PROPERTY,
  topicPropertyElement,
} from './resource-documents.ts';
import { sameElement } from './same-element.ts';

/** What may be changed of a resource: of a registration its topics and its demand, of all others nothing. */
export interface ChangeableProperties {
  readonly topics: readonly TopicExpression[];
  readonly demand: boolean;
}

/** A property document with, for a registration, what it shows. */
export interface ChangeableDocument {
  readonly document: PropertyDocument;
  readonly registration?: PublisherRegistration;
}

/** While the components of a request are applied, one after the other, there may be no demand. */
interface Draft {
  /** By what they look like, written out: so none is there twice. */
  readonly topics: Map<string, TopicExpression>;
  demand: boolean | undefined;
}

function draftOf(topics: readonly TopicExpression[], demand: boolean | undefined): Draft {
  return { topics: new Map(topics.map((topic) => [topicPropertyElement(topic), topic])), demand };
}

/**
 * What becomes of a registration by the components of SetResourceProperties or its like (WS-ResourceProperties §5.5 to
 * §5.8), in document order. Nothing is changed here, so each fault says that everything is as it was. Throws WsnFault:
 * InvalidResourcePropertyQNameFault, UnableToModifyResourcePropertyFault for a property that is read-only (every one of
 * another resource) and for a demand without a publisher, InvalidModificationFault for a value or a number of values that
 * the property cannot have. A topic that is there already is not inserted again.
 */
export function applyChanges(target: ChangeableDocument, { changes }: ChangePropertiesRequest): ChangeableProperties {
  const { document, registration } = target;
  const draft = draftOf(registration?.topics ?? [], registration?.demand);
  for (const change of changes) {
    for (const name of namesIn(change)) requireChangeable(target, name);
    applyChange(draft, change, document);
  }
  const { demand } = draft;
  if (demand === undefined) {
    throw failure('InvalidModificationFault', document, DEMAND_PROPERTY, 'found no value left, expected one');
  }
  const properties = { topics: [...draft.topics.values()], demand };
  requireSound(target, properties);
  return properties;
}

/**
 * What becomes of a registration by a whole new document (WS-ResourceProperties §5.4): undefined if the document says what
 * is so already. rl:CurrentTime may say anything. Throws WsnFault UnableToPutResourcePropertyDocumentFault for a document
 * of another kind or with another value of a property that is read-only.
 */
export function applyDocument(target: ChangeableDocument, requested: XmlElement): ChangeableProperties | undefined {
  const { document, registration } = target;
  const { root } = document;
  if (!requested.is(PROPERTIES_NAMESPACE, root.localName)) {
    const found = prefixedName(requested.namespace, requested.localName);
    throw unableToPut(`Found the document ${found}, expected pm:${root.localName} (${PROPERTIES_NAMESPACE})`);
  }
  const isFree = (child: XmlElement): boolean =>
    child.is(CURRENT_TIME_PROPERTY.namespace, CURRENT_TIME_PROPERTY.localName) ||
    (registration !== undefined && (isNamed(child, TOPIC_PROPERTY) || isNamed(child, DEMAND_PROPERTY)));
  const kept = requested.children().filter((child) => !isFree(child));
  const expected = readDocument(document)
    .children()
    .filter((child) => !isFree(child));
  const different = expected.findIndex((child, index) => {
    const counterpart = kept[index];
    return counterpart === undefined || !sameElement(child, counterpart);
  });
  const stray = different === -1 ? kept[expected.length] : expected[different];
  if (stray !== undefined) {
    const name = prefixedName(stray.namespace, stray.localName);
    throw unableToPut(`The document differs in ${name}, which is read-only or no property of a ${root.localName}`);
  }
  if (registration === undefined) return undefined;
  return withoutChange(registration, asPut(target, requested));
}

/** Only the broker's own document, with its topics, can be beyond the reader's limits. */
function readDocument(document: PropertyDocument): XmlElement {
  try {
    return readXml(Buffer.from(writePropertyDocument(document))).root;
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw unableToPut(`The document is too large to be compared with another one: ${error.message}`);
  }
}

/** The change that the engine refused, as a fault of the operation that asked for it. */
export function refusedChange(
  operation: ChangeOperation | 'PutResourcePropertyDocument',
  document: PropertyDocument,
  reason: string,
): WsnFault {
  if (operation === 'PutResourcePropertyDocument') return unableToPut(reason);
  const name: ChangeFaultName =
    operation === 'SetResourceProperties' ? 'SetResourcePropertyRequestFailedFault' : `${operation}RequestFailedFault`;
  const values = [TOPIC_PROPERTY, DEMAND_PROPERTY].flatMap((property) => valuesOf(document, property));
  return new WsnFault(name, reason, { changeFailure: { ...valuesIn('currentValue', values), restored: true } });
}

function asPut(target: ChangeableDocument, requested: XmlElement): ChangeableProperties {
  const children = requested.children();
  const topics = children.filter((child) => isNamed(child, TOPIC_PROPERTY));
  const demands = children.filter((child) => isNamed(child, DEMAND_PROPERTY));
  const draft = draftOf([], undefined);
  try {
    insert(draft, [...topics, ...demands], target.document);
    if (draft.demand === undefined) throw unableToPut('Found no br:Demand in the document, expected one');
    const properties = { topics: [...draft.topics.values()], demand: draft.demand };
    requireSound(target, properties);
    return properties;
  } catch (error) {
    if (error instanceof WsnFault) throw unableToPut(error.message, error);
    throw error;
  }
}

function withoutChange(
  registration: PublisherRegistration,
  properties: ChangeableProperties,
): ChangeableProperties | undefined {
  const present = draftOf(registration.topics, registration.demand);
  const { topics } = draftOf(properties.topics, properties.demand);
  const isSame =
    present.demand === properties.demand &&
    present.topics.size === topics.size &&
    [...topics.keys()].every((topic) => present.topics.has(topic));
  return isSame ? undefined : properties;
}

function namesIn(change: PropertyChange): readonly ElementName[] {
  return change.kind === 'delete' ? [change.property] : change.values;
}

function requireChangeable({ document, registration }: ChangeableDocument, name: ElementName): void {
  requireProperty(document, name);
  if (registration !== undefined && (isNamed(name, TOPIC_PROPERTY) || isNamed(name, DEMAND_PROPERTY))) return;
  throw failure('UnableToModifyResourcePropertyFault', document, name, 'the property is read-only');
}

function applyChange(draft: Draft, change: PropertyChange, document: PropertyDocument): void {
  if (change.kind === 'insert') {
    insert(draft, change.values, document);
    return;
  }
  // An update replaces all values of each property that it has values for.
  const names = namesIn(change);
  if (names.some((name) => isNamed(name, TOPIC_PROPERTY))) draft.topics.clear();
  if (names.some((name) => isNamed(name, DEMAND_PROPERTY))) draft.demand = undefined;
  if (change.kind === 'update') insert(draft, change.values, document);
}

function insert(draft: Draft, values: readonly XmlElement[], document: PropertyDocument): void {
  for (const value of values) {
    if (isNamed(value, TOPIC_PROPERTY)) {
      const topic = readValue(value, document, readTopicValue);
      draft.topics.set(topicPropertyElement(topic), topic);
      continue;
    }
    const demand = readValue(value, document, readBoolean);
    if (draft.demand !== undefined) {
      const problem = 'found a second value of br:Demand, expected one';
      throw failure('InvalidModificationFault', document, DEMAND_PROPERTY, problem, [demandPropertyElement(demand)]);
    }
    draft.demand = demand;
  }
}

function readTopicValue(element: XmlElement): TopicExpression {
  const topic = readTopicExpression(element);
  compileTopicExpression(topic);
  return topic;
}

/** A value that cannot be read is not repeated in the fault: the schema of the fault has no place for it. */
function readValue<T>(element: XmlElement, document: PropertyDocument, read: (element: XmlElement) => T): T {
  try {
    return read(element);
  } catch (error) {
    if (error instanceof WsnFault || error instanceof ProtocolError) {
      throw failure('InvalidModificationFault', document, element, error.message);
    }
    throw error;
  }
}

/** What the standard (WS-BrokeredNotification §6) and the limits demand of the whole. */
function requireSound({ document, registration }: ChangeableDocument, { topics, demand }: ChangeableProperties): void {
  if (topics.length > MAX_REGISTERED_TOPICS) {
    const problem = `found ${topics.length} topics, expected at most ${MAX_REGISTERED_TOPICS}`;
    throw failure('UnableToModifyResourcePropertyFault', document, TOPIC_PROPERTY, problem);
  }
  if (demand && registration?.publisher === undefined) {
    const problem = 'there is no br:PublisherReference, where the broker could subscribe on demand';
    const requested = [demandPropertyElement(demand)];
    throw failure('UnableToModifyResourcePropertyFault', document, DEMAND_PROPERTY, problem, requested);
  }
}

function failure(
  fault: ChangeFaultName,
  document: PropertyDocument,
  { namespace, localName }: ElementName,
  problem: string,
  requestedValue: readonly string[] = [],
): WsnFault {
  // Of our own namespace, the fault's schema knows nothing.
  const current = namespace === PROPERTIES_NAMESPACE ? [] : valuesOf(document, { namespace, localName });
  return new WsnFault(fault, `${prefixedName(namespace, localName)} of a ${document.root.localName}: ${problem}`, {
    changeFailure: {
      ...valuesIn('currentValue', current),
      ...valuesIn('requestedValue', requestedValue),
      restored: true,
    },
  });
}

function unableToPut(message: string, cause?: WsnFault): WsnFault {
  const changeFailure = cause?.details.changeFailure ?? { restored: true };
  return new WsnFault('UnableToPutResourcePropertyDocumentFault', message, { changeFailure });
}

function valuesIn(
  key: 'currentValue' | 'requestedValue',
  values: readonly string[],
): Record<string, readonly string[]> {
  return values.length === 0 ? {} : { [key]: values };
}

function isNamed({ namespace, localName }: ElementName, name: ElementName): boolean {
  return expandedName({ namespace, localName }) === expandedName(name);
}
