import { writeEndpointReference } from '../soap/addressing.ts';
import { WSA_NAMESPACE } from '../soap/addressing-names.ts';
import type { EndpointReference } from '../soap/endpoint-reference.ts';
import { standalone } from '../xml/fragment.ts';
import { readXml } from '../xml/reader.ts';
import { formatDateTime } from './date-time.ts';
import { WSNT_NAMESPACE, XSI_NAMESPACE } from './namespaces.ts';

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

function response(operation: string, content = ''): string {
  const start = `<wsnt:${operation}Response xmlns:wsnt="${WSNT_NAMESPACE}" xmlns:wsa="${WSA_NAMESPACE}"`;
  return content === '' ? `${start}/>` : `${start}>${content}</wsnt:${operation}Response>`;
}

function currentTime(granted: GrantedTermination): string {
  return `<wsnt:CurrentTime>${formatDateTime(granted.currentTime)}</wsnt:CurrentTime>`;
}

function terminationTime({ terminationTime: at }: GrantedTermination): string {
  return at === null
    ? `<wsnt:TerminationTime xmlns:xsi="${XSI_NAMESPACE}" xsi:nil="true"/>`
    : `<wsnt:TerminationTime>${formatDateTime(at)}</wsnt:TerminationTime>`;
}
