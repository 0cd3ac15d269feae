import { randomUrn } from '../kernel/ids.ts';
import { escapeAttribute, escapeText } from '../xml/writer.ts';
import { addressingNamespaceUri, anonymousAddress, WSA_NAMESPACE, WSA04_NAMESPACE } from './addressing-names.ts';
import type { AddressingVersion } from './addressing-names.ts';
import { contentTypeOf, soapNamespace } from './version.ts';
import type { SoapVersion } from './version.ts';
import type { ReplyDestination } from './reply-destination.ts';

/** Whose problem a fault is, in the words of SOAP 1.2; SOAP 1.1 says Client and Server for Sender and Receiver. */
export type FaultCode = 'VersionMismatch' | 'MustUnderstand' | 'Sender' | 'Receiver';

/** A qualified name with the prefix to write it with. */
export interface FaultName {
  readonly namespace: string;
  readonly localName: string;
  readonly prefix: string;
}

/** What a reply takes over from the WS-Addressing headers of its request. `Addressing` is one. */
export interface RequestAddressing {
  /** `none`: the request carried no WS-Addressing header, so the reply carries none. */
  readonly namespace: AddressingVersion;
  readonly messageId?: string | undefined;
  /** Where a reply goes; undefined: back over the connection of the request. */
  readonly reply?: ReplyDestination | undefined;
  /** The same for a fault: the request's FaultTo, or else its ReplyTo. */
  readonly fault?: ReplyDestination | undefined;
}

/** A message to send back over HTTP. */
export interface SoapReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Set if it does not belong on the connection of the request, which gets 202 without a body instead: where it is to
   * be posted, or that it is to be discarded.
   */
  readonly elsewhere?: ReplyPost | 'discard';
}

/** A reply as a request of its own. */
export interface ReplyPost {
  /** An address that the topology permits. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ProtocolErrorOptions {
  /** The version to answer in. */
  readonly version: SoapVersion;
  readonly code: FaultCode;
  readonly subcode?: FaultName | undefined;
  /** A second, finer subcode; in SOAP 1.1, which has one code only, it takes the place of the others. */
  readonly subsubcode?: FaultName | undefined;
  /** Default: what SOAP demands for the code in this version (500 for SOAP 1.1; 400 for a Sender fault in 1.2). */
  readonly httpStatus?: number | undefined;
  /** XML for the fault's detail; with a subcode of WS-Addressing, SOAP 1.1 puts it into a wsa:FaultDetail header. */
  readonly detail?: string | undefined;
  /** XML of header blocks that the fault must carry: soap:NotUnderstood, soap:Upgrade. */
  readonly headerBlocks?: string | undefined;
  readonly addressing?: RequestAddressing | undefined;
  /** The wsa:Action of the fault message; default: that of SOAP's or WS-Addressing's own faults. */
  readonly action?: string | undefined;
  readonly cause?: unknown;
}

/** A request that is no correct XML, SOAP or WS-Addressing message. Becomes the SOAP fault of `protocolFaultReply`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly version: SoapVersion;
  readonly code: FaultCode;
  readonly subcode: FaultName | undefined;
  readonly subsubcode: FaultName | undefined;
  readonly httpStatus: number;
  readonly detail: string | undefined;
  readonly headerBlocks: string | undefined;
  readonly addressing: RequestAddressing | undefined;
  readonly action: string | undefined;

  constructor(message: string, options: ProtocolErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.version = options.version;
    this.code = options.code;
    this.subcode = options.subcode;
    this.subsubcode = options.subsubcode;
    this.httpStatus = options.httpStatus ?? faultStatus(options.version, options.code);
    this.detail = options.detail;
    this.headerBlocks = options.headerBlocks;
    this.addressing = options.addressing;
    this.action = options.action;
  }

  /** The MessageID of the request, if it was read before the error was found. */
  get relatesTo(): string | undefined {
    return this.addressing?.messageId;
  }

  /** The same error as an answer to the request with this addressing; one that has an addressing already keeps it. */
  answering(addressing: RequestAddressing): ProtocolError {
    if (this.addressing !== undefined) return this;
    const { version, code, subcode, subsubcode, httpStatus, detail, headerBlocks, action } = this;
    return new ProtocolError(this.message, {
      version,
      code,
      subcode,
      subsubcode,
      httpStatus,
      detail,
      headerBlocks,
      addressing,
      action,
      cause: this,
    });
  }
}

/** The HTTP status of a fault: SOAP 1.1 §6.2 (always 500), SOAP 1.2 part 2 table 20 (400 for Sender). */
function faultStatus(version: SoapVersion, code: FaultCode): number {
  return version === '1.2' && code === 'Sender' ? 400 : 500;
}

/** A whole envelope in UTF-8. `headerBlocks` and `body` are XML that declares every prefix it uses but `soap` and `wsa`. */
export function writeEnvelope(m: {
  readonly version: SoapVersion;
  readonly headerBlocks: string;
  readonly body: string | readonly (string | Uint8Array)[];
}): Buffer {
  const header = m.headerBlocks === '' ? '' : `<soap:Header>${m.headerBlocks}</soap:Header>`;
  const start =
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<soap:Envelope xmlns:soap="${soapNamespace(m.version)}" xmlns:wsa="${WSA_NAMESPACE}">${header}<soap:Body>`;
  const end = '</soap:Body></soap:Envelope>';
  if (typeof m.body === 'string') return Buffer.from(start + m.body + end, 'utf8');
  const parts = [start, ...m.body, end];
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)));
}

/**
 * A reply with status 200. It carries wsa:To, Action, MessageID, (if the request had a MessageID) RelatesTo and the
 * reference parameters of ReplyTo in the request's version of WS-Addressing, none of them mustUnderstand; no such header
 * if the request carried none, since clients without WS-Addressing may refuse headers that they do not know.
 */
export function messageReply(m: {
  readonly version: SoapVersion;
  readonly action: string;
  readonly addressing?: RequestAddressing | undefined;
  readonly headerBlocks?: string | undefined;
  readonly body: string | readonly (string | Uint8Array)[];
}): SoapReply {
  const destination = m.addressing?.reply;
  const headerBlocks = addressingBlocks(m.addressing, m.action, destination) + (m.headerBlocks ?? '');
  return {
    status: 200,
    contentType: contentTypeOf(m.version, m.action),
    body: writeEnvelope({ version: m.version, headerBlocks, body: m.body }),
    ...elsewhereOf(destination, m.version, m.action),
  };
}

export interface FaultContent {
  readonly version: SoapVersion;
  readonly code: FaultCode;
  readonly subcode?: FaultName | undefined;
  readonly subsubcode?: FaultName | undefined;
  readonly reason: string;
  /** The wsa:Action of the fault message. */
  readonly action: string;
  /** XML that declares every prefix it uses but `soap` and `wsa`. */
  readonly detail?: string | undefined;
  readonly headerBlocks?: string | undefined;
  readonly addressing?: RequestAddressing | undefined;
  /** HTTP status; default as SOAP demands. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A SOAP fault, which goes to FaultTo. Every prefix used in a code is declared on the element that holds it. */
export function faultReply(fault: FaultContent): SoapReply {
  const { version } = fault;
  const destination = fault.addressing?.fault;
  const headerBlocks = addressingBlocks(fault.addressing, fault.action, destination) + (fault.headerBlocks ?? '');
  const body = version === '1.1' ? fault11(fault) : fault12(fault);
  return {
    status: fault.status ?? faultStatus(version, fault.code),
    contentType: contentTypeOf(version, fault.action),
    body: writeEnvelope({ version, headerBlocks, body }),
    ...(fault.headers === undefined ? {} : { headers: fault.headers }),
    ...elsewhereOf(destination, version, fault.action),
  };
}

/** The fault message for an error of protocol. `addressing` is the request's, for an error that does not have it. */
export function protocolFaultReply(error: ProtocolError, addressing?: RequestAddressing): SoapReply {
  const answered = error.addressing ?? addressing;
  const isAddressingFault = error.subcode?.namespace === WSA_NAMESPACE;
  const is2004 = answered?.namespace === '2004/08';
  // 2004/08 has neither the finer codes nor the elements that describe the problem.
  const { subcode, subsubcode, detail } =
    isAddressingFault && is2004 ? { subcode: subcodeOf2004(error.subcode) } : error;
  const detailInHeader = isAddressingFault && error.version === '1.1' && detail !== undefined;
  const detailBlock = detailInHeader ? `<wsa:FaultDetail>${detail}</wsa:FaultDetail>` : '';
  return faultReply({
    version: error.version,
    code: error.code,
    subcode,
    subsubcode,
    reason: error.message,
    action: error.action ?? faultAction(isAddressingFault, answered),
    detail: detailInHeader ? undefined : detail,
    headerBlocks: (error.headerBlocks ?? '') + detailBlock,
    addressing: answered,
    status: error.httpStatus,
  });
}

const NAMES_OF_2004 = new Map([
  ['InvalidAddressingHeader', 'InvalidMessageInformationHeader'],
  ['MessageAddressingHeaderRequired', 'MessageInformationHeaderRequired'],
  ['ActionNotSupported', 'ActionNotSupported'],
  ['DestinationUnreachable', 'DestinationUnreachable'],
  ['EndpointUnavailable', 'EndpointUnavailable'],
]);

/** The subcode of WS-Addressing 2004/08 that means the same; undefined where it has none. */
function subcodeOf2004(subcode: FaultName | undefined): FaultName | undefined {
  const localName = NAMES_OF_2004.get(subcode?.localName ?? '');
  return localName === undefined ? undefined : { namespace: WSA04_NAMESPACE, localName, prefix: 'wsa04' };
}

function faultAction(isAddressingFault: boolean, addressing: RequestAddressing | undefined): string {
  if (addressing?.namespace === '2004/08') return `${WSA04_NAMESPACE}/fault`;
  return isAddressingFault ? `${WSA_NAMESPACE}/fault` : `${WSA_NAMESPACE}/soap/fault`;
}

function addressingBlocks(
  addressing: RequestAddressing | undefined,
  action: string,
  destination: ReplyDestination | undefined,
): string {
  if (addressing === undefined || addressing.namespace === 'none') return '';
  const { namespace, messageId } = addressing;
  const uri = addressingNamespaceUri(namespace);
  const prefix = namespace === '2005/08' ? 'wsa' : 'wsa04';
  const declaration = namespace === '2005/08' ? '' : ` xmlns:wsa04="${uri}"`;
  const block = (name: string, value: string): string =>
    `<${prefix}:${name}${declaration}>${escapeText(value)}</${prefix}:${name}>`;
  const relation = messageId === undefined ? '' : block('RelatesTo', messageId);
  // The anonymous address is written as the version has it, however the request did.
  const isElsewhere = destination !== undefined && destination.kind !== 'connection';
  const to = isElsewhere ? destination.address : anonymousAddress(namespace);
  return (
    block('To', to) + block('Action', action) + block('MessageID', randomUrn()) + relation + (destination?.blocks ?? '')
  );
}

function elsewhereOf(
  destination: ReplyDestination | undefined,
  version: SoapVersion,
  action: string,
): Pick<SoapReply, 'elsewhere'> {
  if (destination === undefined || destination.kind === 'connection') return {};
  if (destination.kind === 'nowhere') return { elsewhere: 'discard' };
  const soapAction = version === '1.1' ? { SOAPAction: `"${action}"` } : {};
  const headers = { 'Content-Type': contentTypeOf(version, action), ...soapAction };
  return { elsewhere: { address: destination.address, headers } };
}

function fault11(fault: FaultContent): string {
  const code = fault.subsubcode ?? fault.subcode ?? soap11Code(fault.code);
  const detail = fault.detail === undefined ? '' : `<detail>${fault.detail}</detail>`;
  return (
    `<soap:Fault><faultcode${declarationOf(code)}>${code.prefix}:${code.localName}</faultcode>` +
    `<faultstring>${escapeText(fault.reason)}</faultstring>${detail}</soap:Fault>`
  );
}

function soap11Code(code: FaultCode): FaultName {
  const names = { VersionMismatch: 'VersionMismatch', MustUnderstand: 'MustUnderstand', Sender: 'Client' } as const;
  const localName = code === 'Receiver' ? 'Server' : names[code];
  return { namespace: soapNamespace('1.1'), localName, prefix: 'soap' };
}

function fault12(fault: FaultContent): string {
  const detail = fault.detail === undefined ? '' : `<soap:Detail>${fault.detail}</soap:Detail>`;
  const finer = fault.subsubcode === undefined ? '' : subcode12(fault.subsubcode, '');
  const subcode = fault.subcode === undefined ? '' : subcode12(fault.subcode, finer);
  return (
    `<soap:Fault><soap:Code><soap:Value>soap:${fault.code}</soap:Value>${subcode}</soap:Code>` +
    `<soap:Reason><soap:Text xml:lang="en">${escapeText(fault.reason)}</soap:Text></soap:Reason>${detail}</soap:Fault>`
  );
}

function subcode12(name: FaultName, inner: string): string {
  const value = `<soap:Value${declarationOf(name)}>${name.prefix}:${name.localName}</soap:Value>`;
  return `<soap:Subcode>${value}${inner}</soap:Subcode>`;
}

function declarationOf(name: FaultName): string {
  const isDeclaredOnEnvelope = name.prefix === 'soap' || (name.prefix === 'wsa' && name.namespace === WSA_NAMESPACE);
  return isDeclaredOnEnvelope ? '' : ` xmlns:${name.prefix}="${escapeAttribute(name.namespace)}"`;
}
