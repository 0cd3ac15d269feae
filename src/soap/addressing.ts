import { readXml } from '../xml/reader.ts';
import type { XmlElement } from '../xml/document.ts';
import { standalone } from '../xml/fragment.ts';
import { escapeText } from '../xml/writer.ts';
import {
  addressingNamespaceUri,
  isAnonymousAddress,
  WSA04_NAMESPACE,
  WSA_NAMESPACE,
  WSA_NONE,
} from './addressing-names.ts';
import type { AddressingVersion } from './addressing-names.ts';
import type { EndpointReference } from './endpoint-reference.ts';
import { ProtocolError } from './fault.ts';
import type { FaultName, RequestAddressing } from './fault.ts';
import { clipped, trimmed } from './text.ts';
import { soapVersionOf } from './version.ts';
import type { SoapVersion } from './version.ts';

/** The message addressing properties of a message (WS-Addressing Core §3). Values are without outer white space. */
export interface Addressing extends RequestAddressing {
  readonly namespace: AddressingVersion;
  readonly to?: string | undefined;
  readonly action?: string | undefined;
  /** The first RelatesTo. */
  readonly relatesTo?: string | undefined;
  /** Its address is anonymous or none; every other is refused while reading. */
  readonly replyTo?: EndpointReference | undefined;
  readonly faultTo?: EndpointReference | undefined;
  readonly from?: EndpointReference | undefined;
}

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
  return { address: text, referenceParameters: readParameters(element) };
}

/** An endpoint reference as an element of that name. The prefix `wsa` must be declared around it, and the name's own. */
export function writeEndpointReference(qualifiedName: string, reference: EndpointReference): string {
  const parameters =
    reference.referenceParameters.length === 0
      ? ''
      : `<wsa:ReferenceParameters>${reference.referenceParameters.join('')}</wsa:ReferenceParameters>`;
  return `<${qualifiedName}><wsa:Address>${escapeText(reference.address)}</wsa:Address>${parameters}</${qualifiedName}>`;
}

/**
 * The reference parameters as header blocks of a message to that endpoint, each marked wsa:IsReferenceParameter="true"
 * (WS-Addressing SOAP Binding §3.2). They are parsed for it: a sender of many messages does this once.
 */
export function headerBlocksFor(reference: EndpointReference): string {
  return reference.referenceParameters.map(markedParameter).join('');
}

/**
 * The WS-Addressing properties among the header blocks, which must be those that are meant for us. A message with
 * headers of both versions is read as 2005/08. Throws ProtocolError, Sender, wsa:InvalidAddressingHeader, with
 * wsa:InvalidCardinality (a property twice), wsa:InvalidEPR, wsa:MissingAddressInEPR or
 * wsa:OnlyAnonymousAddressSupported below it (WS-Addressing SOAP Binding §6.4.1).
 */
export function readAddressing(blocks: readonly XmlElement[], version: SoapVersion): Addressing {
  const namespace = versionIn(blocks);
  if (namespace === 'none') return { namespace };
  const uri = addressingNamespaceUri(namespace);
  const own = new Map<string, XmlElement>();
  for (const block of blocks) {
    if (block.namespace !== uri) continue;
    const isRepeated = own.has(block.localName);
    if (isRepeated && SINGLE.has(block.localName)) throw repeated(block, version);
    if (!isRepeated) own.set(block.localName, block);
  }
  const value = (name: string): string | undefined => valueOf(own.get(name));
  const replyTo = replyEndpoint(own.get('ReplyTo'), version);
  const faultTo = replyEndpoint(own.get('FaultTo'), version);
  return {
    namespace,
    to: value('To'),
    action: value('Action'),
    messageId: value('MessageID'),
    relatesTo: value('RelatesTo'),
    replyTo,
    faultTo,
    from: sourceEndpoint(own.get('From')),
    replyBlocks: blocksOf(replyTo),
    faultBlocks: blocksOf(faultTo ?? replyTo),
  };
}

const SINGLE: ReadonlySet<string> = new Set(['To', 'Action', 'MessageID', 'ReplyTo', 'FaultTo']);

function versionIn(blocks: readonly XmlElement[]): AddressingVersion {
  if (blocks.some((block) => block.namespace === WSA_NAMESPACE)) return '2005/08';
  return blocks.some((block) => block.namespace === WSA04_NAMESPACE) ? '2004/08' : 'none';
}

/** Undefined also for an empty element. */
function valueOf(block: XmlElement | undefined): string | undefined {
  const text = trimmed(block?.text() ?? '');
  return text === '' ? undefined : text;
}

function repeated(block: XmlElement, version: SoapVersion): ProtocolError {
  const message = `Found wsa:${block.localName} more than once in the header, expected it at most once`;
  return invalidHeader(message, 'InvalidCardinality', block, version);
}

function replyEndpoint(block: XmlElement | undefined, version: SoapVersion): EndpointReference | undefined {
  if (block === undefined) return undefined;
  let reference: EndpointReference;
  try {
    reference = readEndpointReference(block);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw invalidHeader(error.message, (error.subsubcode ?? wsaName('InvalidEPR')).localName, block, version);
  }
  if (isAnonymousAddress(reference.address) || reference.address === WSA_NONE) return reference;
  const message =
    `Found the address '${clipped(reference.address)}' in wsa:${block.localName}, expected the anonymous address: ` +
    'replies are only sent over the connection of the request';
  throw invalidHeader(message, 'OnlyAnonymousAddressSupported', block, version);
}

/** From is never used to send, so one that cannot be read does no harm. */
function sourceEndpoint(block: XmlElement | undefined): EndpointReference | undefined {
  if (block === undefined) return undefined;
  try {
    return readEndpointReference(block);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function blocksOf(reference: EndpointReference | undefined): string | undefined {
  return reference === undefined ? undefined : headerBlocksFor(reference);
}

function invalidHeader(message: string, finer: string, block: XmlElement, version: SoapVersion): ProtocolError {
  const isRecommendation = block.namespace === WSA_NAMESPACE;
  const name = isRecommendation
    ? `<wsa:ProblemHeaderQName>wsa:${block.localName}</wsa:ProblemHeaderQName>`
    : `<wsa:ProblemHeaderQName xmlns:wsa04="${WSA04_NAMESPACE}">wsa04:${block.localName}</wsa:ProblemHeaderQName>`;
  return new ProtocolError(message, {
    version,
    code: 'Sender',
    subcode: wsaName('InvalidAddressingHeader'),
    subsubcode: wsaName(finer),
    detail: name,
  });
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
