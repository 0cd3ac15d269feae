import { wsaName } from '../soap/addressing.ts';
import type { HttpFraming, SoapMessage } from '../soap/envelope.ts';
import { ProtocolError } from '../soap/fault.ts';
import { httpAction } from '../soap/framing.ts';
import { clipped, trimmed } from '../soap/text.ts';
import type { XmlElement } from '../xml/document.ts';
import { escapeText } from '../xml/writer.ts';
import { decodeNotify } from './decode-notify.ts';
import type { NotifyRequest } from './decode-notify.ts';
import { decodeSubscribe } from './decode-subscribe.ts';
import type { SubscribeOptions, SubscribeRequest } from './decode-subscribe.ts';
import { malformed, optionalChild, refuseUnknownChildren, requiredChild } from './elements.ts';
import type { RequestedTermination, TopicPath } from './messages.ts';
import { acceptsAction, operationOf, OPERATIONS, unservedOperationOf } from './operations.ts';
import type { WsnOperation } from './operations.ts';
import { parseTermination } from './termination-time.ts';
import { readTopicExpression } from './topics/read-topic.ts';
import { concretePath, compileTopicExpression } from './topics/topic-expression.ts';

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

/** A request as the service point works with it. Which resource it is for is in its path and header, not here. */
export type WsnRequest =
  | SubscribeRequest
  | RenewRequest
  | BareRequest<'Unsubscribe'>
  | BareRequest<'PauseSubscription'>
  | BareRequest<'ResumeSubscription'>
  | BareRequest<'CreatePullPoint'>
  | GetMessagesRequest
  | BareRequest<'DestroyPullPoint'>
  | GetCurrentMessageRequest
  | NotifyRequest;

/**
 * Reads the request in a SOAP body. Throws ProtocolError (with the request's addressing) for what is none:
 * - wsa:ActionNotSupported: the body is no request that is served, or its wsa:Action (or, without one, the action of the
 *   HTTP headers) belongs to something else;
 * - wsa:InvalidAddressingHeader with wsa:ActionMismatch below it: wsa:Action and the action of the HTTP headers
 *   differ, and not both are names for the operation that the body asks for;
 * - Sender: the body is not what the operation's schema says.
 * Throws WsnFault for a request that is one and cannot be granted.
 */
export function decodeRequest(message: SoapMessage, framing: HttpFraming, options: SubscribeOptions = {}): WsnRequest {
  try {
    const operation = requestedOperation(message, framing);
    return decodeBody(operation, message.body, options);
  } catch (error) {
    throw error instanceof ProtocolError ? error.answering(message.addressing) : error;
  }
}

function decodeBody(operation: WsnOperation, body: XmlElement, options: SubscribeOptions): WsnRequest {
  switch (operation) {
    case 'Subscribe':
      return decodeSubscribe(body, options);
    case 'Renew':
      return decodeRenew(body);
    case 'GetMessages':
      return decodeGetMessages(body);
    case 'GetCurrentMessage':
      return decodeGetCurrentMessage(body);
    case 'Notify':
      return decodeNotify(body);
    default:
      return { operation };
  }
}

function requestedOperation({ version, addressing, body }: SoapMessage, framing: HttpFraming): WsnOperation {
  const operation = operationOf(body);
  const inHeader = addressing.action;
  const inHttp = httpAction(framing);
  if (operation === undefined) throw notServed({ version, body }, inHeader ?? inHttp);
  const isAccepted = (action: string | undefined): boolean => action === undefined || acceptsAction(operation, action);
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
  const found = `Found the action '${clipped(action ?? '')}' with the body wsnt:${operation}`;
  throw new ProtocolError(`${found}, ${expected}`, {
    version,
    code: 'Sender',
    subcode: wsaName('ActionNotSupported'),
    detail: problemAction(action),
  });
}

function notServed({ version, body }: Pick<SoapMessage, 'version' | 'body'>, action?: string): ProtocolError {
  const unserved = unservedOperationOf(body);
  const name = `'{${clipped(body.namespace)}}${clipped(body.localName)}'`;
  const message =
    unserved === undefined
      ? `Found ${name} in the SOAP Body, expected a request of WS-BaseNotification 1.3 (for notifications: wsnt:Notify)`
      : `The operation ${unserved} (${name}) is not supported here`;
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
  const expression = readTopicExpression(requiredChild(body, 'Topic'));
  const { exact } = compileTopicExpression(expression);
  return { operation: 'GetCurrentMessage', topic: exact ?? concretePath(expression) };
}
