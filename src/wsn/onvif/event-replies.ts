import { writeEndpointReference } from '../../soap/addressing.ts';
import { WSA_NAMESPACE } from '../../soap/addressing-names.ts';
import type { EndpointReference } from '../../soap/endpoint-reference.ts';
import { escapeText } from '../../xml/writer.ts';
import { formatDateTime, LATEST_TIME } from '../date-time.ts';
import { WSNT_NAMESPACE } from '../namespaces.ts';
import { notificationParts } from '../notify.ts';
import type { OutgoingNotification } from '../notify.ts';
import type { GrantedTermination } from '../replies.ts';
import { CONCRETE_DIALECT, CONCRETE_SET_DIALECT, SUPPORTED_DIALECTS, XPATH_DIALECT } from '../topics/dialects.ts';
import {
  ITEM_FILTER_DIALECT,
  ONVIF_SCHEMA_LOCATION,
  ONVIF_TOPIC_NAMESPACE_LOCATION,
  TEV_NAMESPACE,
} from './namespaces.ts';

/** What the event service can do, in numbers that fit into an xsd:int. */
export interface EventCapacity {
  readonly maxSubscriptions: number;
  readonly maxPullPoints: number;
}

const NAMESPACES = `xmlns:tev="${TEV_NAMESPACE}" xmlns:wsnt="${WSNT_NAMESPACE}" xmlns:wsa="${WSA_NAMESPACE}"`;

/** A tev:CreatePullPointSubscriptionResponse; its times are elements of WS-BaseNotification. */
export function encodeCreatePullPointSubscriptionReply(
  subscription: EndpointReference,
  granted: GrantedTermination,
): string {
  const reference = writeEndpointReference('tev:SubscriptionReference', subscription);
  return response('CreatePullPointSubscription', reference + times('wsnt', granted));
}

/** A tev:PullMessagesResponse; its times are elements of ONVIF. Payloads are put in byte for byte. */
export function encodePullMessagesReply(
  granted: GrantedTermination,
  messages: readonly OutgoingNotification[],
): (string | Uint8Array)[] {
  const parts = messages.flatMap(notificationParts);
  return [`<tev:PullMessagesResponse ${NAMESPACES}>${times('tev', granted)}`, ...parts, '</tev:PullMessagesResponse>'];
}

export function encodeSetSynchronizationPointReply(): string {
  return response('SetSynchronizationPoint');
}

/**
 * The tev:Capabilities element. Pull points and policies are those of WS-BaseNotification; PersistentNotificationStorage
 * is what Seek would need.
 */
export function eventCapabilities({ maxSubscriptions, maxPullPoints }: EventCapacity): string {
  return (
    `<tev:Capabilities xmlns:tev="${TEV_NAMESPACE}" WSSubscriptionPolicySupport="true" WSPullPointSupport="true"` +
    ` WSPausableSubscriptionManagerInterfaceSupport="true" MaxNotificationProducers="${maxSubscriptions}"` +
    ` MaxPullPoints="${maxPullPoints}" PersistentNotificationStorage="false"/>`
  );
}

/** A tev:GetServiceCapabilitiesResponse. */
export function encodeGetEventServiceCapabilitiesReply(capacity: EventCapacity): string {
  return response('GetServiceCapabilities', eventCapabilities(capacity));
}

/** A tev:GetEventPropertiesResponse. `topicSet` is a complete wstop:TopicSet element. */
export function encodeGetEventPropertiesReply(topicSet: string, isFixed: boolean): string {
  const all = (name: string, values: readonly string[]): string =>
    values.map((value) => `<${name}>${escapeText(value)}</${name}>`).join('');
  // ONVIF's own two come first: some clients look no further.
  const topicDialects = [...new Set([CONCRETE_DIALECT, CONCRETE_SET_DIALECT, ...SUPPORTED_DIALECTS])];
  return response(
    'GetEventProperties',
    all('tev:TopicNamespaceLocation', [ONVIF_TOPIC_NAMESPACE_LOCATION]) +
      all('wsnt:FixedTopicSet', [String(isFixed)]) +
      topicSet +
      all('wsnt:TopicExpressionDialect', topicDialects) +
      all('tev:MessageContentFilterDialect', [ITEM_FILTER_DIALECT, XPATH_DIALECT]) +
      all('tev:ProducerPropertiesFilterDialect', [XPATH_DIALECT]) +
      all('tev:MessageContentSchemaLocation', [ONVIF_SCHEMA_LOCATION]),
  );
}

function response(name: string, content = ''): string {
  return `<tev:${name}Response ${NAMESPACES}>${content}</tev:${name}Response>`;
}

/** ONVIF has no word for a subscription that does not end, and its clients compute with the time: it is the last one there is. */
function times(prefix: 'tev' | 'wsnt', { currentTime, terminationTime }: GrantedTermination): string {
  const at = terminationTime ?? LATEST_TIME;
  return (
    `<${prefix}:CurrentTime>${formatDateTime(currentTime)}</${prefix}:CurrentTime>` +
    `<${prefix}:TerminationTime>${formatDateTime(at)}</${prefix}:TerminationTime>`
  );
}
