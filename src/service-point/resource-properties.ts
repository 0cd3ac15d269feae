import { WsnFault } from '../wsn/faults.ts';
import type { WsnFaultName } from '../wsn/faults.ts';
import { applyChanges, applyDocument, refusedChange } from '../wsn/properties/changes.ts';
import type { ChangeableDocument, ChangeableProperties } from '../wsn/properties/changes.ts';
import type {
  ChangeOperation,
  ChangePropertiesRequest,
  GetMultipleResourcePropertiesRequest,
  GetResourcePropertyRequest,
  PutResourcePropertyDocumentRequest,
  QueryResourcePropertiesRequest,
} from '../wsn/properties/decode-properties.ts';
import { writeProperty, writePropertyDocument } from '../wsn/properties/property-document.ts';
import { queryProperties } from '../wsn/properties/query.ts';
import { TOPIC_SET_PROPERTY } from '../wsn/properties/resource-documents.ts';
import { encodePropertiesReply } from '../wsn/replies.ts';
import { addressedResource, ask, type Call } from './call.ts';
import { describedResource } from './described-resource.ts';
import type { ReplyBody } from './reply-body.ts';

/** GetResourcePropertyDocument (WS-ResourceProperties §5.1). */
export async function getResourcePropertyDocument(call: Call): Promise<ReplyBody> {
  const { document } = await describedResource(call, true);
  return encodePropertiesReply('GetResourcePropertyDocument', writePropertyDocument(document));
}

/** GetResourceProperty (§5.2). */
export async function getResourceProperty(request: GetResourcePropertyRequest, call: Call): Promise<ReplyBody> {
  const { property } = request;
  const { document } = await describedResource(call, isTopicSet(property));
  return encodePropertiesReply('GetResourceProperty', writeProperty(document, property));
}

/** GetMultipleResourceProperties (§5.3): in the order of the request. */
export async function getMultipleResourceProperties(
  request: GetMultipleResourcePropertiesRequest,
  call: Call,
): Promise<ReplyBody> {
  const { properties } = request;
  const { document } = await describedResource(call, properties.some(isTopicSet));
  const content = properties.map((property) => writeProperty(document, property));
  return encodePropertiesReply('GetMultipleResourceProperties', content.join(''));
}

/** QueryResourceProperties (§5.9). */
export async function queryResourceProperties(request: QueryResourcePropertiesRequest, call: Call): Promise<ReplyBody> {
  const { document } = await describedResource(call, true);
  return encodePropertiesReply('QueryResourceProperties', queryProperties(document, request, call.xpath));
}

/** SetResourceProperties and its three parts (§5.5 to §5.8): all of the changes or none. */
export async function changeResourceProperties(request: ChangePropertiesRequest, call: Call): Promise<ReplyBody> {
  const target = await describedResource(call, false);
  await modify(call, request.operation, target, applyChanges(target, request));
  return encodePropertiesReply(request.operation);
}

/** PutResourcePropertyDocument (§5.4). */
export async function putResourcePropertyDocument(
  request: PutResourcePropertyDocumentRequest,
  call: Call,
): Promise<ReplyBody> {
  const target = await describedResource(call, true);
  const properties = applyDocument(target, request.document);
  if (properties !== undefined) await modify(call, 'PutResourcePropertyDocument', target, properties);
  return encodePropertiesReply('PutResourcePropertyDocument');
}

/** What the engine may find wrong with changes that are valid in themselves. */
const REFUSALS: ReadonlySet<WsnFaultName> = new Set<WsnFaultName>([
  'InvalidTopicExpressionFault',
  'TopicExpressionDialectUnknownFault',
  'TopicNotSupportedFault',
  'PublisherRegistrationRejectedFault',
  'PublisherRegistrationFailedFault',
]);

async function modify(
  call: Call,
  operation: ChangeOperation | 'PutResourcePropertyDocument',
  { document }: ChangeableDocument,
  { topics, demand }: ChangeableProperties,
): Promise<void> {
  const { engine, resource: registration } = addressedResource(call);
  try {
    await ask(call, engine, 'modifyRegistration', { registration, topics, demand });
  } catch (error) {
    if (!(error instanceof WsnFault) || !REFUSALS.has(error.fault)) throw error;
    throw refusedChange(operation, document, error.message);
  }
}

function isTopicSet({ namespace, localName }: GetResourcePropertyRequest['property']): boolean {
  return namespace === TOPIC_SET_PROPERTY.namespace && localName === TOPIC_SET_PROPERTY.localName;
}
