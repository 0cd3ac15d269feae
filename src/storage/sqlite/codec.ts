import type { KeyedRecord, LogRecord, Space, StoredState, WriteBatch } from '../../engine/ports/engine-store.ts';
import { ByteReader, ByteWriter, type PackedBytes } from './bytes.ts';

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

/** A batch as the thread applies it: every list is there, spaces are numbers. */
export interface DecodedBatch {
  readonly at: number;
  readonly append: readonly LogRecord[];
  readonly put: readonly { readonly space: number; readonly key: string; readonly value: Uint8Array }[];
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
    list(writer, batch.put, (record) => {
      writer.u8(SPACE_NUMBERS[record.space]);
      writer.text(record.key);
      writer.blob(record.value);
    });
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

/** Reads what encodeGroup() packed. */
export function decodeGroup(packed: PackedBytes): DecodedBatch[] {
  const reader = new ByteReader(packed);
  return reader.list(() => ({
    at: reader.f64(),
    append: reader.list(() => ({ seq: reader.f64(), bytes: reader.blob() })),
    put: reader.list(() => ({ space: reader.u8(), key: reader.text(), value: reader.blob() })),
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
  const reader = new ByteReader(packed);
  return reader.list(() => ({ seq: reader.f64(), bytes: reader.blob() }));
}

/** Packs everything but the log. Rows as they lie on the disk. */
export function encodeState(
  head: number,
  cursors: Iterable<readonly [id: string, seq: number]>,
  records: Iterable<readonly [space: number, key: string, value: Uint8Array]>,
): PackedBytes {
  const writer = new ByteWriter(1 << 16);
  writer.f64(head);
  counted(writer, cursors, ([id, seq]) => {
    writer.text(id);
    writer.f64(seq);
  });
  counted(writer, records, ([space, key, value]) => {
    writer.u8(space);
    writer.text(key);
    writer.blob(value);
  });
  return writer.finish();
}

/** Reads what encodeState() packed. Records of spaces that this software does not know are left alone, unread. */
export function decodeState(packed: PackedBytes): StoredState {
  const reader = new ByteReader(packed);
  const head = reader.f64();
  const cursors = reader.list(() => ({ id: reader.text(), seq: reader.f64() }));
  const records: KeyedRecord[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) {
    const space = SPACES.get(reader.u8());
    const key = reader.text();
    const value = reader.blob();
    if (space !== undefined) records.push({ space, key, value });
  }
  return { records, cursors, head };
}

function list<T>(writer: ByteWriter, items: readonly T[] | undefined, write: (item: T) => void): void {
  writer.u32(items?.length ?? 0);
  items?.forEach((item) => {
    write(item);
  });
}

function counted<T>(writer: ByteWriter, items: Iterable<T>, write: (item: T) => void): void {
  const at = writer.length;
  let count = 0;
  writer.u32(0);
  for (const item of items) {
    count += 1;
    write(item);
  }
  writer.setU32(at, count);
}

function optional(writer: ByteWriter, value: number | undefined): void {
  writer.u8(value === undefined ? 0 : 1);
  if (value !== undefined) writer.f64(value);
}

function readOptional(reader: ByteReader): number | undefined {
  return reader.u8() === 0 ? undefined : reader.f64();
}
