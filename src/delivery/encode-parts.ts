/** Bytes that a character of a text takes at most. */
const MAX_CHARACTER = 3;

/**
 * Texts (as UTF-8) and bytes, one behind the other, in one piece of memory. A text that is the same string as the text
 * before it is encoded once. `scratch`: where they are put together first if they surely fit, so that no text has to be
 * measured before it is written.
 */
export function encodeParts(parts: readonly (string | Uint8Array)[], scratch?: Buffer): Buffer {
  if (scratch !== undefined && mostOf(parts) <= scratch.byteLength) {
    return Buffer.from(scratch.subarray(0, put(parts, scratch)));
  }
  const buffer = Buffer.allocUnsafe(lengthOf(parts));
  put(parts, buffer);
  return buffer;
}

/** Writes them from the beginning on; says how many bytes they take. */
function put(parts: readonly (string | Uint8Array)[], buffer: Buffer): number {
  let at = 0;
  let last: string | undefined;
  let from = 0;
  let to = 0;
  for (const part of parts) {
    if (typeof part !== 'string') {
      buffer.set(part, at);
      at += part.byteLength;
    } else if (part === last) {
      buffer.copyWithin(at, from, to);
      at += to - from;
    } else {
      [last, from] = [part, at];
      at += buffer.write(part, at);
      to = at;
    }
  }
  return at;
}

/** They take no more than so many bytes. */
function mostOf(parts: readonly (string | Uint8Array)[]): number {
  let most = 0;
  for (const part of parts) most += typeof part === 'string' ? MAX_CHARACTER * part.length : part.byteLength;
  return most;
}

function lengthOf(parts: readonly (string | Uint8Array)[]): number {
  let length = 0;
  let last: string | undefined;
  let lastLength = 0;
  for (const part of parts) {
    if (typeof part !== 'string') {
      length += part.byteLength;
      continue;
    }
    if (part !== last) [last, lastLength] = [part, Buffer.byteLength(part)];
    length += lastLength;
  }
  return length;
}
