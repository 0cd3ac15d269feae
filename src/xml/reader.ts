import { XmlDocument } from './document.ts';
import { decodeXml } from './encoding.ts';
import { XmlError } from './error.ts';
import { defaultXmlLimits, type XmlLimits } from './limits.ts';
import { scanDocument, type StopAt } from './scanner.ts';

export { XmlError } from './error.ts';
export type { XmlLimits } from './limits.ts';

/** How to read a document. */
export interface ReadOptions {
  /** The charset of the HTTP Content-Type, if it has one. It wins over the XML declaration; a byte order mark wins over both (RFC 7303 §3). */
  readonly charset?: string | undefined;
  /** What differs from defaultXmlLimits. */
  readonly limits?: Partial<XmlLimits> | undefined;
  /**
   * Called for every start tag; reading ends behind the first one for which it returns true. The document is then
   * incomplete: what follows is neither there nor checked, and what was open ends there. The root's depth is 1.
   */
  readonly stopAt?: StopAt | undefined;
}

/**
 * Reads a whole document: XML 1.0 (fifth edition), Namespaces in XML 1.0 (third edition), non-validating. UTF-8, UTF-16,
 * ISO-8859-1 and US-ASCII. The bytes are not copied unless they have to be transcoded, so they must not change afterwards.
 * Throws XmlError, `forbidden` for document type declarations and processing instructions.
 */
export function readXml(bytes: Uint8Array, options: ReadOptions = {}): XmlDocument {
  const limits = limitsWith(options.limits);
  requireSize(bytes, limits);
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { source, start } = decodeXml(buffer, options.charset);
  requireSize(source.bytes, limits);
  return new XmlDocument(scanDocument(source, start, limits, options.stopAt));
}

/** Named one by one: of objects that are spread, V8 makes one of a class of its own each time. */
function limitsWith(given: Partial<XmlLimits> | undefined): XmlLimits {
  if (given === undefined) return defaultXmlLimits;
  const {
    maxBytes = defaultXmlLimits.maxBytes,
    maxDepth = defaultXmlLimits.maxDepth,
    maxAttributes = defaultXmlLimits.maxAttributes,
    maxNameBytes = defaultXmlLimits.maxNameBytes,
    maxElements = defaultXmlLimits.maxElements,
    maxNamespaceDeclarations = defaultXmlLimits.maxNamespaceDeclarations,
  } = given;
  return { maxBytes, maxDepth, maxAttributes, maxNameBytes, maxElements, maxNamespaceDeclarations };
}

function requireSize(bytes: Uint8Array, { maxBytes }: XmlLimits): void {
  if (bytes.length <= maxBytes) return;
  const where = { line: 1, column: 1, offset: maxBytes };
  throw new XmlError('limit', `Expected at most ${maxBytes} bytes, found ${bytes.length}`, where);
}
