import type { XmlElement } from '../xml/document.ts';
import { malformed, optionalChild, refuseUnknownChildren } from './elements.ts';
import type { RequestedTermination } from './messages.ts';
import { RL_NAMESPACE } from './namespaces.ts';
import { parseTermination } from './termination-time.ts';

export interface SetTerminationTimeRequest {
  readonly operation: 'SetTerminationTime';
  /** Never `absent`. */
  readonly termination: RequestedTermination;
}

const CHOICES = ['RequestedTerminationTime', 'RequestedLifetimeDuration'];

/**
 * Reads a SetTerminationTime (WS-ResourceLifetime §5.2): a time (nil for none) or a duration; clients that put the one
 * into the element of the other are understood. Throws ProtocolError for neither or both, and WsnFault
 * UnableToSetTerminationTimeFault for a value that is neither a dateTime nor a duration.
 */
export function decodeSetTerminationTime(body: XmlElement): SetTerminationTimeRequest {
  refuseUnknownChildren(body, CHOICES, RL_NAMESPACE);
  const [requested, second] = CHOICES.flatMap((name) => optionalChild(body, name, RL_NAMESPACE) ?? []);
  if (requested === undefined || second !== undefined) {
    const found = requested === undefined ? 'neither' : 'both';
    throw malformed(
      body,
      `found ${found} of rl:RequestedTerminationTime and rl:RequestedLifetimeDuration, expected one`,
    );
  }
  const termination = parseTermination(requested, 'UnableToSetTerminationTimeFault');
  return { operation: 'SetTerminationTime', termination };
}
