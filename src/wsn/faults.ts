import { faultReply } from '../soap/fault.ts';
import type { RequestAddressing, SoapReply } from '../soap/fault.ts';
import type { SoapVersion } from '../soap/version.ts';
import { escapeAttribute, escapeText } from '../xml/writer.ts';
import { formatDateTime, LATEST_TIME } from './date-time.ts';
import type { ElementName } from './element-name.ts';
import { FAULT_SPECS, isChangeFault } from './fault-specs.ts';
import type { WsnFaultName } from './fault-specs.ts';
import { BF_NAMESPACE, WSNT_NAMESPACE } from './namespaces.ts';

export { FAULT_SPECS } from './fault-specs.ts';
export type { WsnFaultName } from './fault-specs.ts';

/** What became of a change of resource properties that failed (rp:ResourcePropertyChangeFailure). */
export interface ChangeFailure {
  /** The property as it is: complete elements of the standards that declare what they use. Absent: it has no value. */
  readonly currentValue?: readonly string[];
  /** What it should have become; likewise. */
  readonly requestedValue?: readonly string[];
  /** True: everything is as it was before the request. */
  readonly restored: boolean;
}

/** What a fault tells beyond its description. */
export interface WsnFaultDetails {
  /** The filters that were not understood (InvalidFilterFault; there, at least one). */
  readonly unknownFilters?: readonly ElementName[];
  readonly unrecognizedPolicies?: readonly ElementName[];
  readonly unsupportedPolicies?: readonly ElementName[];
  /** The earliest and latest termination time that would be granted, in milliseconds since 1970. */
  readonly minimumTime?: number;
  readonly maximumTime?: number;
  /** Only for the faults of changes; there, absent stands for one without values, restored. */
  readonly changeFailure?: ChangeFailure;
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
  if (isChangeFault(fault)) return changeFailure(details.changeFailure ?? { restored: true });
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

function changeFailure({ currentValue = [], requestedValue = [], restored }: ChangeFailure): string {
  const value = (element: string, content: readonly string[]): string =>
    content.length === 0 ? '' : `<f:${element}>${content.join('')}</f:${element}>`;
  const values = value('CurrentValue', currentValue) + value('RequestedValue', requestedValue);
  return `<f:ResourcePropertyChangeFailure Restored="${restored}">${values}</f:ResourcePropertyChangeFailure>`;
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
    times.every((time) => time === undefined || typeof time === 'number') &&
    (details['changeFailure'] === undefined || isChangeFailure(details['changeFailure']))
  );
}

function isChangeFailure(value: unknown): boolean {
  const { currentValue, requestedValue, restored }: Partial<Record<string, unknown>> = { ...asObject(value) };
  return (
    typeof restored === 'boolean' &&
    [currentValue, requestedValue].every(
      (list) => list === undefined || (Array.isArray(list) && list.every((xml) => typeof xml === 'string')),
    )
  );
}

function isElementName(value: unknown): boolean {
  const { namespace, localName }: Partial<Record<string, unknown>> = { ...asObject(value) };
  return typeof namespace === 'string' && typeof localName === 'string';
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
