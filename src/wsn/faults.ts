import { faultReply } from '../soap/fault.ts';
import type { RequestAddressing, SoapReply } from '../soap/fault.ts';
import type { SoapVersion } from '../soap/version.ts';
import { escapeAttribute, escapeText } from '../xml/writer.ts';
import { BF_NAMESPACE, R_NAMESPACE, WSNT_NAMESPACE } from './namespaces.ts';
import type { ElementName } from './operations.ts';
import { formatDateTime, LATEST_TIME } from './date-time.ts';

/** The faults of the standards that the served operations can raise. */
export type WsnFaultName =
  | 'ResourceUnknownFault'
  | 'InvalidFilterFault'
  | 'TopicExpressionDialectUnknownFault'
  | 'InvalidTopicExpressionFault'
  | 'TopicNotSupportedFault'
  | 'InvalidProducerPropertiesExpressionFault'
  | 'InvalidMessageContentExpressionFault'
  | 'UnrecognizedPolicyRequestFault'
  | 'UnsupportedPolicyRequestFault'
  | 'NotifyMessageNotSupportedFault'
  | 'UnacceptableInitialTerminationTimeFault'
  | 'UnacceptableTerminationTimeFault'
  | 'SubscribeCreationFailedFault'
  | 'NoCurrentMessageOnTopicFault'
  | 'MultipleTopicsSpecifiedFault'
  | 'UnableToGetMessagesFault'
  | 'UnableToCreatePullPointFault'
  | 'UnableToDestroyPullPointFault'
  | 'UnableToDestroySubscriptionFault'
  | 'PauseFailedFault'
  | 'ResumeFailedFault'
  | 'PublisherRegistrationRejectedFault'
  | 'PublisherRegistrationFailedFault'
  | 'TerminationTimeChangeRejectedFault';

/** How a fault looks on the wire. */
export interface FaultSpec extends ElementName {
  /** Whose problem it is. The standards do not say; this follows what each text describes. */
  readonly role: 'Sender' | 'Receiver';
  /** The wsa:Action of the fault message (WS-BaseNotification §1.4). */
  readonly action: string;
}

function wsnt(localName: WsnFaultName, role: FaultSpec['role']): FaultSpec {
  return { namespace: WSNT_NAMESPACE, localName, role, action: 'http://docs.oasis-open.org/wsn/fault' };
}

export const FAULT_SPECS = {
  ResourceUnknownFault: {
    namespace: R_NAMESPACE,
    localName: 'ResourceUnknownFault',
    role: 'Sender',
    action: 'http://docs.oasis-open.org/wsrf/fault',
  },
  InvalidFilterFault: wsnt('InvalidFilterFault', 'Sender'),
  TopicExpressionDialectUnknownFault: wsnt('TopicExpressionDialectUnknownFault', 'Sender'),
  InvalidTopicExpressionFault: wsnt('InvalidTopicExpressionFault', 'Sender'),
  TopicNotSupportedFault: wsnt('TopicNotSupportedFault', 'Sender'),
  InvalidProducerPropertiesExpressionFault: wsnt('InvalidProducerPropertiesExpressionFault', 'Sender'),
  InvalidMessageContentExpressionFault: wsnt('InvalidMessageContentExpressionFault', 'Sender'),
  UnrecognizedPolicyRequestFault: wsnt('UnrecognizedPolicyRequestFault', 'Sender'),
  UnsupportedPolicyRequestFault: wsnt('UnsupportedPolicyRequestFault', 'Sender'),
  NotifyMessageNotSupportedFault: wsnt('NotifyMessageNotSupportedFault', 'Sender'),
  UnacceptableInitialTerminationTimeFault: wsnt('UnacceptableInitialTerminationTimeFault', 'Sender'),
  UnacceptableTerminationTimeFault: wsnt('UnacceptableTerminationTimeFault', 'Sender'),
  SubscribeCreationFailedFault: wsnt('SubscribeCreationFailedFault', 'Receiver'),
  NoCurrentMessageOnTopicFault: wsnt('NoCurrentMessageOnTopicFault', 'Sender'),
  MultipleTopicsSpecifiedFault: wsnt('MultipleTopicsSpecifiedFault', 'Sender'),
  UnableToGetMessagesFault: wsnt('UnableToGetMessagesFault', 'Receiver'),
  UnableToCreatePullPointFault: wsnt('UnableToCreatePullPointFault', 'Receiver'),
  UnableToDestroyPullPointFault: wsnt('UnableToDestroyPullPointFault', 'Receiver'),
  UnableToDestroySubscriptionFault: wsnt('UnableToDestroySubscriptionFault', 'Receiver'),
  PauseFailedFault: wsnt('PauseFailedFault', 'Receiver'),
  ResumeFailedFault: wsnt('ResumeFailedFault', 'Receiver'),
  PublisherRegistrationRejectedFault: wsnt('PublisherRegistrationRejectedFault', 'Sender'),
  PublisherRegistrationFailedFault: wsnt('PublisherRegistrationFailedFault', 'Receiver'),
  TerminationTimeChangeRejectedFault: wsnt('TerminationTimeChangeRejectedFault', 'Sender'),
} as const satisfies Record<WsnFaultName, FaultSpec>;

/** What a fault tells beyond its description. */
export interface WsnFaultDetails {
  /** The filters that were not understood (InvalidFilterFault; there, at least one). */
  readonly unknownFilters?: readonly ElementName[];
  readonly unrecognizedPolicies?: readonly ElementName[];
  readonly unsupportedPolicies?: readonly ElementName[];
  /** The earliest and latest termination time that would be granted, in milliseconds since 1970. */
  readonly minimumTime?: number;
  readonly maximumTime?: number;
}

/** A WsnFault as plain JSON, for the way between servers. */
export interface SerialisedWsnFault {
  readonly fault: WsnFaultName;
  readonly message: string;
  readonly details: WsnFaultDetails;
}

/** A request that cannot be granted, in the words of the standards: the caller's problem, not the broker's. */
export class WsnFault extends Error {
  override readonly name = 'WsnFault';
  readonly fault: WsnFaultName;
  readonly details: WsnFaultDetails;

  /** `message` becomes the fault's Description; it says what was found and what was expected. */
  constructor(fault: WsnFaultName, message: string, details: WsnFaultDetails = {}) {
    super(message);
    this.fault = fault;
    this.details = details;
  }

  /** Plain JSON from which `WsnFault.from` makes the same fault again. */
  serialise(): SerialisedWsnFault {
    return { fault: this.fault, message: this.message, details: this.details };
  }

  toJSON(): SerialisedWsnFault {
    return this.serialise();
  }

  /** The inverse of `serialise`. Throws TypeError for what that cannot have made. */
  static from(serialised: unknown): WsnFault {
    const { fault, message, details }: Partial<Record<string, unknown>> = { ...asObject(serialised) };
    if (isFaultName(fault) && typeof message === 'string' && isDetails(details)) {
      return new WsnFault(fault, message, details);
    }
    throw new TypeError(`Found no serialised WsnFault: its name is '${String(fault)}'`);
  }
}

/**
 * The SOAP fault for a WsnFault (WS-BaseFaults §2): code Sender or Receiver, the fault as the one detail element. `now`
 * (milliseconds since 1970) becomes its Timestamp. `addressing` is the request's.
 */
export function wsnFaultReply(
  version: SoapVersion,
  fault: WsnFault,
  now: number,
  addressing?: RequestAddressing,
): SoapReply {
  const spec = FAULT_SPECS[fault.fault];
  return faultReply({
    version,
    code: spec.role,
    reason: fault.message === '' ? spec.localName : `${spec.localName}: ${fault.message}`,
    action: spec.action,
    detail: faultDetail(fault, now),
    addressing,
  });
}

/** The fault as an element of its own: the extension children come behind all that WS-BaseFaults defines. */
export function faultDetail(fault: WsnFault, now: number): string {
  const { namespace, localName } = FAULT_SPECS[fault.fault];
  const description =
    fault.message === '' ? '' : `<bf:Description xml:lang="en">${escapeText(fault.message)}</bf:Description>`;
  return (
    `<f:${localName} xmlns:f="${namespace}" xmlns:bf="${BF_NAMESPACE}">` +
    `<bf:Timestamp>${formatDateTime(now)}</bf:Timestamp>${description}${extensionOf(fault, now)}</f:${localName}>`
  );
}

/** The hint of a fault that has none: one second from now, so that it is still in the future when it arrives. */
const HINT_MS = 1000;

function extensionOf({ fault, details }: WsnFault, now: number): string {
  switch (fault) {
    case 'InvalidFilterFault':
      return names('UnknownFilter', details.unknownFilters ?? [{ namespace: WSNT_NAMESPACE, localName: 'Filter' }]);
    case 'UnrecognizedPolicyRequestFault':
      return names('UnrecognizedPolicy', details.unrecognizedPolicies ?? []);
    case 'UnsupportedPolicyRequestFault':
      return names('UnsupportedPolicy', details.unsupportedPolicies ?? []);
    case 'UnacceptableInitialTerminationTimeFault':
    case 'UnacceptableTerminationTimeFault': {
      const latest = details.maximumTime;
      const maximum = latest === undefined ? '' : `<f:MaximumTime>${formatDateTime(latest)}</f:MaximumTime>`;
      const earliest = Math.min(details.minimumTime ?? now + HINT_MS, LATEST_TIME);
      return `<f:MinimumTime>${formatDateTime(earliest)}</f:MinimumTime>${maximum}`;
    }
    default:
      return '';
  }
}

function names(element: string, values: readonly ElementName[]): string {
  const write = ({ namespace, localName }: ElementName): string =>
    namespace === ''
      ? `<f:${element}>${localName}</f:${element}>`
      : `<f:${element} xmlns:q="${escapeAttribute(namespace)}">q:${localName}</f:${element}>`;
  return values.map(write).join('');
}

function isFaultName(value: unknown): value is WsnFaultName {
  return typeof value === 'string' && Object.hasOwn(FAULT_SPECS, value);
}

function isDetails(value: unknown): value is WsnFaultDetails {
  const details: Partial<Record<string, unknown>> = { ...asObject(value) };
  const lists = [details['unknownFilters'], details['unrecognizedPolicies'], details['unsupportedPolicies']];
  const times = [details['minimumTime'], details['maximumTime']];
  return (
    lists.every((list) => list === undefined || (Array.isArray(list) && list.every(isElementName))) &&
    times.every((time) => time === undefined || typeof time === 'number')
  );
}

function isElementName(value: unknown): boolean {
  const { namespace, localName }: Partial<Record<string, unknown>> = { ...asObject(value) };
  return typeof namespace === 'string' && typeof localName === 'string';
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
