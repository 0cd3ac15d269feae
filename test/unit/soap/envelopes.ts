import { readEnvelope } from '../../../src/soap/envelope.ts';
import type { HttpFraming, SoapMessage } from '../../../src/soap/envelope.ts';
import { ProtocolError } from '../../../src/soap/fault.ts';
import { soapNamespace } from '../../../src/soap/version.ts';
import type { SoapVersion } from '../../../src/soap/version.ts';
import { readXml } from '../../../src/xml/reader.ts';
import type { XmlElement } from '../../../src/xml/document.ts';

export const WSA = 'http://www.w3.org/2005/08/addressing';
export const WSA04 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
export const WSNT = 'http://docs.oasis-open.org/wsn/b-2';

/** An envelope with the prefixes S, wsa, wsa04 and wsnt declared. */
export function envelope(body: string, header = '', version: SoapVersion = '1.2'): Buffer {
  return Buffer.from(
    `<S:Envelope xmlns:S="${soapNamespace(version)}" xmlns:wsa="${WSA}" xmlns:wsa04="${WSA04}" xmlns:wsnt="${WSNT}">` +
      `<S:Header>${header}</S:Header><S:Body>${body}</S:Body></S:Envelope>`,
  );
}

export function read(body: string, header = '', version: SoapVersion = '1.2', framing: HttpFraming = {}): SoapMessage {
  return readEnvelope(envelope(body, header, version), framing);
}

export function element(xml: string): XmlElement {
  return readXml(Buffer.from(xml)).root;
}

/** What an action throws; fails if it throws nothing or something that is no ProtocolError. */
export function protocolError(action: () => unknown): ProtocolError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error('Expected a ProtocolError, nothing was thrown');
}
