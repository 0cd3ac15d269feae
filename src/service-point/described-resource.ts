import type { ResourceDescription } from '../engine/ports/engine.ts';
import { affinityReference } from '../soap/affinity.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { WsnFault } from '../wsn/faults.ts';
import { encodeFilter } from '../wsn/filters/encode.ts';
import { encodePolicy } from '../wsn/filters/policy.ts';
import type { Consumer } from '../wsn/messages.ts';
import type { ChangeableDocument } from '../wsn/properties/changes.ts';
import {
  brokerDocument,
  pullPointDocument,
  registrationDocument,
  subscriptionDocument,
} from '../wsn/properties/resource-documents.ts';
import { SUPPORTED_DIALECTS } from '../wsn/topics/dialects.ts';
import { addressedResource, ask, askAll, type Call } from './call.ts';

/** How the filter and the policy of a subscription are written. */
const ENCODERS = { filter: encodeFilter, policy: encodePolicy };

/**
 * The property document of the resource that the request is for; without one in its endpoint reference, that of the broker
 * itself. `needsTopics`: of the broker, with the topics that the engines have to be asked for. Throws WsnFault
 * ResourceUnknownFault, and what the engine throws.
 */
export async function describedResource(call: Call, needsTopics: boolean): Promise<ChangeableDocument> {
  if (call.affinity.resource === undefined) return { document: await describedBroker(call, needsTopics) };
  const { engine, resource } = addressedResource(call);
  // Under no request id: a description is never to be remembered.
  const described = await ask({ ...call, requestId: '' }, engine, 'describe', { resource });
  const offer = { hasQueries: true };
  switch (described.kind) {
    case 'subscription':
      return { document: subscriptionDocument(withReference(call, engine.name, resource, described), ENCODERS, offer) };
    case 'pull-point':
      return { document: pullPointDocument(described, offer) };
    case 'registration':
      return { document: registrationDocument(described, offer), registration: described.registration };
  }
}

async function describedBroker(call: Call, needsTopics: boolean): Promise<ChangeableDocument['document']> {
  const { affinity, engines, conduct, topics } = call;
  if (affinity.engine !== undefined && engines.find(affinity.engine) === undefined) {
    throw new WsnFault('ResourceUnknownFault', 'The endpoint reference names no resource of this broker');
  }
  const { requiresRegistration, pauseRetention } = conduct;
  const { fixed } = topics;
  return brokerDocument(
    {
      dialects: SUPPORTED_DIALECTS,
      fixed,
      topicSet: needsTopics ? await topicSetOf(call) : undefined,
      requiresRegistration,
      pauseRetention,
    },
    { hasQueries: true },
  );
}

/** The topics of the whole bus: a complete wstop:TopicSet element. */
export async function topicSetOf(call: Call): Promise<string> {
  return call.topics.element(await grownTopics(call));
}

/** What the engines know that are there: topics come and go, and a client must not lose the broker for one engine. */
async function grownTopics(call: Call): Promise<readonly string[]> {
  const answers = await askAll(call, 'topics', {}, (some) => some.length > 0);
  return [...new Set(answers.flatMap(({ topics }) => topics))].sort();
}

type Described = Extract<ResourceDescription, { kind: 'subscription' }>;

function withReference(
  { publicUrl }: Call,
  engine: string,
  resource: string,
  { consumer, ...described }: Described,
): Omit<Described, 'consumer'> & { readonly consumer: EndpointReference } {
  return { ...described, consumer: consumerReference(publicUrl, engine, resource, consumer) };
}

function consumerReference(
  publicUrl: string,
  engine: string,
  subscription: string,
  consumer: Consumer,
): EndpointReference {
  switch (consumer.kind) {
    case 'push':
      return consumer.reference;
    case 'pull':
      return affinityReference(publicUrl, 'PullPoint', engine, consumer.pullPoint);
    case 'own':
      return affinityReference(publicUrl, 'PullPointSubscription', engine, subscription);
  }
}
