import type { Conduct } from '../topology/model.ts';
import type { TopicPath } from '../wsn/messages.ts';
import { writePropertyDocument } from '../wsn/properties/property-document.ts';
import { brokerDocument } from '../wsn/properties/resource-documents.ts';
import { SUPPORTED_DIALECTS } from '../wsn/topics/dialects.ts';
import type { TopicModel } from '../wsn/topics/topic-model.ts';
import type { TopicSet } from '../wsn/topics/topic-set.ts';
import { TopicTree } from '../wsn/topics/topic-tree.ts';

/** The permanent topics and these, as a complete wstop:TopicSet element. */
export function topicSetWith(model: TopicModel, grown: readonly TopicPath[]): string {
  const tree = new TopicTree();
  for (const topic of [...model.permanent, ...grown]) tree.add(topic);
  return tree.toXml();
}

/** The property document of the broker as one engine knows it, for ProducerProperties filters. */
export function producerProperties(topics: TopicSet, { requiresRegistration, pauseRetention }: Conduct): Uint8Array {
  const described = {
    dialects: SUPPORTED_DIALECTS,
    fixed: topics.fixed,
    topicSet: topics.toXml(),
    requiresRegistration,
    pauseRetention,
  };
  return Buffer.from(writePropertyDocument(brokerDocument(described, { hasQueries: true })));
}
