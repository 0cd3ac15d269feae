import { clipped, trimmed } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import { escapeText } from '../../xml/writer.ts';
import { distinctNames, listedNames, nameOf } from './element-names.ts';
import { WsnFault } from '../faults.ts';
import type { PauseRetention, SubscriptionPolicy } from '../messages.ts';
import { POLICY_NAMESPACE, WSNT_NAMESPACE } from '../namespaces.ts';

const RETENTIONS: readonly PauseRetention[] = ['all', 'last', 'none'];
const TRUE = ['', 'true', '1'];
const FALSE = ['false', '0'];

/**
 * Reads a SubscriptionPolicy (WS-BaseNotification §4.1); none is an empty one. Throws WsnFault:
 * UnrecognizedPolicyRequestFault with all policies that are not known here, UnsupportedPolicyRequestFault for one of ours
 * with a value that it cannot have, or with two values.
 */
export function readPolicy(element: XmlElement | undefined): SubscriptionPolicy {
  const children = element?.children() ?? [];
  const unknown = children.filter((child) => readerOf(child) === undefined).map(nameOf);
  if (unknown.length > 0) {
    const message = `Found the subscription policy ${listedNames(unknown)}, which is not known here`;
    throw new WsnFault('UnrecognizedPolicyRequestFault', message, { unrecognizedPolicies: distinctNames(unknown) });
  }
  const policy: SubscriptionPolicy = {};
  for (const child of children) Object.assign(policy, requireNew(child, policy, readerOf(child)?.(child) ?? {}));
  return policy;
}

/** A complete wsnt:SubscriptionPolicy element; what the policy leaves open is not in it. */
export function encodePolicy({ useRaw, pauseRetention, notifyTermination }: SubscriptionPolicy): string {
  const own = (name: string, value: string): string =>
    `<policy:${name} xmlns:policy="${POLICY_NAMESPACE}">${escapeText(value)}</policy:${name}>`;
  return [
    `<wsnt:SubscriptionPolicy xmlns:wsnt="${WSNT_NAMESPACE}">`,
    useRaw === true ? '<wsnt:UseRaw/>' : '',
    pauseRetention === undefined ? '' : own('PauseRetention', pauseRetention),
    notifyTermination === undefined ? '' : own('NotifyTermination', String(notifyTermination)),
    '</wsnt:SubscriptionPolicy>',
  ].join('');
}

/** The fault for wsnt:UseRaw where messages are pulled: they come as wsnt:NotificationMessage there, whatever is asked for. */
export function rawCannotBePulled(): WsnFault {
  const message = 'Found the subscription policy wsnt:UseRaw: what is pulled comes as wsnt:NotificationMessage';
  const unsupportedPolicies = [{ namespace: WSNT_NAMESPACE, localName: 'UseRaw' }];
  return new WsnFault('UnsupportedPolicyRequestFault', message, { unsupportedPolicies });
}

function readerOf(element: XmlElement): ((element: XmlElement) => SubscriptionPolicy) | undefined {
  if (element.is(WSNT_NAMESPACE, 'UseRaw')) return () => ({ useRaw: true });
  if (element.is(POLICY_NAMESPACE, 'PauseRetention')) return readRetention;
  if (element.is(POLICY_NAMESPACE, 'NotifyTermination')) return readNotifyTermination;
  return undefined;
}

function readRetention(element: XmlElement): SubscriptionPolicy {
  const value = valueOf(element);
  const pauseRetention = RETENTIONS.find((retention) => retention === value);
  if (pauseRetention === undefined) throw unsupported(element, `'${clipped(value)}'`, RETENTIONS.join(', '));
  return { pauseRetention };
}

function readNotifyTermination(element: XmlElement): SubscriptionPolicy {
  const value = valueOf(element);
  if (TRUE.includes(value)) return { notifyTermination: true };
  if (FALSE.includes(value)) return { notifyTermination: false };
  throw unsupported(element, `'${clipped(value)}'`, 'nothing, true or false');
}

function valueOf(element: XmlElement): string {
  const [child] = element.children();
  if (child !== undefined) throw unsupported(element, `the element ${clipped(child.localName)}`, 'text');
  return trimmed(element.text());
}

/** Two policies that agree are harmless; two that do not are no policy. */
function requireNew(element: XmlElement, known: SubscriptionPolicy, read: SubscriptionPolicy): SubscriptionPolicy {
  for (const [name, value] of Object.entries(read)) {
    const before = known[name as keyof SubscriptionPolicy];
    if (before !== undefined && before !== value) throw unsupported(element, 'a second value', 'one');
  }
  return read;
}

function unsupported(element: XmlElement, found: string, expected: string): WsnFault {
  const message = `Found ${found} as the subscription policy ${listedNames([nameOf(element)])}, expected ${expected}`;
  return new WsnFault('UnsupportedPolicyRequestFault', message, { unsupportedPolicies: [nameOf(element)] });
}
