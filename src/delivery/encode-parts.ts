/**
 * Texts (as UTF-8) and bytes, one behind the other, in one piece of memory. A text that is the same string as the text
 * before it is encoded once.
 */
export function encodeParts(parts: readonly (string | Uint8Array)[]): Buffer {
  const buffer = Buffer.allocUnsafe(lengthOf(parts));
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
  return buffer;
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
