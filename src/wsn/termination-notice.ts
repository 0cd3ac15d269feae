import { escapeText } from '../xml/writer.ts';
import { formatDateTime } from './date-time.ts';
import { RL_NAMESPACE, WSNT_NAMESPACE } from './namespaces.ts';

/**
 * A complete wsnt:Message whose payload is a rl:TerminationNotification (WS-ResourceLifetime §6). `at`: when the resource
 * ended, milliseconds since 1970.
 */
export function terminationNotice(at: number, reason: string): Uint8Array {
  const content =
    `<rl:TerminationTime>${formatDateTime(at)}</rl:TerminationTime>` +
    `<rl:TerminationReason>${escapeText(reason)}</rl:TerminationReason>`;
  const payload = `<rl:TerminationNotification xmlns:rl="${RL_NAMESPACE}">${content}</rl:TerminationNotification>`;
  return Buffer.from(`<wsnt:Message xmlns:wsnt="${WSNT_NAMESPACE}">${payload}</wsnt:Message>`);
}
