import { Recent } from '../kernel/recent.ts';
import { LogExtent } from './backlog/log-extent.ts';
import type { EngineStore, LogRecord } from './ports/engine-store.ts';
import { decodeEntry, type EntryHeader, type LogEntry } from './entry.ts';

/** Numbers per chunk: what is read back for one cursor serves all others that are behind. */
const CHUNK_NUMBERS = 256;
const MAX_CHUNKS = 64;
/** Messages that the chunks kept in memory may hold: matching looks into them. */
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
/** Records picked from the store at a time, so that a limit by bytes is not overshot by much. */
const PICK_RECORDS = 16;

/** What a record in memory takes besides its bytes, roughly. Of short messages it is the most. */
const ENTRY_BYTES = 700;

/** A piece of the log, for matching. */
export interface Chunk {
  readonly headers: readonly EntryHeader[];
  /** There is nothing in the log up to here that is not in this chunk or before it. */
  readonly through: number;
  readonly bytes: number;
}

/** The sequence numbers of the log, and its records: the newest from memory, others from the store. */
export class MessageLog {
  readonly #store: EngineStore;
  readonly #cache: Recent<number, LogEntry>;
  /** How many bytes it has. */
  readonly extent = new LogExtent();
  readonly #chunks = new Map<number, Chunk>();
  readonly #reading = new Map<number, Promise<Chunk>>();
  #chunkBytes = 0;
  #head = 0;
  #assigned = 0;

  constructor(store: EngineStore, maxCacheBytes: number) {
    this.#store = store;
    this.#cache = new Recent(maxCacheBytes, costOf);
  }

  /** The newest number that is committed and known to all readers. */
  get head(): number {
    return this.#head;
  }

  /** The newest number given to a record, committed or not. */
  get assigned(): number {
    return this.#assigned;
  }

  /**
   * `highest`: the highest number that anything in the store refers to. Above the head there may be numbers of records
   * that were refused; who began behind them must not find others there.
   */
  open(head: number, highest: number): void {
    this.#head = head;
    this.#assigned = Math.max(head, highest);
  }

  /** The oldest record that the store has; undefined: it has none. */
  async oldest(): Promise<number | undefined> {
    const [first] = await this.#store.read(0, 1, 1);
    return first?.seq;
  }

  /** A number for a record that is about to be committed. Not given back if the commit fails. */
  assign(): number {
    this.#assigned += 1;
    return this.#assigned;
  }

  /** These records are committed. */
  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.extent.add(entry.place);
      this.#head = entry.seq;
    }
  }

  /** Somebody will ask for this record soon. */
  keep(entry: LogEntry): void {
    this.#cache.set(entry.seq, entry);
  }

  /**
   * The records with these numbers, in this order, until `maxBytes` (at least one). `missing`: numbers before the end of
   * the result that the log no longer has.
   */
  async fetch(seqs: readonly number[], maxBytes: number): Promise<{ entries: LogEntry[]; missing: number[] }> {
    const entries: LogEntry[] = [];
    const missing: number[] = [];
    let bytes = 0;
    for (let from = 0; from < seqs.length; from += PICK_RECORDS) {
      const some = seqs.slice(from, from + PICK_RECORDS);
      const found = await this.#find(some);
      for (const seq of some) {
        const entry = found.get(seq);
        if (entry === undefined) {
          missing.push(seq);
          continue;
        }
        if (entries.length > 0 && bytes + entry.bytes.byteLength > maxBytes) return { entries, missing };
        bytes += entry.bytes.byteLength;
        entries.push(entry);
      }
    }
    return { entries, missing };
  }

  /** As fetch(), at once; undefined: not all of them are in memory. */
  fetchKept(seqs: readonly number[], maxBytes: number): LogEntry[] | undefined {
    const entries: LogEntry[] = [];
    let bytes = 0;
    for (const seq of seqs) {
      const entry = this.#cache.find(seq);
      if (entry === undefined) return undefined;
      bytes += entry.bytes.byteLength;
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return entries;
  }

  /** The piece of the log that holds the number after `seq`, which must be below the head. Readers share one reading. */
  async chunkAfter(seq: number): Promise<Chunk> {
    const index = Math.floor((seq + 1) / CHUNK_NUMBERS);
    const kept = this.#chunks.get(index) ?? this.#reading.get(index);
    if (kept !== undefined) return kept;
    const reading = this.#readChunk(index).finally(() => this.#reading.delete(index));
    this.#reading.set(index, reading);
    return reading;
  }

  async #readChunk(index: number): Promise<Chunk> {
    const last = (index + 1) * CHUNK_NUMBERS - 1;
    // What is committed after this moment is offered to the live cursors; a later reading may show it too.
    const through = Math.min(last, this.#head);
    const headers: EntryHeader[] = [];
    let from = index * CHUNK_NUMBERS;
    while (from <= through) {
      const records = await this.#store.read(from, through - from + 1, READ_BYTES);
      for (const record of records) {
        if (record.seq <= through) headers.push(this.#header(record));
      }
      from = (records.at(-1)?.seq ?? through) + 1;
    }
    const bytes = headers.reduce((sum, { message }) => sum + message.byteLength, 0);
    const chunk = { headers, through, bytes };
    if (through === last) this.#keepChunk(index, chunk);
    return chunk;
  }

  #header({ seq, bytes }: LogRecord): EntryHeader {
    const entry = this.#cache.get(seq, () => decodeEntry(seq, bytes));
    const { place, topic, isOwn, recipient, message } = entry;
    return { seq, place, topic, isOwn, recipient, message };
  }

  #keepChunk(index: number, chunk: Chunk): void {
    this.#chunks.set(index, chunk);
    this.#chunkBytes += chunk.bytes;
    for (const [oldest, { bytes }] of this.#chunks) {
      if (this.#chunks.size <= MAX_CHUNKS && this.#chunkBytes <= MAX_CHUNK_BYTES) return;
      this.#chunks.delete(oldest);
      this.#chunkBytes -= bytes;
    }
  }

  async #find(seqs: readonly number[]): Promise<Map<number, LogEntry>> {
    const found = new Map<number, LogEntry>();
    const absent: number[] = [];
    for (const seq of seqs) {
      const entry = this.#cache.find(seq);
      if (entry === undefined) absent.push(seq);
      else found.set(seq, entry);
    }
    if (absent.length === 0) return found;
    for (const { seq, bytes } of await this.#store.pick(absent)) {
      const entry = decodeEntry(seq, bytes);
      this.#cache.set(entry.seq, entry);
      found.set(seq, entry);
    }
    return found;
  }
}

function costOf({ bytes }: LogEntry): number {
  return bytes.byteLength + ENTRY_BYTES;
}
