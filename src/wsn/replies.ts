import { writeEndpointReference } from '../soap/addressing.ts';
import { WSA_NAMESPACE } from '../soap/addressing-names.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { standalone } from '../xml/fragment.ts';
import { readXml } from '../xml/reader.ts';
import { formatDateTime } from './date-time.ts';
import { BR_NAMESPACE, RL_NAMESPACE, RP_NAMESPACE, WSNT_NAMESPACE, XSI_NAMESPACE } from './namespaces.ts';
import type { PropertyOperation } from './operations.ts';

/** What Subscribe and Renew grant: milliseconds since 1970, null for no termination. */
export interface GrantedTermination {
  readonly terminationTime: number | null;
  readonly currentTime: number;
}

/** A wsnt:SubscribeResponse: CurrentTime comes before TerminationTime (WS-BaseNotification §4.1). */
export function encodeSubscribeReply(subscription: EndpointReference, granted: GrantedTermination): string {
  const reference = writeEndpointReference('wsnt:SubscriptionReference', subscription);
  return response('Subscribe', reference + currentTime(granted) + terminationTime(granted));
}

/** A wsnt:RenewResponse: TerminationTime comes before CurrentTime (WS-BaseNotification §6.1.1). */
export function encodeRenewReply(granted: GrantedTermination): string {
  return response('Renew', terminationTime(granted) + currentTime(granted));
}

export function encodeUnsubscribeReply(): string {
  return response('Unsubscribe');
}

export function encodePauseReply(): string {
  return response('PauseSubscription');
}

export function encodeResumeReply(): string {
  return response('ResumeSubscription');
}

export function encodeCreatePullPointReply(pullPoint: EndpointReference): string {
  return response('CreatePullPoint', writeEndpointReference('wsnt:PullPoint', pullPoint));
}

export function encodeDestroyPullPointReply(): string {
  return response('DestroyPullPoint');
}

/**
 * A wsnt:GetCurrentMessageResponse from a complete wsnt:Message: its payload is the response's only child
 * (WS-BaseNotification §4.2). A payload in no namespace makes it invalid by the schema, though the text demands it.
 */
export function encodeGetCurrentMessageReply(message: Uint8Array): string {
  const payload = readXml(message).root.children()[0];
  return response('GetCurrentMessage', payload === undefined ? '' : standalone(payload));
}

/** A br:RegisterPublisherResponse (WS-BrokeredNotification §4.3). `consumer`: where the publisher sends its notifications. */
export function encodeRegisterPublisherReply(registration: EndpointReference, consumer?: EndpointReference): string {
  const content =
    writeEndpointReference('br:PublisherRegistrationReference', registration) +
    (consumer === undefined ? '' : writeEndpointReference('br:ConsumerReference', consumer));
  return element('br', BR_NAMESPACE, 'RegisterPublisherResponse', content);
}

export function encodeDestroyRegistrationReply(): string {
  return element('br', BR_NAMESPACE, 'DestroyRegistrationResponse');
}

export function encodeDestroyReply(): string {
  return element('rl', RL_NAMESPACE, 'DestroyResponse');
}

/** An rl:SetTerminationTimeResponse: NewTerminationTime comes before CurrentTime (WS-ResourceLifetime §5.2). */
export function encodeSetTerminationTimeReply({ terminationTime: at, currentTime: now }: GrantedTermination): string {
  const content = timeElement('rl:NewTerminationTime', at) + timeElement('rl:CurrentTime', now);
  return element('rl', RL_NAMESPACE, 'SetTerminationTimeResponse', content);
}

/** The reply to an operation of WS-ResourceProperties; `content` declares every prefix that it uses. */
export function encodePropertiesReply(operation: PropertyOperation, content = ''): string {
  return element('rp', RP_NAMESPACE, `${operation}Response`, content);
}

function response(operation: string, content = ''): string {
  return element('wsnt', WSNT_NAMESPACE, `${operation}Response`, content);
}

/** The prefix and `wsa` are declared for the content. */
function element(prefix: string, namespace: string, localName: string, content = ''): string {
  const start = `<${prefix}:${localName} xmlns:${prefix}="${namespace}" xmlns:wsa="${WSA_NAMESPACE}"`;
  return content === '' ? `${start}/>` : `${start}>${content}</${prefix}:${localName}>`;
}

function currentTime(granted: GrantedTermination): string {
  return timeElement('wsnt:CurrentTime', granted.currentTime);
}

function terminationTime(granted: GrantedTermination): string {
  return timeElement('wsnt:TerminationTime', granted.terminationTime);
}

/** Null: nil, no time. */
function timeElement(name: string, at: number | null): string {
  return at === null
    ? `<${name} xmlns:xsi="${XSI_NAMESPACE}" xsi:nil="true"/>`
    : `<${name}>${formatDateTime(at)}</${name}>`;
}
