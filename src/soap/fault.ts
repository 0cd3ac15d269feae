import { randomUrn } from '../kernel/ids.ts';
import { escapeAttribute, escapeText } from '../xml/writer.ts';
import { addressingNamespaceUri, anonymousAddress, WSA_NAMESPACE, WSA04_NAMESPACE } from './addressing-names.ts';
import type { AddressingVersion } from './addressing-names.ts';
import { contentTypeOf, soapNamespace } from './version.ts';
import type { SoapVersion } from './version.ts';

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
  /** The reference parameters of the request's ReplyTo as header blocks, to be echoed in a reply. */
  readonly replyBlocks?: string | undefined;
  /** The same of its FaultTo (or else ReplyTo), for a fault. */
  readonly faultBlocks?: string | undefined;
}

/** A message to send back over HTTP. */
export interface SoapReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
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
 * A reply with status 200. It carries wsa:To, Action, MessageID and (if the request had a MessageID) RelatesTo in the
 * request's version of WS-Addressing, none of them mustUnderstand; no such header if the request carried none, since
 * clients without WS-Addressing may refuse headers that they do not know.
 */
export function messageReply(m: {
  readonly version: SoapVersion;
  readonly action: string;
  readonly addressing?: RequestAddressing | undefined;
  readonly headerBlocks?: string | undefined;
  readonly body: string | readonly (string | Uint8Array)[];
}): SoapReply {
  const headerBlocks =
    addressingBlocks(m.addressing, m.action) + (m.addressing?.replyBlocks ?? '') + (m.headerBlocks ?? '');
  return {
    status: 200,
    contentType: contentTypeOf(m.version, m.action),
    body: writeEnvelope({ version: m.version, headerBlocks, body: m.body }),
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

/** A SOAP fault. Every prefix used in a code is declared on the element that holds it. */
export function faultReply(fault: FaultContent): SoapReply {
  const { version } = fault;
  const headerBlocks =
    addressingBlocks(fault.addressing, fault.action) +
    (fault.addressing?.faultBlocks ?? '') +
    (fault.headerBlocks ?? '');
  const body = version === '1.1' ? fault11(fault) : fault12(fault);
  return {
    status: fault.status ?? faultStatus(version, fault.code),
    contentType: contentTypeOf(version, fault.action),
    body: writeEnvelope({ version, headerBlocks, body }),
    ...(fault.headers === undefined ? {} : { headers: fault.headers }),
  };
}

/** The fault message for an error of protocol. `addressing` is the request's, for an error that does not have it. */
export function protocolFaultReply(error: ProtocolError, addressing?: RequestAddressing): SoapReply {
  const answered = error.addressing ?? addressing;
  const isAddressingFault = error.subcode?.namespace === WSA_NAMESPACE;
  const detailInHeader = isAddressingFault && error.version === '1.1' && error.detail !== undefined;
  const detailBlock = detailInHeader ? `<wsa:FaultDetail>${error.detail}</wsa:FaultDetail>` : '';
  return faultReply({
    version: error.version,
    code: error.code,
    subcode: error.subcode,
    subsubcode: error.subsubcode,
    reason: error.message,
    action: error.action ?? faultAction(isAddressingFault, answered),
    detail: detailInHeader ? undefined : error.detail,
    headerBlocks: (error.headerBlocks ?? '') + detailBlock,
    addressing: answered,
    status: error.httpStatus,
  });
}

function faultAction(isAddressingFault: boolean, addressing: RequestAddressing | undefined): string {
  if (addressing?.namespace === '2004/08') return `${WSA04_NAMESPACE}/fault`;
  return isAddressingFault ? `${WSA_NAMESPACE}/fault` : `${WSA_NAMESPACE}/soap/fault`;
}

function addressingBlocks(addressing: RequestAddressing | undefined, action: string): string {
  if (addressing === undefined || addressing.namespace === 'none') return '';
  const { namespace, messageId } = addressing;
  const uri = addressingNamespaceUri(namespace);
  const prefix = namespace === '2005/08' ? 'wsa' : 'wsa04';
  const declaration = namespace === '2005/08' ? '' : ` xmlns:wsa04="${uri}"`;
  const block = (name: string, value: string): string =>
    `<${prefix}:${name}${declaration}>${escapeText(value)}</${prefix}:${name}>`;
  const relation = messageId === undefined ? '' : block('RelatesTo', messageId);
  return (
    block('To', anonymousAddress(namespace)) + block('Action', action) + block('MessageID', randomUrn()) + relation
  );
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
