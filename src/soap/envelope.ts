import type { XmlDocument, XmlElement } from '../xml/document.ts';
import { readXml, XmlError } from '../xml/reader.ts';
import type { XmlLimits } from '../xml/reader.ts';
import { escapeAttribute } from '../xml/writer.ts';
import { WSA04_NAMESPACE, WSA_NAMESPACE } from './addressing-names.ts';
import { AFFINITY_NAMESPACE } from './affinity.ts';
import { ProtocolError } from './fault.ts';
import { parseContentType } from './framing.ts';
import type { ContentType } from './framing.ts';
import { readAddressing } from './message-addressing.ts';
import type { Addressing, AddressingOptions } from './message-addressing.ts';
import { clipped, trimmed } from './text.ts';
import { SOAP_11_NAMESPACE, SOAP_12_NAMESPACE, soapNamespace, soapVersionOf } from './version.ts';
import type { SoapVersion } from './version.ts';

/** What HTTP says about a message, as raw header values. */
export interface HttpFraming {
  readonly contentType?: string | undefined;
  readonly soapAction?: string | undefined;
}

/** A message up to the start of its Body. */
export interface SoapHeader {
  readonly version: SoapVersion;
  readonly addressing: Addressing;
  /** Every header block, also those for other roles. */
  readonly blocks: readonly XmlElement[];
}

export interface SoapMessage extends SoapHeader {
  /** The one element inside Body. */
  readonly body: XmlElement;
}

/**
 * Reads a SOAP 1.1 or 1.2 message. Throws ProtocolError: 415 for a Content-Type that is not XML (multipart with
 * attachments included), Sender for what is no well-formed XML within the limits or no SOAP message with one element in
 * its Body, VersionMismatch for an envelope of another namespace, MustUnderstand for a header block for us that must
 * be understood and is not (wsse:Security where the deviation `securityHeader` is not accepted), and those of `readAddressing`. `options` say what is accepted beyond the standards (default:
 * every deviation) and where answers may go (default: over the connection of the request only).
 */
export function readEnvelope(
  bytes: Uint8Array,
  framing: HttpFraming,
  limits?: Partial<XmlLimits>,
  options: AddressingOptions = {},
): SoapMessage {
  const document = readDocument(bytes, framing, limits, false);
  const version = versionOf(document.root, framing);
  if (options.tolerance?.has('contentTypeOther') === false) requireOwnType(version, framing);
  const parts = envelopeParts(document.root, version);
  if (parts.body === undefined) {
    throw sender(version, `Found no Body in the SOAP envelope, expected one in ${soapNamespace(version)}`);
  }
  const header = readParts(parts, version, options);
  try {
    const passesSecurity = options.tolerance?.has('securityHeader') === true;
    requireUnderstood(
      passesSecurity ? header.blocks.filter((block) => !block.is(WSSE_NAMESPACE, 'Security')) : header.blocks,
      version,
    );
    const { addressing, blocks } = header;
    return { version, addressing, blocks, body: onlyChild(parts.body, version) };
  } catch (error) {
    throw error instanceof ProtocolError ? error.answering(header.addressing) : error;
  }
}

/**
 * Reads a SOAP message up to the start tag of its Body, for those who only route it: what follows is not looked at,
 * and mustUnderstand, deviations and the addresses for answers are left to the receiver. Throws ProtocolError like `readEnvelope`.
 */
export function readHeader(bytes: Uint8Array, framing: HttpFraming, limits?: Partial<XmlLimits>): SoapHeader {
  const document = readDocument(bytes, framing, limits, true);
  const version = versionOf(document.root, framing);
  return readParts(envelopeParts(document.root, version), version, { mayReplyTo: () => true });
}

/** WS-Security 1.0; 1.1 has kept it. */
const WSSE_NAMESPACE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

interface EnvelopeParts {
  readonly header?: XmlElement | undefined;
  readonly body?: XmlElement | undefined;
}

const XML_TYPES: ReadonlySet<string> = new Set(['', 'text/xml', 'application/xml', 'application/soap+xml']);

function readDocument(
  bytes: Uint8Array,
  framing: HttpFraming,
  limits: Partial<XmlLimits> | undefined,
  onlyHeader: boolean,
): XmlDocument {
  const contentType = parseContentType(framing.contentType);
  requireXml(contentType);
  const charset = contentType.parameters.get('charset');
  try {
    return readXml(bytes, {
      charset: charset === '' ? undefined : charset,
      limits,
      stopAt: onlyHeader ? isBodyStart : undefined,
    });
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    const message = `Cannot read the XML at ${error.line}:${error.column}: ${error.message}`;
    throw new ProtocolError(message, { version: guessVersion(contentType, bytes), code: 'Sender', cause: error });
  }
}

function isBodyStart(namespace: string, localName: string, depth: number): boolean {
  return depth === 2 && localName === 'Body' && soapVersionOf(namespace) !== undefined;
}

function requireXml(contentType: ContentType): void {
  const { mediaType } = contentType;
  if (XML_TYPES.has(mediaType)) return;
  const reason = mediaType.startsWith('multipart/')
    ? `Found the Content-Type '${mediaType}': messages with attachments (MTOM, SwA) are not supported`
    : `Found the Content-Type '${mediaType}'`;
  const message = `${reason}, expected text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2)`;
  throw new ProtocolError(message, { version: versionNamed(contentType), code: 'Sender', httpStatus: 415 });
}

/** SOAP 1.1 §6 and SOAP 1.2 part 2 §7.1.4. */
function requireOwnType(version: SoapVersion, framing: HttpFraming): void {
  const { mediaType } = parseContentType(framing.contentType);
  const expected = version === '1.1' ? 'text/xml' : 'application/soap+xml';
  if (mediaType === expected) return;
  const message = `Found the Content-Type '${mediaType}' with a message of SOAP ${version}, expected ${expected}`;
  throw new ProtocolError(message, { version, code: 'Sender', httpStatus: 415 });
}

/** The version that the Content-Type points to; 1.1 if it points to none, which every client can read. */
function versionNamed({ mediaType, parameters }: ContentType): SoapVersion {
  const isSoap12 = [mediaType, parameters.get('start-info'), parameters.get('type')].some((value) =>
    value?.toLowerCase().startsWith('application/soap+xml'),
  );
  return isSoap12 ? '1.2' : '1.1';
}

/** The version to answer in where the envelope could not be read: by Content-Type, or else by a look at the first bytes. */
function guessVersion(contentType: ContentType, bytes: Uint8Array): SoapVersion {
  if (versionNamed(contentType) === '1.2') return '1.2';
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 4096));
  return start.includes(SOAP_12_NAMESPACE, 0, 'latin1') ? '1.2' : '1.1';
}

function versionOf(root: XmlElement, framing: HttpFraming): SoapVersion {
  const answerIn = versionNamed(parseContentType(framing.contentType));
  if (root.localName !== 'Envelope') {
    throw sender(answerIn, `Found the root element ${nameOf(root)}, expected a SOAP Envelope`);
  }
  const version = soapVersionOf(root.namespace);
  if (version !== undefined) return version;
  const expected = `expected ${SOAP_12_NAMESPACE} or ${SOAP_11_NAMESPACE}`;
  throw new ProtocolError(`Found an Envelope in the namespace '${clipped(root.namespace)}', ${expected}`, {
    version: answerIn,
    code: 'VersionMismatch',
    headerBlocks: UPGRADE,
  });
}

/** SOAP 1.2 part 1 §5.4.7; also allowed in SOAP 1.1 (there, appendix A). The preferred version comes first. */
const UPGRADE =
  `<up:Upgrade xmlns:up="${SOAP_12_NAMESPACE}">` +
  `<up:SupportedEnvelope qname="s12:Envelope" xmlns:s12="${SOAP_12_NAMESPACE}"/>` +
  `<up:SupportedEnvelope qname="s11:Envelope" xmlns:s11="${SOAP_11_NAMESPACE}"/></up:Upgrade>`;

/** Header and Body of an envelope, in that order and once each. SOAP 1.1 alone allows elements after Body. */
function envelopeParts(envelope: XmlElement, version: SoapVersion): EnvelopeParts {
  const namespace = soapNamespace(version);
  const children = [...envelope.children()];
  const header = children[0]?.is(namespace, 'Header') === true ? children.shift() : undefined;
  const body = children[0]?.is(namespace, 'Body') === true ? children.shift() : undefined;
  const stray = children.find((child) => version === '1.2' || body === undefined || child.namespace === namespace);
  if (stray !== undefined) {
    const { line, column } = stray.position();
    const expected = body === undefined ? 'an optional Header, then Body' : 'nothing after Body';
    throw sender(version, `Found ${nameOf(stray)} at ${line}:${column} in the SOAP envelope, expected ${expected}`);
  }
  return { header, body };
}

function readParts({ header }: EnvelopeParts, version: SoapVersion, options: AddressingOptions): SoapHeader {
  const blocks = header?.children() ?? [];
  const ours = blocks.filter((block) => isForUs(block, version));
  return { version, addressing: readAddressing(ours, version, options), blocks };
}

const OUR_ROLES: Readonly<Record<SoapVersion, ReadonlySet<string>>> = {
  '1.1': new Set(['', 'http://schemas.xmlsoap.org/soap/actor/next']),
  '1.2': new Set(['', `${SOAP_12_NAMESPACE}/role/next`, `${SOAP_12_NAMESPACE}/role/ultimateReceiver`]),
};

function isForUs(block: XmlElement, version: SoapVersion): boolean {
  const role = block.attribute(soapNamespace(version), version === '1.1' ? 'actor' : 'role');
  return OUR_ROLES[version].has(trimmed(role ?? ''));
}

function requireUnderstood(blocks: readonly XmlElement[], version: SoapVersion): void {
  const missed = blocks.filter(
    (block) => isForUs(block, version) && mustBeUnderstood(block, version) && !isUnderstood(block),
  );
  if (missed.length === 0) return;
  const names = missed.map(nameOf).join(', ');
  const notUnderstood = missed.map((block) => {
    const [prefix, declaration] =
      block.namespace === '' ? ['', ''] : ['mu:', ` xmlns:mu="${escapeAttribute(block.namespace)}"`];
    return `<soap:NotUnderstood qname="${prefix}${block.localName}"${declaration}/>`;
  });
  throw new ProtocolError(`Found the header ${names} with mustUnderstand, which is not understood here`, {
    version,
    code: 'MustUnderstand',
    headerBlocks: version === '1.2' ? notUnderstood.join('') : undefined,
  });
}

function mustBeUnderstood(block: XmlElement, version: SoapVersion): boolean {
  const value = trimmed(block.attribute(soapNamespace(version), 'mustUnderstand') ?? '');
  return value === '1' || value === 'true';
}

function isUnderstood(block: XmlElement): boolean {
  if ([WSA_NAMESPACE, WSA04_NAMESPACE, AFFINITY_NAMESPACE].includes(block.namespace)) return true;
  return block.attribute(WSA_NAMESPACE, 'IsReferenceParameter') !== undefined;
}

function onlyChild(body: XmlElement, version: SoapVersion): XmlElement {
  const [first, second] = body.children();
  if (first === undefined) throw sender(version, 'Found an empty SOAP Body, expected one element');
  if (second === undefined) return first;
  throw sender(version, `Found ${nameOf(first)} and ${nameOf(second)} in the SOAP Body, expected one element`);
}

function sender(version: SoapVersion, message: string): ProtocolError {
  return new ProtocolError(message, { version, code: 'Sender' });
}

function nameOf(element: XmlElement): string {
  const namespace = element.namespace === '' ? '' : `{${clipped(element.namespace)}}`;
  return `'${namespace}${clipped(element.localName)}'`;
}
