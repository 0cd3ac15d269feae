import { readXml } from '../xml/reader.ts';

const SOAP_11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const SOAP_12 = 'http://www.w3.org/2003/05/soap-envelope';
/** Codes that say that the message will not do, however often it is sent. */
const SENDER_CODES: ReadonlySet<string> = new Set([
  'Client',
  'Sender',
  'MustUnderstand',
  'VersionMismatch',
  'DataEncodingUnknown',
]);

/** Whether a reply is a SOAP fault that blames the message and not the consumer. What is no envelope is no such fault. */
export function isSenderFault(reply: Uint8Array): boolean {
  const code = faultCodeOf(reply);
  return code !== undefined && SENDER_CODES.has(code);
}

/** The local name of the fault's code; `Client.Authentication` of SOAP 1.1 counts as `Client`. */
function faultCodeOf(reply: Uint8Array): string | undefined {
  if (reply.byteLength === 0) return undefined;
  try {
    const { root } = readXml(reply);
    if (root.localName !== 'Envelope') return undefined;
    const fault = root.child(root.namespace, 'Body')?.child(root.namespace, 'Fault');
    const code =
      root.namespace === SOAP_12
        ? fault?.child(SOAP_12, 'Code')?.child(SOAP_12, 'Value')
        : root.namespace === SOAP_11
          ? fault?.child('', 'faultcode')
          : undefined;
    return code?.text().trim().split(':').at(-1)?.split('.').at(0);
  } catch {
    return undefined;
  }
}
