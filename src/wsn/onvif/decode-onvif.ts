import { wsaName } from '../../soap/addressing.ts';
import type { HttpFraming, SoapMessage } from '../../soap/envelope.ts';
import { ProtocolError } from '../../soap/fault.ts';
import { httpAction } from '../../soap/framing.ts';
import { clipped, trimmed } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import { escapeText } from '../../xml/writer.ts';
import { parseDuration } from '../date-time.ts';
import { malformed } from '../elements.ts';
import type { Filter, RequestedTermination, SubscriptionPolicy } from '../messages.ts';
import { rawCannotBePulled } from '../filters/policy.ts';
import { WSNT_NAMESPACE } from '../namespaces.ts';
import { parseTermination } from '../termination-time.ts';
import { MAX_MESSAGE_LIMIT, MAX_PULL_TIMEOUT_MS, operationNotSupported, pullMessagesFault } from './faults.ts';
import { TDS_NAMESPACE, TEV_NAMESPACE } from './namespaces.ts';
import { acceptsOnvifAction, ONVIF_OPERATIONS, onvifOperationOf } from './operations.ts';
import type { OnvifOperation } from './operations.ts';

export interface CreatePullPointSubscriptionRequest {
  readonly operation: 'CreatePullPointSubscription';
  readonly filter: Filter;
  readonly policy: SubscriptionPolicy;
  readonly termination: RequestedTermination;
}

export interface PullMessagesRequest {
  readonly operation: 'PullMessages';
  /** How long to wait for a first message, at most MAX_PULL_TIMEOUT_MS. */
  readonly timeoutMs: number;
  /** 1 to MAX_MESSAGE_LIMIT. */
  readonly maximum: number;
}

export interface GetCapabilitiesRequest {
  readonly operation: 'GetCapabilities';
  /** Without repetitions; none: all. */
  readonly categories: readonly CapabilityCategory[];
}

export interface GetServicesRequest {
  readonly operation: 'GetServices';
  readonly includeCapability: boolean;
}

/** A request whose body says nothing but its name, or whose content is not looked at. */
interface BareRequest {
  readonly operation: Exclude<
    OnvifOperation,
    'CreatePullPointSubscription' | 'PullMessages' | 'GetCapabilities' | 'GetServices'
  >;
}

/** A request of ONVIF as the service point works with it. Which resource it is for is in its path and header, not here. */
export type OnvifRequest =
  CreatePullPointSubscriptionRequest | PullMessagesRequest | GetCapabilitiesRequest | GetServicesRequest | BareRequest;

const CATEGORIES = ['All', 'Analytics', 'Device', 'Events', 'Imaging', 'Media', 'PTZ'] as const;

/** What GetCapabilities may ask for (tt:CapabilityCategory). */
export type CapabilityCategory = (typeof CATEGORIES)[number];

export interface OnvifDecoding {
  /** Reads the Filter as that of Subscribe is read; undefined: there is none. Throws WsnFault. */
  readonly readFilter: (element: XmlElement | undefined) => Filter;
  /** Reads the SubscriptionPolicy as that of Subscribe is read; undefined: there is none. Throws WsnFault. */
  readonly readPolicy: (element: XmlElement | undefined) => SubscriptionPolicy;
  /** True: only the actions of ONVIF's WSDL are accepted, no aliases. */
  readonly strict?: boolean;
}

/**
 * Reads a request of ONVIF's event or device service in a SOAP body (see `isOnvifRequest`). Throws ProtocolError, with the
 * request's addressing: ter:ActionNotSupported (Receiver) for an operation that is not known here, wsa:ActionNotSupported
 * for an action that belongs to something else, tev:PullMessagesFaultResponse for a Timeout beyond MAX_PULL_TIMEOUT_MS, and
 * Sender for a body that is not what the operation's schema says. Throws WsnFault like `decodeSubscribe`.
 */
export function decodeOnvifRequest(message: SoapMessage, framing: HttpFraming, decoding: OnvifDecoding): OnvifRequest {
  const { version, addressing, body } = message;
  try {
    const operation = onvifOperationOf(body);
    if (operation === undefined) {
      const name = `{${clipped(body.namespace)}}${clipped(body.localName)}`;
      throw operationNotSupported(version, `The operation ${name} of ONVIF is not offered here`);
    }
    requireAction(operation, message, framing, decoding.strict);
    return decodeBody(operation, message, decoding);
  } catch (error) {
    throw error instanceof ProtocolError ? error.answering(addressing) : error;
  }
}

function decodeBody(operation: OnvifOperation, { version, body }: SoapMessage, decoding: OnvifDecoding): OnvifRequest {
  switch (operation) {
    case 'CreatePullPointSubscription':
      return decodeCreatePullPointSubscription(body, decoding);
    case 'PullMessages': {
      const parts = partsOf(body, TEV_NAMESPACE, ['Timeout', 'MessageLimit']);
      const timeoutMs = readTimeout(required(body, parts, 'Timeout'));
      const maximum = readMessageLimit(required(body, parts, 'MessageLimit'));
      if (timeoutMs <= MAX_PULL_TIMEOUT_MS) return { operation, timeoutMs, maximum };
      const found = `Found a Timeout of ${timeoutMs / 1000} s`;
      throw pullMessagesFault(version, `${found}, expected at most ${MAX_PULL_TIMEOUT_MS / 1000} s`);
    }
    case 'GetCapabilities':
      return { operation, categories: readCategories(body) };
    case 'GetServices': {
      const { IncludeCapability: element } = partsOf(body, TDS_NAMESPACE, ['IncludeCapability']);
      return { operation, includeCapability: element !== undefined && readBoolean(element) };
    }
    default:
      return { operation };
  }
}

function requireAction(
  operation: OnvifOperation,
  { version, addressing }: SoapMessage,
  framing: HttpFraming,
  strict = false,
): void {
  const stated = [addressing.action, httpAction(framing)].filter((action) => action !== undefined);
  const wrong = stated.find((action) => !acceptsOnvifAction(operation, action, strict));
  if (wrong === undefined) return;
  const { request, action } = ONVIF_OPERATIONS[operation];
  throw new ProtocolError(
    `Found the action '${clipped(wrong)}' with the body ${request.localName}, expected ${action}`,
    {
      version,
      code: 'Sender',
      subcode: wsaName('ActionNotSupported'),
      detail: `<wsa:ProblemAction><wsa:Action>${escapeText(clipped(wrong))}</wsa:Action></wsa:ProblemAction>`,
    },
  );
}

function decodeCreatePullPointSubscription(
  body: XmlElement,
  { readFilter, readPolicy }: OnvifDecoding,
): CreatePullPointSubscriptionRequest {
  const parts = partsOf(body, TEV_NAMESPACE, ['Filter', 'InitialTerminationTime', 'SubscriptionPolicy']);
  const filter = readFilter(parts.Filter);
  const policy = readPolicy(parts.SubscriptionPolicy);
  if (policy.useRaw === true) throw rawCannotBePulled();
  const termination = parseTermination(parts.InitialTerminationTime, 'UnacceptableInitialTerminationTimeFault');
  return { operation: 'CreatePullPointSubscription', filter, policy, termination };
}

function readTimeout(element: XmlElement): number {
  const text = trimmed(element.text());
  try {
    const { months, ms } = parseDuration(text);
    const timeoutMs = months === 0 ? ms : Math.sign(months) * Number.MAX_SAFE_INTEGER;
    if (timeoutMs >= 0) return timeoutMs;
  } catch (error) {
    if (error instanceof RangeError) throw malformed(element, error.message);
    throw error;
  }
  throw malformed(element, `found '${clipped(text)}', expected a duration that is not negative`);
}

function readMessageLimit(element: XmlElement): number {
  const text = trimmed(element.text());
  const limit = /^\+?\d{1,20}$/.test(text) ? Number(text) : 0;
  if (limit >= 1) return Math.min(limit, MAX_MESSAGE_LIMIT);
  throw malformed(element, `found '${clipped(text)}', expected a number that is at least 1`);
}

function readCategories(body: XmlElement): readonly CapabilityCategory[] {
  const categories = new Set<CapabilityCategory>();
  for (const element of body.children()) {
    if (!element.is(TDS_NAMESPACE, 'Category')) continue;
    const text = trimmed(element.text());
    const category = CATEGORIES.find((known) => known === text);
    if (category === undefined) {
      throw malformed(element, `found '${clipped(text)}', expected one of ${CATEGORIES.join(', ')}`);
    }
    categories.add(category);
  }
  return [...categories];
}

function readBoolean(element: XmlElement): boolean {
  const text = trimmed(element.text());
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw malformed(element, `found '${clipped(text)}', expected true or false`);
}

type Parts<N extends string> = Readonly<Partial<Record<N, XmlElement>>>;

/**
 * The children of these names, each at most once. Other children in that namespace, and those of WS-BaseNotification, are
 * refused: a part that is misspelt or in the wrong namespace must not be passed over. Those of further namespaces are
 * extensions.
 */
function partsOf<N extends string>(element: XmlElement, namespace: string, names: readonly N[]): Parts<N> {
  const parts: Partial<Record<N, XmlElement>> = {};
  for (const child of element.children()) {
    const name = child.namespace === namespace ? names.find((known) => known === child.localName) : undefined;
    if (name !== undefined) {
      if (parts[name] !== undefined) throw malformed(child, `found a second ${name}, expected at most one`);
      parts[name] = child;
    } else if ([namespace, WSNT_NAMESPACE, ''].includes(child.namespace)) {
      const found = `{${child.namespace}}${clipped(child.localName)}`;
      throw malformed(child, `found ${found}, expected ${names.join(', ')} in ${namespace}`);
    }
  }
  return parts;
}

function required<N extends string>(element: XmlElement, parts: Parts<N>, name: N): XmlElement {
  const part = parts[name];
  if (part === undefined) throw malformed(element, `found no ${name}, expected one`);
  return part;
}
