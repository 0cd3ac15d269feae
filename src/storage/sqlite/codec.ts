import type { KeyedRecord, LogRecord, Space, WriteBatch } from '../../engine/ports/engine-store.ts';
import { ByteReader, ByteWriter, unpacked, type PackedBytes } from './bytes.ts';

/** The numbers that stand for the spaces, on the wire to the thread and on the disk: never change one. */
const SPACE_NUMBERS = {
  subscription: 1,
  'pull-point': 2,
  registration: 3,
  request: 4,
  current: 5,
  interest: 6,
  'high-water': 7,
  topic: 8,
  remote: 9,
  alive: 10,
  'dead-letter': 11,
  retry: 12,
  backlog: 13,
} as const satisfies Record<Space, number>;

const SPACES = new Map<number, Space>(
  (Object.keys(SPACE_NUMBERS) as Space[]).map((space) => [SPACE_NUMBERS[space], space]),
);

/** The number under which the disk knows `request` records. */
export const REQUEST_SPACE = SPACE_NUMBERS.request;

/** The numbers of the spaces whose records stay until a client, or their time, ends them. */
export const RESOURCE_SPACES: ReadonlySet<number> = new Set([
  SPACE_NUMBERS.subscription,
  SPACE_NUMBERS['pull-point'],
  SPACE_NUMBERS.registration,
  SPACE_NUMBERS.topic,
  SPACE_NUMBERS.remote,
]);

/** A batch as it waits for its commit. */
export interface TimedBatch {
  readonly batch: WriteBatch;
  readonly at: number;
}

/** A batch as the thread applies it: every list is there, spaces are numbers, and requests are apart. */
export interface DecodedBatch {
  readonly at: number;
  readonly append: readonly LogRecord[];
  readonly put: readonly { readonly space: number; readonly key: string; readonly value: Uint8Array }[];
  /** Keys and values, as they go to the disk. */
  readonly requests: Uint8Array;
  readonly remove: readonly { readonly space: number; readonly key: string }[];
  readonly cursors: readonly { readonly id: string; readonly seq: number }[];
  readonly removeCursors: readonly string[];
  readonly trimBelow: number | undefined;
  readonly forgetRequestsBefore: number | undefined;
}

/** About how many bytes a batch takes packed. */
export function weightOf(batch: WriteBatch): number {
  let bytes = 64;
  for (const { bytes: record } of batch.append ?? []) bytes += record.byteLength + 16;
  for (const { key, value } of batch.put ?? []) bytes += value.byteLength + key.length * 3 + 16;
  for (const { key } of batch.remove ?? []) bytes += key.length * 3 + 8;
  for (const { id } of batch.cursors ?? []) bytes += id.length * 3 + 16;
  for (const id of batch.removeCursors ?? []) bytes += id.length * 3 + 8;
  return bytes;
}

/** Packs the batches of one group into one buffer of its own: their bytes are copied once. */
export function encodeGroup(group: readonly TimedBatch[]): PackedBytes {
  const writer = new ByteWriter(group.reduce((sum, { batch }) => sum + weightOf(batch), 16));
  list(writer, group, ({ batch, at }) => {
    writer.f64(at);
    list(writer, batch.append, (record) => {
      writer.f64(record.seq);
      writer.blob(record.bytes);
    });
    writeRecords(writer, batch.put ?? []);
    list(writer, batch.remove, ({ space, key }) => {
      writer.u8(SPACE_NUMBERS[space]);
      writer.text(key);
    });
    list(writer, batch.cursors, ({ id, seq }) => {
      writer.text(id);
      writer.f64(seq);
    });
    list(writer, batch.removeCursors, (id) => {
      writer.text(id);
    });
    optional(writer, batch.trimBelow);
    optional(writer, batch.forgetRequestsBefore);
  });
  return writer.finish();
}

/** Those that are kept by key, and then the requests, which the thread need not take apart. */
function writeRecords(writer: ByteWriter, records: readonly KeyedRecord[]): void {
  const countAt = writer.length;
  let count = 0;
  writer.u32(count);
  for (const { space, key, value } of records) {
    if (space === 'request') continue;
    count += 1;
    writer.u8(SPACE_NUMBERS[space]);
    writer.text(key);
    writer.blob(value);
  }
  writer.setU32(countAt, count);
  const lengthAt = writer.length;
  writer.u32(0);
  for (const { space, key, value } of records) {
    if (space !== 'request') continue;
    writer.text(key);
    writer.blob(value);
  }
  writer.setU32(lengthAt, writer.length - lengthAt - 4);
}

/** Packs one request as it goes to the disk. */
export function encodeRequest(key: string, value: Uint8Array): Uint8Array {
  const writer = new ByteWriter(8 + key.length * 3 + value.byteLength);
  writer.text(key);
  writer.blob(value);
  return unpacked(writer.finish());
}

/** Reads what encodeGroup() packed. */
export function decodeGroup(packed: PackedBytes): DecodedBatch[] {
  const reader = new ByteReader(unpacked(packed));
  return reader.list(() => ({
    at: reader.f64(),
    append: reader.list(() => ({ seq: reader.f64(), bytes: reader.blob() })),
    put: reader.list(() => ({ space: reader.u8(), key: reader.text(), value: reader.blob() })),
    requests: reader.blob(),
    remove: reader.list(() => ({ space: reader.u8(), key: reader.text() })),
    cursors: reader.list(() => ({ id: reader.text(), seq: reader.f64() })),
    removeCursors: reader.list(() => reader.text()),
    trimBelow: readOptional(reader),
    forgetRequestsBefore: readOptional(reader),
  }));
}

/** Packs rows of (number, bytes), into no more memory than they take: it is kept for as long as any of them is. */
export class LogPacker {
  readonly #rows: (readonly [seq: number, bytes: Uint8Array])[] = [];
  #length = 4;

  add(seq: number, bytes: Uint8Array): void {
    this.#rows.push([seq, bytes]);
    this.#length += 8 + 4 + bytes.byteLength;
  }

  finish(): PackedBytes {
    const writer = new ByteWriter(this.#length);
    writer.u32(this.#rows.length);
    for (const [seq, bytes] of this.#rows) {
      writer.f64(seq);
      writer.blob(bytes);
    }
    return writer.finish();
  }
}

/** Reads what a LogPacker packed. The records are views of one buffer. */
export function decodeLog(packed: PackedBytes): LogRecord[] {
  const reader = new ByteReader(unpacked(packed));
  return reader.list(() => ({ seq: reader.f64(), bytes: reader.blob() }));
}

/** Packs the positions of cursors, which come in several lists, and the head of the log. */
export function encodePositions(
  head: number,
  lists: Iterable<readonly (readonly [id: string, seq: number])[]>,
): PackedBytes {
  const writer = new ByteWriter(1 << 16);
  writer.f64(head);
  const at = writer.length;
  writer.u32(0);
  let count = 0;
  for (const positions of lists) {
    count += positions.length;
    for (const [id, seq] of positions) {
      writer.text(id);
      writer.f64(seq);
    }
  }
  writer.setU32(at, count);
  return writer.finish();
}

/** Reads what encodePositions() packed. */
export function decodePositions(packed: PackedBytes): { readonly head: number; readonly cursors: Map<string, number> } {
  const reader = new ByteReader(unpacked(packed));
  const head = reader.f64();
  const cursors = new Map<string, number>();
  for (let left = reader.u32(); left > 0; left -= 1) {
    const id = reader.text();
    cursors.set(id, reader.f64());
  }
  return { head, cursors };
}

/** Some of the records of a database. */
interface RecordPage {
  readonly records: readonly KeyedRecord[];
  /** Where the next page begins (see PagePacker); undefined: this was the last one. */
  readonly next: number | undefined;
}

/** A record as it lies on the disk; `id` tells where it lies. */
export type RecordRow = readonly [id: number, space: number, key: string, value: Uint8Array];
/** Requests of one group as they lie on the disk. */
export type RequestRow = readonly [id: number, bytes: Buffer];

/** Packs a page of records. */
export class PagePacker {
  readonly #writer: ByteWriter;
  #count = 0;

  constructor(expectedBytes: number) {
    this.#writer = new ByteWriter(expectedBytes);
    this.#writer.f64(0);
    this.#writer.u32(0);
  }

  /** How many bytes it has. */
  get length(): number {
    return this.#writer.length;
  }

  add([, space, key, value]: RecordRow): void {
    this.#writer.u8(space);
    this.#writer.text(key);
    this.#writer.blob(value);
    this.#count += 1;
  }

  addRequests([, bytes]: RequestRow): void {
    const reader = new ByteReader(bytes);
    while (reader.hasMore) this.add([0, REQUEST_SPACE, reader.text(), reader.blob()]);
  }

  /** `next`: what to ask for after this page; 0 when there is nothing more. */
  finish(next: number): PackedBytes {
    this.#writer.setF64(0, next);
    this.#writer.setU32(8, this.#count);
    return this.#writer.finish();
  }
}

/** Reads what a PagePacker packed. Records of spaces that this software does not know are left alone, unread. */
export function decodePage(packed: PackedBytes): RecordPage {
  const reader = new ByteReader(unpacked(packed));
  const next = reader.f64();
  const records: KeyedRecord[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) {
    const space = SPACES.get(reader.u8());
    const key = reader.text();
    const value = reader.blob();
    if (space !== undefined) records.push({ space, key, value });
  }
  return { records, next: next === 0 ? undefined : next };
}

function list<T>(writer: ByteWriter, items: readonly T[] | undefined, write: (item: T) => void): void {
  writer.u32(items?.length ?? 0);
  items?.forEach((item) => {
    write(item);
  });
}

function optional(writer: ByteWriter, value: number | undefined): void {
  writer.u8(value === undefined ? 0 : 1);
  if (value !== undefined) writer.f64(value);
}

function readOptional(reader: ByteReader): number | undefined {
  return reader.u8() === 0 ? undefined : reader.f64();
}
