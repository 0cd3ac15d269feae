import { isBlank, trimmed } from '../soap/text.ts';
import type { XmlElement } from '../xml/document.ts';
import { addDuration, LATEST_TIME, parseDateTime, parseDuration } from './date-time.ts';
import { WsnFault } from './faults.ts';
import type { RequestedTermination } from './messages.ts';
import { XSI_NAMESPACE } from './namespaces.ts';

/** The fault for a termination time that cannot be granted: of Subscribe, of Renew, or of SetTerminationTime. */
export type TerminationFault =
  | 'UnacceptableInitialTerminationTimeFault'
  | 'UnacceptableTerminationTimeFault'
  | 'UnableToSetTerminationTimeFault'
  | 'TerminationTimeChangeRejectedFault';

/** The hint of a fault: that much from now, so that it is still in the future when the client repeats its request. */
const HINT_MS = 1000;

/**
 * Reads an InitialTerminationTime or TerminationTime: nothing, nil (no termination), a duration or a dateTime. Throws
 * that fault for everything else, an empty element included (it would be schema-invalid).
 */
export function parseTermination(element: XmlElement | undefined, fault: TerminationFault): RequestedTermination {
  if (element === undefined) return { kind: 'absent' };
  const text = trimmed(element.text());
  if (element.children().length > 0) throw new WsnFault(fault, `Found elements inside ${element.localName}`);
  const nil = trimmed(element.attribute(XSI_NAMESPACE, 'nil') ?? 'false');
  if (nil === 'true' || nil === '1') {
    if (isBlank(text)) return { kind: 'infinite' };
    throw new WsnFault(fault, `Found text in ${element.localName} with xsi:nil, expected none`);
  }
  if (text === '') {
    throw new WsnFault(fault, `Found an empty ${element.localName}, expected a dateTime, a duration or xsi:nil="true"`);
  }
  try {
    if (/^-?P/.test(text)) return { kind: 'relative', duration: parseDuration(text) };
    return { kind: 'absolute', at: parseDateTime(text) };
  } catch (error) {
    if (error instanceof RangeError) throw new WsnFault(fault, `${error.message}, in ${element.localName}`);
    throw error;
  }
}

/**
 * The termination time to grant, in milliseconds since 1970; null for none, also where none was asked for. It is exactly
 * what was asked for: less would be against the standard (WS-BaseNotification §4.1). Throws that fault, with a time that
 * would be granted, for a time that is not in the future or after the year 9999.
 */
export function grantTermination(requested: RequestedTermination, now: number, fault: TerminationFault): number | null {
  if (requested.kind === 'absent' || requested.kind === 'infinite') return null;
  const at = requested.kind === 'absolute' ? requested.at : addDuration(now, requested.duration);
  const limits = { minimumTime: now + HINT_MS, maximumTime: LATEST_TIME };
  if (at > LATEST_TIME) throw new WsnFault(fault, 'The termination time is after the year 9999', limits);
  if (at > now) return at;
  throw new WsnFault(fault, 'The termination time is not in the future', limits);
}
