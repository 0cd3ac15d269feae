import { wsaName } from '../soap/addressing.ts';
import type { HttpFraming, SoapMessage } from '../soap/envelope.ts';
import { ProtocolError } from '../soap/fault.ts';
import { httpAction } from '../soap/framing.ts';
import { clipped, trimmed } from '../soap/text.ts';
import { TOLERANT } from '../soap/tolerance.ts';
import type { Tolerance } from '../soap/tolerance.ts';
import type { XmlElement } from '../xml/document.ts';
import { escapeText } from '../xml/writer.ts';
import { decodeNotify } from './decode-notify.ts';
import type { NotifyRequest } from './decode-notify.ts';
import { decodeSubscribe } from './decode-subscribe.ts';
import type { SubscribeOptions, SubscribeRequest } from './decode-subscribe.ts';
import { decodeRegisterPublisher } from './decode-register-publisher.ts';
import type { RegisterPublisherRequest } from './decode-register-publisher.ts';
import { decodeSetTerminationTime } from './decode-set-termination-time.ts';
import type { SetTerminationTimeRequest } from './decode-set-termination-time.ts';
import { malformed, optionalChild, prefixedName, refuseUnknownChildren, requiredChild } from './elements.ts';
import type { RequestedTermination, TopicPath } from './messages.ts';
import { BR_NAMESPACE, RL_NAMESPACE, RP_NAMESPACE } from './namespaces.ts';
import { acceptsAction, operationOf, OPERATIONS } from './operations.ts';
import type { WsnOperation } from './operations.ts';
import {
  decodeChangeProperties,
  decodeGetMultipleResourceProperties,
  decodeGetResourceProperty,
  decodePutResourcePropertyDocument,
  decodeQueryResourceProperties,
} from './properties/decode-properties.ts';
import type {
  ChangeOperation,
  ChangePropertiesRequest,
  GetMultipleResourcePropertiesRequest,
  GetResourcePropertyRequest,
  PutResourcePropertyDocumentRequest,
  QueryResourcePropertiesRequest,
} from './properties/decode-properties.ts';
import { refuseDeviations } from './strictness.ts';
import { parseTermination } from './termination-time.ts';
import { readTopicExpression } from './topics/read-topic.ts';
import { singleTopic } from './topics/topic-expression.ts';

export interface RenewRequest {
  readonly operation: 'Renew';
  readonly termination: RequestedTermination;
}

export interface GetMessagesRequest {
  readonly operation: 'GetMessages';
  /** Undefined: all. */
  readonly maximum?: number;
}

export interface GetCurrentMessageRequest {
  readonly operation: 'GetCurrentMessage';
  readonly topic: TopicPath;
}

/** A request whose body says nothing but its name. */
interface BareRequest<O extends WsnOperation> {
  readonly operation: O;
}

/** What each operation asks for. Which resource it is for is in the path and header of the message, not here. */
export interface WsnRequests {
  Subscribe: SubscribeRequest;
  Renew: RenewRequest;
  Unsubscribe: BareRequest<'Unsubscribe'>;
  PauseSubscription: BareRequest<'PauseSubscription'>;
  ResumeSubscription: BareRequest<'ResumeSubscription'>;
  CreatePullPoint: BareRequest<'CreatePullPoint'>;
  GetMessages: GetMessagesRequest;
  DestroyPullPoint: BareRequest<'DestroyPullPoint'>;
  GetCurrentMessage: GetCurrentMessageRequest;
  Notify: NotifyRequest;
  RegisterPublisher: RegisterPublisherRequest;
  DestroyRegistration: BareRequest<'DestroyRegistration'>;
  Destroy: BareRequest<'Destroy'>;
  SetTerminationTime: SetTerminationTimeRequest;
  GetResourcePropertyDocument: BareRequest<'GetResourcePropertyDocument'>;
  GetResourceProperty: GetResourcePropertyRequest;
  GetMultipleResourceProperties: GetMultipleResourcePropertiesRequest;
  PutResourcePropertyDocument: PutResourcePropertyDocumentRequest;
  SetResourceProperties: ChangePropertiesRequest<'SetResourceProperties'>;
  InsertResourceProperties: ChangePropertiesRequest<'InsertResourceProperties'>;
  UpdateResourceProperties: ChangePropertiesRequest<'UpdateResourceProperties'>;
  DeleteResourceProperties: ChangePropertiesRequest<'DeleteResourceProperties'>;
  QueryResourceProperties: QueryResourcePropertiesRequest;
}

/** A request as the service point works with it. */
export type WsnRequest = WsnRequests[WsnOperation];

/** What is accepted of a request beyond the standards. */
export interface DecodeOptions extends SubscribeOptions {
  /** Default: every deviation. */
  readonly tolerance?: Tolerance | undefined;
}

/**
 * Reads the request in a SOAP body. Throws ProtocolError (with the request's addressing) for what is none:
 * - wsa:ActionNotSupported: the body is no request that is served, or its wsa:Action (or, without one, the action of the
 *   HTTP headers) belongs to something else;
 * - wsa:InvalidAddressingHeader with wsa:ActionMismatch below it: wsa:Action and the action of the HTTP headers
 *   differ, and not both are names for the operation that the body asks for;
 * - Sender: the body is not what the operation's schema says;
 * - those of `refuseDeviations`.
 * Throws WsnFault for a request that is one and cannot be granted.
 */
export function decodeRequest(message: SoapMessage, framing: HttpFraming, options: DecodeOptions = {}): WsnRequest {
  const { tolerance = TOLERANT } = options;
  try {
    const operation = requestedOperation(message, framing, tolerance);
    refuseDeviations(message, framing, { tolerance, isOneWay: OPERATIONS[operation].reply === undefined });
    return DECODERS[operation](message.body, options);
  } catch (error) {
    throw error instanceof ProtocolError ? error.answering(message.addressing) : error;
  }
}

type Decode<O extends WsnOperation> = (body: XmlElement, options: DecodeOptions) => WsnRequests[O];

/** A request whose schema allows anything, or nothing; what it has is passed over. */
function bare<O extends WsnOperation>(operation: O): (body: XmlElement) => BareRequest<O> {
  return () => ({ operation });
}

/** A request that must have no parts of its own standard's namespace. */
function empty<O extends WsnOperation>(operation: O, namespace: string): (body: XmlElement) => BareRequest<O> {
  return (body) => {
    refuseUnknownChildren(body, [], namespace);
    return { operation };
  };
}

function changes<O extends ChangeOperation>(operation: O): (body: XmlElement) => ChangePropertiesRequest<O> {
  return (body) => decodeChangeProperties(body, operation);
}

const DECODERS: { readonly [O in WsnOperation]: Decode<O> } = {
  Subscribe: decodeSubscribe,
  Renew: decodeRenew,
  Unsubscribe: bare('Unsubscribe'),
  PauseSubscription: bare('PauseSubscription'),
  ResumeSubscription: bare('ResumeSubscription'),
  CreatePullPoint: bare('CreatePullPoint'),
  GetMessages: decodeGetMessages,
  DestroyPullPoint: bare('DestroyPullPoint'),
  GetCurrentMessage: decodeGetCurrentMessage,
  Notify: (body) => decodeNotify(body),
  RegisterPublisher: decodeRegisterPublisher,
  DestroyRegistration: empty('DestroyRegistration', BR_NAMESPACE),
  Destroy: empty('Destroy', RL_NAMESPACE),
  SetTerminationTime: decodeSetTerminationTime,
  GetResourcePropertyDocument: empty('GetResourcePropertyDocument', RP_NAMESPACE),
  GetResourceProperty: decodeGetResourceProperty,
  GetMultipleResourceProperties: decodeGetMultipleResourceProperties,
  PutResourcePropertyDocument: decodePutResourcePropertyDocument,
  SetResourceProperties: changes('SetResourceProperties'),
  InsertResourceProperties: changes('InsertResourceProperties'),
  UpdateResourceProperties: changes('UpdateResourceProperties'),
  DeleteResourceProperties: changes('DeleteResourceProperties'),
  QueryResourceProperties: decodeQueryResourceProperties,
};

function requestedOperation(
  { version, addressing, body }: SoapMessage,
  framing: HttpFraming,
  tolerance: Tolerance,
): WsnOperation {
  const operation = operationOf(body);
  const inHeader = addressing.action;
  const inHttp = httpAction(framing);
  if (operation === undefined) throw notServed({ version, body }, inHeader ?? inHttp);
  const isAccepted = (action: string | undefined): boolean =>
    action === undefined || acceptsAction(operation, action, tolerance);
  const expected = `expected ${OPERATIONS[operation].action}`;
  if (inHeader !== undefined && inHttp !== undefined && inHeader !== inHttp) {
    if (isAccepted(inHeader) && isAccepted(inHttp)) return operation;
    throw new ProtocolError(
      `Found wsa:Action '${clipped(inHeader)}' and the HTTP action '${clipped(inHttp)}', ${expected} in both`,
      {
        version,
        code: 'Sender',
        subcode: wsaName('InvalidAddressingHeader'),
        subsubcode: wsaName('ActionMismatch'),
        detail: problemAction(inHeader, inHttp),
      },
    );
  }
  const action = inHeader ?? inHttp;
  if (isAccepted(action)) return operation;
  const name = prefixedName(body.namespace, body.localName);
  const found = `Found the action '${clipped(action ?? '')}' with the body ${name}`;
  throw new ProtocolError(`${found}, ${expected}`, {
    version,
    code: 'Sender',
    subcode: wsaName('ActionNotSupported'),
    detail: problemAction(action),
  });
}

function notServed({ version, body }: Pick<SoapMessage, 'version' | 'body'>, action?: string): ProtocolError {
  const name = `'{${clipped(body.namespace)}}${clipped(body.localName)}'`;
  const message = `Found ${name} in the SOAP Body, expected a request of WS-Notification 1.3 or WSRF 1.2 (for notifications: wsnt:Notify)`;
  return new ProtocolError(message, {
    version,
    code: 'Sender',
    subcode: wsaName('ActionNotSupported'),
    detail: action === undefined ? undefined : problemAction(action),
  });
}

/** WS-Addressing SOAP Binding §6.4.1 and §6.4.2: the action that is the problem. */
function problemAction(action = '', soapAction?: string): string {
  const http = soapAction === undefined ? '' : `<wsa:SoapAction>${escapeText(clipped(soapAction))}</wsa:SoapAction>`;
  return `<wsa:ProblemAction><wsa:Action>${escapeText(clipped(action))}</wsa:Action>${http}</wsa:ProblemAction>`;
}

function decodeRenew(body: XmlElement): RenewRequest {
  refuseUnknownChildren(body, ['TerminationTime']);
  const element = requiredChild(body, 'TerminationTime');
  return { operation: 'Renew', termination: parseTermination(element, 'UnacceptableTerminationTimeFault') };
}

function decodeGetMessages(body: XmlElement): GetMessagesRequest {
  refuseUnknownChildren(body, ['MaximumNumber']);
  const element = optionalChild(body, 'MaximumNumber');
  if (element === undefined) return { operation: 'GetMessages' };
  const text = trimmed(element.text());
  if (!/^(?:\+?\d+|-0+)$/.test(text)) {
    throw malformed(
      element,
      `found '${clipped(text)}', expected a number that is not negative (xsd:nonNegativeInteger)`,
    );
  }
  return { operation: 'GetMessages', maximum: Math.min(Math.abs(Number(text)), Number.MAX_SAFE_INTEGER) };
}

function decodeGetCurrentMessage(body: XmlElement): GetCurrentMessageRequest {
  refuseUnknownChildren(body, ['Topic']);
  return { operation: 'GetCurrentMessage', topic: singleTopic(readTopicExpression(requiredChild(body, 'Topic'))) };
}
