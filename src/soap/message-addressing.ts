import type { XmlElement } from '../xml/document.ts';
import { headerBlocksFor, readEndpointReference, wsaName } from './addressing.ts';
import {
  addressingNamespaceUri,
  anonymousAddress,
  isAnonymousAddress,
  WSA04_NAMESPACE,
  WSA_NAMESPACE,
} from './addressing-names.ts';
import type { AddressingVersion } from './addressing-names.ts';
import type { EndpointReference } from './endpoint-reference.ts';
import { ProtocolError } from './fault.ts';
import type { RequestAddressing } from './fault.ts';
import { destinationKind, permitNoReplies } from './reply-destination.ts';
import type { ReplyDestination, ReplyPermission } from './reply-destination.ts';
import { clipped, trimmed } from './text.ts';
import { TOLERANT } from './tolerance.ts';
import type { DeviationName, Tolerance } from './tolerance.ts';
import type { SoapVersion } from './version.ts';

/** The message addressing properties of a message (WS-Addressing Core §3). Values are without outer white space. */
export interface Addressing extends RequestAddressing {
  readonly namespace: AddressingVersion;
  readonly to?: string | undefined;
  readonly action?: string | undefined;
  /** The first RelatesTo. */
  readonly relatesTo?: string | undefined;
  readonly replyTo?: EndpointReference | undefined;
  readonly faultTo?: EndpointReference | undefined;
  readonly from?: EndpointReference | undefined;
}

/** What is accepted of the headers of a message. */
export interface AddressingOptions {
  /** Default: every deviation. */
  readonly tolerance?: Tolerance | undefined;
  /** To which addresses other than anonymous and none answers may be sent. Default: to none. */
  readonly mayReplyTo?: ReplyPermission | undefined;
}

/**
 * The WS-Addressing properties among the header blocks, which must be those that are meant for us. A message with
 * headers of both versions is read as 2005/08. Throws ProtocolError, Sender, wsa:InvalidAddressingHeader, with
 * wsa:InvalidCardinality (a property twice), wsa:InvalidAddress, wsa:InvalidEPR, wsa:MissingAddressInEPR or
 * wsa:OnlyAnonymousAddressSupported below it (WS-Addressing SOAP Binding §6.4.1); it answers the request as far as that
 * could be read, over its connection.
 */
export function readAddressing(
  blocks: readonly XmlElement[],
  version: SoapVersion,
  options: AddressingOptions = {},
): Addressing {
  const namespace = versionIn(blocks);
  if (namespace === 'none') return { namespace };
  const own = blocks.filter((block) => block.namespace === addressingNamespaceUri(namespace));
  const reader = new HeaderReader(own, namespace, version, options);
  try {
    return reader.read();
  } catch (error) {
    throw error instanceof ProtocolError ? error.answering(reader.known()) : error;
  }
}

function versionIn(blocks: readonly XmlElement[]): AddressingVersion {
  if (blocks.some((block) => block.namespace === WSA_NAMESPACE)) return '2005/08';
  return blocks.some((block) => block.namespace === WSA04_NAMESPACE) ? '2004/08' : 'none';
}

const NO_BLOCKS: readonly XmlElement[] = [];
const SINGLE = ['To', 'Action', 'MessageID', 'ReplyTo', 'FaultTo'];

/** An absolute IRI begins with its scheme (RFC 3987). */
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const QNAME = /^([^:\s/]+):[^:\s/]+$/;

class HeaderReader {
  readonly #blocks: readonly XmlElement[];
  readonly #byName = new Map<string, XmlElement[]>();
  readonly #namespace: Exclude<AddressingVersion, 'none'>;
  readonly #version: SoapVersion;
  readonly #tolerance: Tolerance;
  readonly #mayReplyTo: ReplyPermission;

  constructor(
    blocks: readonly XmlElement[],
    namespace: Exclude<AddressingVersion, 'none'>,
    version: SoapVersion,
    options: AddressingOptions,
  ) {
    this.#blocks = blocks;
    for (const block of blocks) {
      const { localName } = block;
      const others = this.#byName.get(localName);
      if (others === undefined) this.#byName.set(localName, [block]);
      else others.push(block);
    }
    this.#namespace = namespace;
    this.#version = version;
    this.#tolerance = options.tolerance ?? TOLERANT;
    this.#mayReplyTo = options.mayReplyTo ?? permitNoReplies;
  }

  /** What a fault about these headers may say of the request. */
  known(): RequestAddressing {
    const ids = this.#all('MessageID');
    return { namespace: this.#namespace, messageId: ids.length === 1 ? this.#value('MessageID') : undefined };
  }

  read(): Addressing {
    this.#refuseOtherVersion();
    for (const name of SINGLE) this.#requireSingle(name);
    this.#checkMessageId();
    this.#checkRelations();
    const replyTo = this.#endpoint('ReplyTo');
    const faultTo = this.#endpoint('FaultTo');
    const reply = this.#destination('ReplyTo', replyTo);
    return {
      namespace: this.#namespace,
      to: this.#value('To'),
      action: this.#value('Action'),
      messageId: this.#value('MessageID'),
      relatesTo: this.#value('RelatesTo'),
      replyTo,
      faultTo,
      from: this.#source(),
      reply,
      fault: faultTo === undefined ? reply : this.#destination('FaultTo', faultTo),
    };
  }

  #all(localName: string): readonly XmlElement[] {
    return this.#byName.get(localName) ?? NO_BLOCKS;
  }

  /** Of the first block of that name; undefined also for an empty one. */
  #value(localName: string): string | undefined {
    const text = trimmed(this.#all(localName)[0]?.text() ?? '');
    return text === '' ? undefined : text;
  }

  #accepts(deviation: DeviationName): boolean {
    return this.#tolerance.has(deviation);
  }

  #refuseOtherVersion(): void {
    const [first] = this.#blocks;
    if (first === undefined || this.#namespace === '2005/08' || this.#accepts('addressing200408')) return;
    const message = `Found the header ${first.localName} of WS-Addressing 2004/08, expected ${WSA_NAMESPACE}`;
    throw this.#invalid(message, 'InvalidAddress', first);
  }

  #requireSingle(name: string): void {
    const [, second] = this.#all(name);
    if (second === undefined) return;
    const message = `Found wsa:${name} more than once in the header, expected it at most once`;
    throw this.#invalid(message, 'InvalidCardinality', second);
  }

  #checkMessageId(): void {
    const [block] = this.#all('MessageID');
    const id = this.#value('MessageID');
    if (block === undefined || id === undefined || ABSOLUTE.test(id) || this.#accepts('messageIdRelative')) return;
    throw this.#invalid(`Found the wsa:MessageID '${clipped(id)}', expected an absolute IRI`, 'InvalidAddress', block);
  }

  /** In 2004/08 the type is a QName, in 2005/08 an IRI. */
  #checkRelations(): void {
    if (this.#namespace === '2004/08' || this.#accepts('relationshipTypeQName')) return;
    for (const block of this.#all('RelatesTo')) {
      const type = trimmed(block.attribute('', 'RelationshipType') ?? '');
      const [, prefix] = QNAME.exec(type) ?? [];
      if (prefix === undefined || block.resolvePrefix(prefix) === undefined) continue;
      const message = `Found the RelationshipType '${clipped(type)}', a QName, expected an absolute IRI`;
      throw this.#invalid(message, 'InvalidAddress', block);
    }
  }

  #endpoint(name: 'ReplyTo' | 'FaultTo'): EndpointReference | undefined {
    const [block] = this.#all(name);
    if (block === undefined) return undefined;
    try {
      return readEndpointReference(block);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw this.#invalid(error.message, (error.subsubcode ?? wsaName('InvalidEPR')).localName, block);
    }
  }

  /** From is never used to send, so one that cannot be read does no harm. */
  #source(): EndpointReference | undefined {
    const [block] = this.#all('From');
    if (block === undefined) return undefined;
    try {
      return readEndpointReference(block);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  #destination(name: 'ReplyTo' | 'FaultTo', reference: EndpointReference | undefined): ReplyDestination | undefined {
    const [block] = this.#all(name);
    if (block === undefined || reference === undefined) return undefined;
    const { address } = reference;
    const kind = this.#isRefusedAnonymous(address) ? 'address' : destinationKind(address);
    if (kind === 'address' && !this.#mayReplyTo(address)) throw this.#refusedAddress(name, address, block);
    return { kind, address, blocks: headerBlocksFor(reference) };
  }

  #isRefusedAnonymous(address: string): boolean {
    if (!isAnonymousAddress(address) || address === anonymousAddress(this.#namespace)) return false;
    const other = this.#namespace === '2005/08' ? '2004/08' : '2005/08';
    return !this.#accepts(address === anonymousAddress(other) ? 'anonymousOfOtherVersion' : 'anonymousRole');
  }

  #refusedAddress(name: string, address: string, block: XmlElement): ProtocolError {
    if (!ABSOLUTE.test(address)) {
      const message = `Found the address '${clipped(address)}' in wsa:${name}, expected an absolute IRI`;
      return this.#invalid(message, 'InvalidAddress', block);
    }
    const message =
      `Found the address '${clipped(address)}' in wsa:${name}, expected the anonymous address: ` +
      'answers go over the connection of the request, and elsewhere only where the topology allows it';
    return this.#invalid(message, 'OnlyAnonymousAddressSupported', block);
  }

  #invalid(message: string, finer: string, block: XmlElement): ProtocolError {
    return new ProtocolError(message, {
      version: this.#version,
      code: 'Sender',
      subcode: wsaName('InvalidAddressingHeader'),
      subsubcode: wsaName(finer),
      detail: problemHeader(block.namespace, block.localName),
    });
  }
}

/** The detail of a fault about a header of WS-Addressing (SOAP Binding §6.4.1). `namespace` is one of WS-Addressing. */
export function problemHeader(namespace: string, localName: string): string {
  return namespace === WSA_NAMESPACE
    ? `<wsa:ProblemHeaderQName>wsa:${localName}</wsa:ProblemHeaderQName>`
    : `<wsa:ProblemHeaderQName xmlns:wsa04="${WSA04_NAMESPACE}">wsa04:${localName}</wsa:ProblemHeaderQName>`;
}
