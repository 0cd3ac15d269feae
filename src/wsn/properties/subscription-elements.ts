import type { Filter, SubscriptionPolicy } from '../messages.ts';
import { POLICY_NAMESPACE, WSNT_NAMESPACE } from '../namespaces.ts';
import { topicElement } from './property-elements.ts';

/** A complete wsnt:Filter element with the topic expressions of the filter. */
export function encodeTopicFilter(filter: Filter): string {
  const name = { namespace: WSNT_NAMESPACE, localName: 'TopicExpression' };
  const topics = filter.topics.map((topic) => topicElement(name, topic));
  return `<wsnt:Filter xmlns:wsnt="${WSNT_NAMESPACE}">${topics.join('')}</wsnt:Filter>`;
}

/** A complete wsnt:SubscriptionPolicy element. */
export function encodeServedPolicy({ useRaw, pauseRetention, notifyTermination }: SubscriptionPolicy): string {
  const ours = (name: string, value: string): string => `<pol:${name}>${value}</pol:${name}>`;
  const parts = [
    useRaw === true ? '<wsnt:UseRaw/>' : '',
    pauseRetention === undefined ? '' : ours('PauseRetention', pauseRetention),
    notifyTermination === undefined ? '' : ours('NotifyTermination', String(notifyTermination)),
  ];
  const start = `wsnt:SubscriptionPolicy xmlns:wsnt="${WSNT_NAMESPACE}" xmlns:pol="${POLICY_NAMESPACE}"`;
  return `<${start}>${parts.join('')}</wsnt:SubscriptionPolicy>`;
}
