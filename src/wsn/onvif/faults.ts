import { ProtocolError } from '../../soap/fault.ts';
import type { FaultName } from '../../soap/fault.ts';
import type { SoapVersion } from '../../soap/version.ts';
import { TER_NAMESPACE, TEV_NAMESPACE } from './namespaces.ts';
import { ONVIF_OPERATIONS } from './operations.ts';

/**
 * The longest Timeout of PullMessages: the minute that ONVIF Core demands of every event service. What is above is answered
 * by tev:PullMessagesFaultResponse.
 */
export const MAX_PULL_TIMEOUT_MS = 60_000;

/** The most messages that one PullMessages gets. A higher MessageLimit is no fault: fewer may always be returned. */
export const MAX_MESSAGE_LIMIT = 1000;

/** PullMessages asks for more than there is (ONVIF Core, PullMessages): the fault tells what may be asked for. */
export function pullMessagesFault(version: SoapVersion, message: string): ProtocolError {
  const maxTimeout = `<tev:MaxTimeout>PT${MAX_PULL_TIMEOUT_MS / 1000}S</tev:MaxTimeout>`;
  const maxMessageLimit = `<tev:MaxMessageLimit>${MAX_MESSAGE_LIMIT}</tev:MaxMessageLimit>`;
  const name = 'tev:PullMessagesFaultResponse';
  return new ProtocolError(message, {
    version,
    code: 'Sender',
    subcode: terName('InvalidArgVal'),
    detail: `<${name} xmlns:tev="${TEV_NAMESPACE}">${maxTimeout}${maxMessageLimit}</${name}>`,
    action: ONVIF_OPERATIONS.PullMessages.action.replace(/Request$/, '/Fault/PullMessagesFaultResponse'),
  });
}

/** An operation that ONVIF leaves optional and that does not exist here (ter:ActionNotSupported). */
export function operationNotSupported(version: SoapVersion, message: string): ProtocolError {
  return new ProtocolError(message, { version, code: 'Receiver', subcode: terName('ActionNotSupported') });
}

/** GetCapabilities asks only for services that do not exist here (ter:ActionNotSupported, ter:NoSuchService). */
export function noSuchService(version: SoapVersion, message: string): ProtocolError {
  return new ProtocolError(message, {
    version,
    code: 'Receiver',
    subcode: terName('ActionNotSupported'),
    subsubcode: terName('NoSuchService'),
  });
}

function terName(localName: string): FaultName {
  return { namespace: TER_NAMESPACE, localName, prefix: 'ter' };
}
