import { versionAround, wsaName } from '../soap/addressing.ts';
import { WSA04_NAMESPACE } from '../soap/addressing-names.ts';
import { ProtocolError } from '../soap/fault.ts';
import { clipped, trimmed } from '../soap/text.ts';
import type { Tolerance } from '../soap/tolerance.ts';
import type { XmlElement } from '../xml/document.ts';
import { malformed } from './elements.ts';
import { WsnFault } from './faults.ts';
import type { WsnFaultName } from './faults.ts';
import { BR_NAMESPACE, WSNT_NAMESPACE, XSI_NAMESPACE } from './namespaces.ts';
import { undeclaredKnownPrefix } from './prefixes.ts';
import { readTopic, readTopicExpression } from './topics/read-topic.ts';

/** What the schema says of the element of a request, or of a part of one. */
interface ContentModel {
  /** Its children of the standard, in their order; those of other namespaces come behind. */
  readonly parts: readonly string[];
  /** Whether attributes without namespace are allowed. */
  readonly attributes?: boolean;
}

const EMPTY: ContentModel = { parts: [] };
const OPEN: ContentModel = { parts: [], attributes: true };

/** The sequences of b-2.xsd and br-2.xsd (WS-BaseNotification, WS-BrokeredNotification), by namespace and local name. */
const MODELS: ReadonlyMap<string, ContentModel> = new Map<string, ContentModel>([
  [
    `${WSNT_NAMESPACE} Subscribe`,
    { parts: ['ConsumerReference', 'Filter', 'InitialTerminationTime', 'SubscriptionPolicy'] },
  ],
  [`${WSNT_NAMESPACE} Renew`, { parts: ['TerminationTime'] }],
  [`${WSNT_NAMESPACE} GetMessages`, { parts: ['MaximumNumber'], attributes: true }],
  [`${WSNT_NAMESPACE} GetCurrentMessage`, { parts: ['Topic'] }],
  [`${WSNT_NAMESPACE} Notify`, { parts: ['NotificationMessage'] }],
  [
    `${WSNT_NAMESPACE} NotificationMessage`,
    { parts: ['SubscriptionReference', 'Topic', 'ProducerReference', 'Message'] },
  ],
  [`${WSNT_NAMESPACE} Unsubscribe`, EMPTY],
  [`${WSNT_NAMESPACE} PauseSubscription`, EMPTY],
  [`${WSNT_NAMESPACE} ResumeSubscription`, EMPTY],
  [`${WSNT_NAMESPACE} CreatePullPoint`, OPEN],
  [`${WSNT_NAMESPACE} DestroyPullPoint`, OPEN],
  [`${BR_NAMESPACE} RegisterPublisher`, { parts: ['PublisherReference', 'Topic', 'Demand', 'InitialTerminationTime'] }],
  [`${BR_NAMESPACE} DestroyRegistration`, OPEN],
]);

/**
 * Refuses the deviations in the body of a request that are not accepted. Payloads of notifications are not looked at.
 * Throws ProtocolError (Sender, or wsa:InvalidEPR) and WsnFault for topics, filters and the termination time.
 */
export function refuseBodyDeviations(body: XmlElement, tolerance: Tolerance): void {
  refuseContent(body, tolerance);
  const parts = body.children();
  for (const part of parts) {
    refusePart(part, tolerance);
    const isOpened = part.localName === 'NotificationMessage' || part.localName === 'Filter';
    if (!isOpened) continue;
    if (part.localName === 'NotificationMessage') refuseContent(part, tolerance);
    for (const inner of part.children()) refusePart(inner, tolerance);
  }
}

function refuseContent(element: XmlElement, tolerance: Tolerance): void {
  const model = MODELS.get(`${element.namespace} ${element.localName}`);
  if (model === undefined) return;
  const attribute = element.attributes().find(({ namespace }) => namespace === '');
  if (attribute !== undefined && model.attributes !== true && !tolerance.has('strayAttribute')) {
    throw malformed(
      element,
      `found the attribute '${clipped(attribute.localName)}', expected none without a namespace`,
    );
  }
  if (model.parts.length === 0) refuseStrayContent(element, tolerance);
  else if (!tolerance.has('partsInAnyOrder')) requireOrder(element, model.parts);
}

function refuseStrayContent(element: XmlElement, tolerance: Tolerance): void {
  const stray = element.children().find(({ namespace }) => namespace === WSNT_NAMESPACE);
  if (stray === undefined || tolerance.has('strayContent')) return;
  throw malformed(stray, `found wsnt:${clipped(stray.localName)} in ${element.localName}, which has no content`);
}

function requireOrder(element: XmlElement, parts: readonly string[]): void {
  let reached = 0;
  for (const child of element.children()) {
    const isPart = child.namespace === element.namespace;
    const place = isPart ? parts.indexOf(child.localName) : parts.length;
    // What is unknown is the decoder's to refuse.
    if (place === -1) continue;
    if (place < reached) {
      const order = parts.join(', ');
      throw malformed(child, `found it behind what follows it, expected the order ${order}, then extensions`);
    }
    reached = place;
  }
}

const REFERENCES: ReadonlySet<string> = new Set([
  'ConsumerReference',
  'ProducerReference',
  'SubscriptionReference',
  'PublisherReference',
]);

const EXPRESSION_FAULTS: ReadonlyMap<string, WsnFaultName> = new Map([
  ['MessageContent', 'InvalidMessageContentExpressionFault'],
  ['ProducerProperties', 'InvalidProducerPropertiesExpressionFault'],
]);

function refusePart(part: XmlElement, tolerance: Tolerance): void {
  if (part.namespace !== WSNT_NAMESPACE && part.namespace !== BR_NAMESPACE) return;
  const { localName } = part;
  if (REFERENCES.has(localName)) refuseReference(part, tolerance);
  else if (localName === 'Topic' && part.parent?.localName === 'NotificationMessage') readTopic(part, tolerance);
  else if (localName === 'Topic' || localName === 'TopicExpression') readTopicExpression(part, tolerance);
  else if (localName === 'InitialTerminationTime') refuseTermination(part, tolerance);
  else refuseExpression(part, tolerance);
}

function refuseReference(reference: XmlElement, tolerance: Tolerance): void {
  if (tolerance.has('addressing200408')) return;
  const old = reference.children().find(({ namespace }) => namespace === WSA04_NAMESPACE);
  if (old === undefined) return;
  const { line, column } = old.position();
  const found = `Found ${clipped(old.localName)} of WS-Addressing 2004/08 at ${line}:${column} in ${reference.localName}`;
  throw new ProtocolError(`${found}, expected an endpoint reference of 2005/08`, {
    version: versionAround(reference),
    code: 'Sender',
    subcode: wsaName('InvalidEPR'),
  });
}

function refuseTermination(element: XmlElement, tolerance: Tolerance): void {
  if (element.namespace !== BR_NAMESPACE || tolerance.has('registrationTermination')) return;
  const isNil = /^\s*(?:1|true)\s*$/.test(element.attribute(XSI_NAMESPACE, 'nil') ?? '');
  const isDuration = /^-?P/.test(trimmed(element.text()));
  if (!isNil && !isDuration) return;
  const message = `Found ${isNil ? 'xsi:nil' : 'a duration'} as InitialTerminationTime, expected an xsd:dateTime`;
  throw new WsnFault('UnacceptableInitialTerminationTimeFault', message);
}

function refuseExpression(element: XmlElement, tolerance: Tolerance): void {
  const fault = EXPRESSION_FAULTS.get(element.localName);
  if (fault === undefined || tolerance.has('prefixUndeclared')) return;
  const prefix = undeclaredKnownPrefix(element.text(), element);
  if (prefix === undefined) return;
  throw new WsnFault(fault, `The filter ${element.localName} uses the prefix '${prefix}', which is not declared`);
}
