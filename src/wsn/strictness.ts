import { wsaName } from '../soap/addressing.ts';
import { WSA04_NAMESPACE, WSA_NAMESPACE } from '../soap/addressing-names.ts';
import type { HttpFraming, SoapMessage } from '../soap/envelope.ts';
import { ProtocolError } from '../soap/fault.ts';
import { httpAction } from '../soap/framing.ts';
import { problemHeader } from '../soap/message-addressing.ts';
import { clipped, trimmed } from '../soap/text.ts';
import { isTolerant } from '../soap/tolerance.ts';
import type { Tolerance } from '../soap/tolerance.ts';
import { refuseBodyDeviations } from './strict-body.ts';

/** What is known of a request whose deviations are looked for. */
export interface StrictnessOptions {
  readonly tolerance: Tolerance;
  /** True: it has no reply. */
  readonly isOneWay: boolean;
}

/**
 * Refuses what a request has of the deviations that are not accepted, but for those that its reader refuses itself
 * (headers: `readEnvelope`; aliases of actions: `acceptsAction`). What is accepted needs no second look, so this costs
 * nothing where everything is. Throws ProtocolError: wsa:MessageAddressingHeaderRequired, wsa:ActionNotSupported,
 * wsa:InvalidAddressingHeader/wsa:ActionMismatch, wsa:InvalidEPR or just Sender; WsnFault for topics and filters.
 */
export function refuseDeviations(message: SoapMessage, framing: HttpFraming, options: StrictnessOptions): void {
  const { tolerance, isOneWay } = options;
  if (isTolerant(tolerance)) return;
  refuseActionDeviations(message, framing, tolerance);
  const { namespace, messageId } = message.addressing;
  if (!isOneWay && namespace !== 'none' && messageId === undefined && !tolerance.has('messageIdMissing')) {
    throw missingHeader(message, 'MessageID', 'Found no wsa:MessageID, expected one in a request that has a reply');
  }
  refuseBodyDeviations(message.body, tolerance);
}

function refuseActionDeviations(message: SoapMessage, framing: HttpFraming, tolerance: Tolerance): void {
  const { action } = message.addressing;
  const inHttp = httpAction(framing);
  if (action === undefined) {
    if (tolerance.has(inHttp === undefined ? 'actionMissing' : 'actionOnlyInHttp')) return;
    const found = inHttp === undefined ? 'no action' : 'an action in the HTTP headers only';
    throw missingHeader(message, 'Action', `Found ${found}, expected the header wsa:Action`);
  }
  const raw = message.blocks.find(isAction)?.text() ?? '';
  if (raw !== trimmed(raw) && !tolerance.has('actionPadded')) {
    const text = `Found white space around wsa:Action '${clipped(action)}', expected none`;
    throw new ProtocolError(text, {
      version: message.version,
      code: 'Sender',
      subcode: wsaName('ActionNotSupported'),
    });
  }
  const isOther = inHttp !== undefined && inHttp !== action;
  if (isOther && !tolerance.has('actionDiffers')) {
    throw mismatch(message, `the HTTP action '${clipped(inHttp)}'`, `'${clipped(action)}' as in wsa:Action`);
  }
  const { soapAction } = framing;
  if (message.version === '1.1' && !isQuoted(soapAction) && !tolerance.has('soapActionUnquoted')) {
    throw mismatch(message, `the SOAPAction ${clipped(soapAction ?? '')}`, 'it in quotes');
  }
}

/** True also for none: that is another matter. */
function isQuoted(soapAction: string | undefined): boolean {
  const text = soapAction?.trim() ?? '""';
  return text.length > 1 && text.startsWith('"') && text.endsWith('"');
}

function isAction({ namespace, localName }: { readonly namespace: string; readonly localName: string }): boolean {
  return localName === 'Action' && (namespace === WSA_NAMESPACE || namespace === WSA04_NAMESPACE);
}

function mismatch({ version }: SoapMessage, found: string, expected: string): ProtocolError {
  return new ProtocolError(`Found ${found}, expected ${expected}`, {
    version,
    code: 'Sender',
    subcode: wsaName('InvalidAddressingHeader'),
    subsubcode: wsaName('ActionMismatch'),
  });
}

/** WS-Addressing SOAP Binding §6.4.2.3. */
function missingHeader({ version, addressing }: SoapMessage, localName: string, message: string): ProtocolError {
  return new ProtocolError(message, {
    version,
    code: 'Sender',
    subcode: wsaName('MessageAddressingHeaderRequired'),
    detail: problemHeader(addressing.namespace === '2004/08' ? WSA04_NAMESPACE : WSA_NAMESPACE, localName),
  });
}
