import { isAscii, isUtf8 } from 'node:buffer';
import { LESS_THAN } from './characters.ts';
import { readDeclaration } from './declaration.ts';
import { XmlError } from './error.ts';
import { positionAt, Source } from './source.ts';

/** A document as UTF-8. */
export interface DecodedXml {
  /** The whole document. A byte order mark stays where it is. */
  readonly source: Source;
  /** The offset behind the byte order mark and the XML declaration. */
  readonly start: number;
}

type Encoding = 'UTF-8' | 'UTF-16' | 'UTF-16LE' | 'UTF-16BE' | 'ISO-8859-1' | 'US-ASCII';

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['utf-8', 'UTF-8'],
  ['utf8', 'UTF-8'],
  ['utf-16', 'UTF-16'],
  ['utf-16le', 'UTF-16LE'],
  ['utf-16be', 'UTF-16BE'],
  ['iso-8859-1', 'ISO-8859-1'],
  ['iso_8859-1', 'ISO-8859-1'],
  ['latin1', 'ISO-8859-1'],
  ['us-ascii', 'US-ASCII'],
  ['ascii', 'US-ASCII'],
]);

/**
 * Brings a document to UTF-8 and reads its XML declaration. A byte order mark decides, else `charset` (RFC 7303 §3.2),
 * else the declaration, else it is UTF-8. Without a charset, mark and declaration must agree (XML 1.0 §4.3.3).
 * Throws XmlError. No copy is made of what is UTF-8 already.
 */
export function decodeXml(input: Buffer, charset: string | undefined): DecodedXml {
  const outer = charset === undefined ? undefined : encodingNamed(charset);
  // Nearly all begin like this, and then there is nothing to find out.
  if ((outer === undefined || outer === 'UTF-8') && input[0] === LESS_THAN && input[1] !== 0)
    return decodeUnmarked(input, outer);
  if (input[0] === 0xef && input[1] === 0xbb && input[2] === 0xbf) return decodeMarkedUtf8(input, outer);
  const utf16 = utf16ByteOrder(input, outer);
  if (utf16 !== undefined) return decodeUtf16(input, utf16, outer);
  refuseForeignFamilies(input);
  return decodeUnmarked(input, outer);
}

function decodeUnmarked(input: Buffer, outer: Encoding | undefined): DecodedXml {
  const raw = new Source(input);
  const { encoding, end } = readDeclaration(raw, 0);
  const source = decodeBytes(raw, outer ?? (encoding === undefined ? 'UTF-8' : encodingNamed(encoding)));
  return { source, start: end };
}

const UTF_32_LE_MARK = 'fffe0000';
const UTF_32_LE_LESS_THAN = '3c000000';

interface ByteOrder {
  readonly order: 'UTF-16LE' | 'UTF-16BE';
  readonly isMarked: boolean;
}

/** The document's UTF-16 byte order by its mark, by the charset, or by a "<" at its start; undefined if it is not UTF-16. */
function utf16ByteOrder(input: Buffer, outer: Encoding | undefined): ByteOrder | undefined {
  const start = input.toString('hex', 0, 4);
  if (start.startsWith('feff')) return { order: 'UTF-16BE', isMarked: true };
  if (start.startsWith('fffe') && start !== UTF_32_LE_MARK) return { order: 'UTF-16LE', isMarked: true };
  if (outer === 'UTF-16LE' || outer === 'UTF-16BE') return { order: outer, isMarked: false };
  if (outer !== undefined && outer !== 'UTF-16') return undefined;
  if (start.startsWith('3c00') && start !== UTF_32_LE_LESS_THAN) return { order: 'UTF-16LE', isMarked: false };
  // Without a mark, UTF-16 in the charset means big-endian (RFC 2781 §4.3).
  return outer === 'UTF-16' || start.startsWith('003c') ? { order: 'UTF-16BE', isMarked: false } : undefined;
}

function decodeUtf16(input: Buffer, { order, isMarked }: ByteOrder, outer: Encoding | undefined): DecodedXml {
  const units = input.subarray(isMarked ? 2 : 0, input.length - (input.length % 2));
  const little = order === 'UTF-16LE' ? units : Buffer.from(units).swap16();
  const text = little.toString('utf16le');
  const broken = loneSurrogate(text);
  if (broken >= 0 || input.length % 2 === 1) {
    const good = broken >= 0 ? text.slice(0, broken) : text;
    const offset = (isMarked ? 2 : 0) + good.length * 2;
    const found = broken >= 0 ? 'half a surrogate pair' : 'half a code unit at the end';
    throw new XmlError('encoding', `Expected ${order}, found ${found}`, {
      ...positionAt(Buffer.from(good), good.length * 3),
      offset,
    });
  }
  const source = new Source(Buffer.from(text));
  const declaration = readDeclaration(source, 0);
  if (outer === undefined) {
    requireAgreement(source, declaration.encoding, isMarked ? ['UTF-16', order] : [order], isMarked);
  }
  return { source, start: declaration.end };
}

/** UTF-16 without a mark must say so itself; with a mark it may keep silent, but not contradict. */
function requireAgreement(
  source: Source,
  declared: string | undefined,
  accepted: readonly Encoding[],
  maySayNothing: boolean,
): void {
  if (declared === undefined ? maySayNothing : accepted.includes(encodingNamed(declared))) return;
  const found = declared === undefined ? 'no encoding declaration' : `encoding "${declared}"`;
  throw source.error(
    'encoding',
    `Expected an XML declaration with encoding ${accepted.join(' or ')}, found ${found}`,
    0,
  );
}

function decodeMarkedUtf8(input: Buffer, outer: Encoding | undefined): DecodedXml {
  const raw = new Source(input);
  const declaration = readDeclaration(raw, 3);
  if (outer === undefined) requireAgreement(raw, declaration.encoding, ['UTF-8'], true);
  return { source: decodeBytes(raw, 'UTF-8'), start: declaration.end };
}

function decodeBytes(raw: Source, encoding: Encoding): Source {
  const input = raw.bytes;
  switch (encoding) {
    case 'UTF-8':
      if (isAscii(input)) return new Source(input, true);
      if (!isUtf8(input)) throw brokenUtf8(raw);
      return raw;
    case 'US-ASCII':
      if (!isAscii(input)) throw brokenAscii(raw);
      return new Source(input, true);
    case 'ISO-8859-1':
      return isAscii(input) ? new Source(input, true) : new Source(Buffer.from(input.toString('latin1')));
    case 'UTF-16':
    case 'UTF-16LE':
    case 'UTF-16BE':
      throw raw.error('encoding', `Expected ${encoding} as declared, found bytes that are not`, 0);
  }
}

function encodingNamed(name: string): Encoding {
  const encoding = ENCODINGS.get(name) ?? ENCODINGS.get(name.toLowerCase());
  if (encoding !== undefined) return encoding;
  const message = `Expected encoding UTF-8, UTF-16, ISO-8859-1 or US-ASCII, found "${name.slice(0, 40)}"`;
  throw new XmlError('encoding', message, { line: 1, column: 1, offset: 0 });
}

/** UTF-32 and EBCDIC, recognised as XML 1.0 appendix F does, so that the message says what is wrong. */
function refuseForeignFamilies(input: Buffer): void {
  const start = input.toString('hex', 0, 4);
  const isUtf32 = ['0000feff', UTF_32_LE_MARK, '0000003c', UTF_32_LE_LESS_THAN].includes(start);
  if (!isUtf32 && start !== '4c6fa794') return;
  const found = isUtf32 ? 'UTF-32' : 'EBCDIC';
  const message = `Expected encoding UTF-8, UTF-16, ISO-8859-1 or US-ASCII, found ${found}`;
  throw new XmlError('encoding', message, { line: 1, column: 1, offset: 0 });
}

function brokenAscii(raw: Source): XmlError {
  const offset = raw.bytes.findIndex((byte) => byte > 0x7f);
  return raw.error('encoding', `Expected US-ASCII, found byte ${hex(raw.bytes[offset])}`, offset);
}

function brokenUtf8(raw: Source): XmlError {
  const offset = validUtf8Length(raw.bytes);
  return raw.error('encoding', `Expected UTF-8, found byte ${hex(raw.bytes[offset])} where it cannot stand`, offset);
}

/** How many bytes at the start are whole characters, of bytes that are not all UTF-8. */
function validUtf8Length(bytes: Buffer): number {
  let valid = 0;
  for (;;) {
    const next = characterBoundary(bytes, valid, Math.min(valid + SEARCH_STEP_BYTES, bytes.length));
    if (next <= valid || !isUtf8(bytes.subarray(valid, next))) break;
    valid = next;
  }
  for (;;) {
    const length = [1, 2, 3, 4].find((count) => isUtf8(bytes.subarray(valid, valid + count)));
    if (length === undefined || valid >= bytes.length) return valid;
    valid += length;
  }
}

const SEARCH_STEP_BYTES = 4096;

/** The last offset up to `at` where a character may begin. */
function characterBoundary(bytes: Buffer, low: number, at: number): number {
  let boundary = at;
  while (boundary > low && ((bytes[boundary] ?? 0) & 0xc0) === 0x80) boundary--;
  return boundary;
}

function loneSurrogate(text: string): number {
  return text.search(/[\ud800-\udfff]/u);
}

function hex(byte = 0): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
