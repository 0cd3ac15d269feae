/**
 * Plain values with byte strings in them as one buffer: u32 length of the JSON, the JSON, then the bytes it refers to.
 * Used where members talk and where records are stored: readable by every Node version, no schema to keep in step.
 */

/** What can be packed: JSON values and byte strings. Members that are `undefined` are left out. */
export type Packable =
  | string
  | number
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly Packable[]
  | { readonly [key: string]: Packable };

const BYTES_KEY = '\u0000bytes';

/** Packs `value`. The result owns its memory. */
export function pack(value: unknown): Buffer {
  const tail: Tail = { parts: [], length: 0 };
  const head = JSON.stringify(withReferences(value, tail));
  const headLength = Buffer.byteLength(head);
  const packed = Buffer.allocUnsafeSlow(4 + headLength + tail.length);
  packed.writeUInt32LE(headLength, 0);
  packed.write(head, 4);
  let offset = 4 + headLength;
  for (const part of tail.parts) {
    packed.set(part, offset);
    offset += part.byteLength;
  }
  return packed;
}

/** The byte strings that come behind the JSON. */
interface Tail {
  readonly parts: Uint8Array[];
  length: number;
}

/** `value` with references in place of byte strings; copied only as far as it has some. A replacer would be too late: Buffer has a toJSON(). */
function withReferences(value: unknown, tail: Tail): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) {
    const at = tail.length;
    tail.parts.push(value);
    tail.length += value.byteLength;
    return { [BYTES_KEY]: [at, value.byteLength] };
  }
  if (Array.isArray(value)) return value.map((member) => withReferences(member, tail));
  const members = value as Readonly<Record<string, unknown>>;
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(members)) {
    const member = members[key];
    const referred = withReferences(member, tail);
    if (referred === member) continue;
    copy ??= { ...members };
    copy[key] = referred;
  }
  return copy ?? value;
}

/** How BYTES_KEY is written in JSON. */
const BYTES_MARK = JSON.stringify(BYTES_KEY).slice(1, -1);

/**
 * Reads what pack() wrote. Byte strings in the result are views of `packed`: copy what must outlive it.
 * The caller states the type; only what this software packed itself may be unpacked.
 */
export function unpack(packed: Uint8Array): unknown {
  const view = Buffer.isBuffer(packed) ? packed : Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const tail = 4 + view.readUInt32LE(0);
  const json = view.toString('utf8', 4, tail);
  const value: unknown = JSON.parse(json);
  // A reviver makes JSON.parse() several times as slow, and most records have no byte strings.
  if (!json.includes(BYTES_MARK)) return value;
  return withBytes(value, (at, length) => view.subarray(tail + at, tail + at + length));
}

/** The same value, with byte strings put where the references were. */
function withBytes(value: unknown, find: (at: number, length: number) => Uint8Array): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (BYTES_KEY in value) {
    const [at, length] = value[BYTES_KEY] as [number, number];
    return find(at, length);
  }
  const members = value as Record<string, unknown>;
  for (const key of Object.keys(members)) {
    const member = members[key];
    if (typeof member === 'object' && member !== null) members[key] = withBytes(member, find);
  }
  return value;
}
