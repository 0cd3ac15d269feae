import { TopicTree } from '../../src/wsn/topics/topic-tree.ts';

/** The topics as a wstop:TopicSet element. */
export function topicSetElement(topics: readonly string[]): string {
  const tree = new TopicTree();
  for (const topic of topics) tree.add(topic);
  return tree.toXml();
}
