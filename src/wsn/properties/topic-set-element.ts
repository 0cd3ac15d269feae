import { escapeAttribute } from '../../xml/writer.ts';
import type { TopicPath } from '../messages.ts';
import { WSTOP_NAMESPACE } from '../namespaces.ts';
import { topicSteps } from '../topics/topic-path.ts';

interface TopicNode {
  readonly namespace: string;
  readonly localName: string;
  isTopic: boolean;
  readonly children: Map<string, TopicNode>;
}

/**
 * The topics as a complete wstop:TopicSet element (WS-Topics §5): what has a namespace is qualified, nothing uses a default
 * namespace. Root topics without a namespace are left out, because the schema of the set has no place for them.
 */
export function topicSetElement(topics: readonly TopicPath[]): string {
  const root: TopicNode = { namespace: '', localName: '', isTopic: false, children: new Map() };
  for (const topic of topics) addTopic(root, topic);
  const roots = [...root.children.values()].filter(({ namespace }) => namespace !== '');
  return `<wstop:TopicSet xmlns:wstop="${WSTOP_NAMESPACE}">${roots.map(writeNode).join('')}</wstop:TopicSet>`;
}

function addTopic(root: TopicNode, topic: TopicPath): void {
  let node = root;
  for (const { namespace, localName } of topicSteps(topic)) {
    const key = `{${namespace}}${localName}`;
    const next = node.children.get(key) ?? { namespace, localName, isTopic: false, children: new Map() };
    node.children.set(key, next);
    node = next;
  }
  node.isTopic = true;
}

function writeNode({ namespace, localName, isTopic, children }: TopicNode): string {
  const name = namespace === '' ? localName : `t:${localName}`;
  const declared = namespace === '' ? name : `${name} xmlns:t="${escapeAttribute(namespace)}"`;
  const content = [...children.values()].map(writeNode).join('');
  return `<${declared}${isTopic ? ' wstop:topic="true"' : ''}>${content}</${name}>`;
}
