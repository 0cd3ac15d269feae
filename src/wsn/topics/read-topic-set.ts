import { clipped } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import { WSTOP_NAMESPACE } from '../namespaces.ts';
import type { ElementName } from '../operations.ts';
import { booleanAttribute, isUsable, type Report } from './topic-document.ts';

/** A topic of a topic set, and the element that says so. */
export interface WrittenTopic {
  readonly names: readonly ElementName[];
  readonly element: XmlElement;
}

/**
 * The topics of a wstop:TopicSet (WS-Topics §7): the elements with wstop:topic="true", wherever they are. Others are metadata,
 * or are around topics. What is wrong is reported, and read as if it were not there.
 */
export function readTopicSet(element: XmlElement, report: Report): readonly WrittenTopic[] {
  if (!element.is(WSTOP_NAMESPACE, 'TopicSet')) {
    report(element, `found '${clipped(element.localName)}', expected wstop:TopicSet of ${WSTOP_NAMESPACE}`);
    return [];
  }
  const topics: WrittenTopic[] = [];
  for (const child of element.children()) collect(child, [], topics, report);
  return topics;
}

/** True if there are topics in here. No deeper than the reader lets a document be. */
function collect(element: XmlElement, around: readonly ElementName[], topics: WrittenTopic[], report: Report): boolean {
  const { namespace, localName } = element;
  // Documentation, whose examples are none of ours.
  if (namespace === WSTOP_NAMESPACE) return false;
  const names = [...around, { namespace, localName }];
  const isTopic = booleanAttribute(element, 'topic', report, WSTOP_NAMESPACE);
  if (isTopic) topics.push({ names, element });
  let hasTopics = isTopic;
  for (const child of element.children()) hasTopics = collect(child, names, topics, report) || hasTopics;
  if (!hasTopics) return false;
  if (namespace !== '' && element.prefix === '') {
    const found = `found the default namespace '${clipped(namespace)}' around '${clipped(localName)}'`;
    report(element, `${found}, expected a prefix, or no namespace for what is no root topic`);
  }
  isUsable(namespace, element, report);
  return true;
}
