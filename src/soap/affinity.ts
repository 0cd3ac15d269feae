import { memoized } from '../kernel/memo.ts';
import { NAME_PATTERN } from '../kernel/names.ts';
import type { XmlElement } from '../xml/document.ts';
import { escapeText } from '../xml/writer.ts';
import { versionAround, wsaName } from './addressing.ts';
import type { EndpointReference } from './endpoint-reference.ts';
import { ProtocolError } from './fault.ts';
import { clipped, trimmed } from './text.ts';
import type { SoapVersion } from './version.ts';

/** The namespace of the reference parameters that tie a resource to its engine. */
export const AFFINITY_NAMESPACE = 'urn:pointsman:affinity';

/** Which engine a request is for, and which of its resources, as far as the request says. */
export interface Affinity {
  readonly engine?: string | undefined;
  readonly resource?: string | undefined;
}

/** Paths of which the affinity is kept. */
const MAX_PATHS = 4_096;
/** First segment of every path of the service point. */
const ROOT = 'wsn';

/**
 * The affinity in a path without query: `/wsn/<PortType>[/<engine>[/<resource>]]`. Every other path has none, also one
 * with escapes: the names that are written into endpoint references need none.
 */
export const affinityOfPath = memoized((path): Affinity => {
  const [empty, root, portType, engine, resource, ...more] = path.replace(/\/$/, '').split('/');
  if (empty !== '' || root !== ROOT || portType === undefined || more.length > 0) return {};
  if (engine === undefined || !NAME_PATTERN.test(engine)) return {};
  if (resource === undefined) return { engine };
  return NAME_PATTERN.test(resource) ? { engine, resource } : {};
}, MAX_PATHS);

/**
 * The affinity in the header blocks of a message. Throws ProtocolError, Sender, wsa:InvalidAddressingHeader, for a
 * parameter that is there twice or that no endpoint reference of ours can have had.
 */
export function affinityOfBlocks(blocks: readonly XmlElement[]): Affinity {
  const engine = parameter(blocks, 'Engine');
  const resource = parameter(blocks, 'Resource');
  return { engine, resource };
}

/** Puts together what path and header say. Throws ProtocolError, Sender, wsa:InvalidAddressingHeader, if they differ. */
export function combineAffinity(path: Affinity, header: Affinity, version: SoapVersion): Affinity {
  const engine = agreed('Engine', path.engine, header.engine, version);
  const resource = agreed('Resource', path.resource, header.resource, version);
  return { engine, resource };
}

/**
 * The endpoint reference of a resource: engine and resource in the path and as reference parameters, since clients keep
 * one or the other. `publicUrl` is where clients reach the topology; engine and resource need no escapes.
 */
export function affinityReference(
  publicUrl: string,
  portType: string,
  engine: string,
  resource: string,
): EndpointReference {
  const write = (name: string, value: string): string =>
    `<aff:${name} xmlns:aff="${AFFINITY_NAMESPACE}">${escapeText(value)}</aff:${name}>`;
  return {
    address: `${publicUrl.replace(/\/+$/, '')}/${ROOT}/${portType}/${engine}/${resource}`,
    referenceParameters: [write('Engine', engine), write('Resource', resource)],
  };
}

function parameter(blocks: readonly XmlElement[], localName: string): string | undefined {
  const [block, second] = blocks.filter((candidate) => candidate.is(AFFINITY_NAMESPACE, localName));
  if (block === undefined) return undefined;
  const version = versionAround(block);
  if (second !== undefined) throw invalid(version, `Found the header aff:${localName} more than once`, localName);
  const value = trimmed(block.text());
  if (NAME_PATTERN.test(value) && block.children().length === 0) return value;
  throw invalid(version, `Found '${clipped(value)}' in the header aff:${localName}, expected a name`, localName);
}

function agreed(
  name: 'Engine' | 'Resource',
  inPath: string | undefined,
  inHeader: string | undefined,
  version: SoapVersion,
): string | undefined {
  if (inPath === undefined || inHeader === undefined || inPath === inHeader) return inPath ?? inHeader;
  const message = `Found '${inPath}' in the request path and '${inHeader}' in the header aff:${name}, expected the same`;
  throw invalid(version, message, name);
}

function invalid(version: SoapVersion, message: string, localName: string): ProtocolError {
  return new ProtocolError(message, {
    version,
    code: 'Sender',
    subcode: wsaName('InvalidAddressingHeader'),
    detail: `<wsa:ProblemHeaderQName xmlns:aff="${AFFINITY_NAMESPACE}">aff:${localName}</wsa:ProblemHeaderQName>`,
  });
}
