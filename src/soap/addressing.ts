import { readXml } from '../xml/reader.ts';
import type { XmlElement } from '../xml/document.ts';
import { standalone } from '../xml/fragment.ts';
import { escapeText } from '../xml/writer.ts';
import { WSA04_NAMESPACE, WSA_NAMESPACE } from './addressing-names.ts';
import type { EndpointReference } from './endpoint-reference.ts';
import { ProtocolError } from './fault.ts';
import type { FaultName } from './fault.ts';
import { trimmed } from './text.ts';
import { soapVersionOf } from './version.ts';
import type { SoapVersion } from './version.ts';

/** Limits that no honest endpoint reference comes near: characters of an address, count and characters of parameters. */
const MAX_ADDRESS = 4096;
const MAX_PARAMETERS = 64;
const MAX_PARAMETER_CHARACTERS = 65_536;

/** A name of WS-Addressing 1.0 for use as a fault's subcode. */
export function wsaName(localName: string): FaultName {
  return { namespace: WSA_NAMESPACE, localName, prefix: 'wsa' };
}

/** The SOAP version of the envelope around this element; 1.2 for an element without one. */
export function versionAround(element: XmlElement): SoapVersion {
  return soapVersionOf(element.document.root.namespace) ?? '1.2';
}

/**
 * Reads the element's content as an endpoint reference of WS-Addressing 2005/08 or 2004/08 (there, reference
 * properties count as reference parameters). Throws ProtocolError: Sender, wsa:InvalidEPR; wsa:MissingAddressInEPR
 * below it if there is no address. Whether the address is one that can be used is the caller's to say.
 */
export function readEndpointReference(element: XmlElement): EndpointReference {
  const addresses = element.children().filter((child) => isAddressingElement(child, 'Address'));
  const [address] = addresses;
  if (address === undefined) {
    throw invalidReference(element, `has no wsa:Address in the namespace ${WSA_NAMESPACE}`, 'MissingAddressInEPR');
  }
  if (addresses.length > 1) throw invalidReference(element, `has ${addresses.length} wsa:Address, expected one`);
  const text = trimmed(address.text());
  if (text === '') throw invalidReference(element, 'has an empty wsa:Address', 'MissingAddressInEPR');
  if (text.length > MAX_ADDRESS) {
    throw invalidReference(element, `has an address of ${text.length} characters, expected at most ${MAX_ADDRESS}`);
  }
  const reference = { address: text, referenceParameters: readParameters(element) };
  return address.namespace === WSA04_NAMESPACE ? { ...reference, addressing: '2004/08' } : reference;
}

/**
 * An endpoint reference as an element of that name, always of WS-Addressing 2005/08, as the schemas of WS-Notification
 * have it. The prefix `wsa` must be declared around it, and the name's own.
 */
export function writeEndpointReference(qualifiedName: string, reference: EndpointReference): string {
  const parameters =
    reference.referenceParameters.length === 0
      ? ''
      : `<wsa:ReferenceParameters>${reference.referenceParameters.join('')}</wsa:ReferenceParameters>`;
  return `<${qualifiedName}><wsa:Address>${escapeText(reference.address)}</wsa:Address>${parameters}</${qualifiedName}>`;
}

/**
 * The reference parameters as header blocks of a message to that endpoint, each marked wsa:IsReferenceParameter="true"
 * (WS-Addressing SOAP Binding §3.2; 2004/08 has no such mark). They are parsed for it: a sender of many messages does
 * this once.
 */
export function headerBlocksFor({ referenceParameters, addressing }: EndpointReference): string {
  return (addressing === '2004/08' ? referenceParameters : referenceParameters.map(markedParameter)).join('');
}

/**
 * The headers To, Action and MessageID of a message to that endpoint, in the version of WS-Addressing that it was named
 * in. The prefix `wsa` must be declared around them.
 */
export function addressHeadersFor(
  { address, addressing }: EndpointReference,
  action: string,
  messageId: string,
): string {
  const [prefix, declaration] = addressing === '2004/08' ? ['wsa04', ` xmlns:wsa04="${WSA04_NAMESPACE}"`] : ['wsa', ''];
  const block = (name: string, value: string): string =>
    `<${prefix}:${name}${declaration}>${escapeText(value)}</${prefix}:${name}>`;
  return block('To', address) + block('Action', action) + block('MessageID', messageId);
}

function invalidReference(element: XmlElement, problem: string, finer?: string): ProtocolError {
  const { line, column } = element.position();
  return new ProtocolError(`The endpoint reference '${element.localName}' at ${line}:${column} ${problem}`, {
    version: versionAround(element),
    code: 'Sender',
    subcode: wsaName('InvalidEPR'),
    subsubcode: finer === undefined ? undefined : wsaName(finer),
  });
}

function isAddressingElement(element: XmlElement, localName: string): boolean {
  return element.is(WSA_NAMESPACE, localName) || element.is(WSA04_NAMESPACE, localName);
}

function readParameters(element: XmlElement): readonly string[] {
  const holders = element
    .children()
    .filter(
      (child) => isAddressingElement(child, 'ReferenceParameters') || child.is(WSA04_NAMESPACE, 'ReferenceProperties'),
    );
  const parameters = holders.flatMap((holder) => holder.children());
  if (parameters.length > MAX_PARAMETERS) {
    throw invalidReference(
      element,
      `has ${parameters.length} reference parameters, expected at most ${MAX_PARAMETERS}`,
    );
  }
  const texts = parameters.map((parameter) => standalone(parameter));
  const size = texts.reduce((sum, text) => sum + text.length, 0);
  if (size > MAX_PARAMETER_CHARACTERS) {
    const limit = `expected at most ${MAX_PARAMETER_CHARACTERS}`;
    throw invalidReference(element, `has ${size} characters of reference parameters, ${limit}`);
  }
  return texts;
}

function markedParameter(parameter: string): string {
  const element = readXml(Buffer.from(parameter, 'utf8')).root;
  if (element.attribute(WSA_NAMESPACE, 'IsReferenceParameter') !== undefined) return parameter;
  const declared = element.inScope();
  let prefix = 'wsa';
  for (let n = 1; declared.has(prefix) && declared.get(prefix) !== WSA_NAMESPACE; n++) prefix = `wsa${n}`;
  const declaration = declared.has(prefix) ? '' : ` xmlns:${prefix}="${WSA_NAMESPACE}"`;
  return standalone(element, `${declaration} ${prefix}:IsReferenceParameter="true"`);
}
