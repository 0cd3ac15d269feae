import { pack } from '../../kernel/packed.ts';
import type { KeyedRecord } from '../ports/engine-store.ts';
import type { Place } from '../entry.ts';
import { unpackRecord } from '../records.ts';

/** A segment ends when it has so many numbers, or so many bytes. */
const SEGMENT_RECORDS = 4_096;
const SEGMENT_BYTES = 4 * 1024 * 1024;
const KEY_PREFIX = 'log:';

interface StoredSegment {
  readonly last: number;
  readonly bytes: number;
}

/**
 * How many bytes the log has, by segments. A complete segment is stored, so that a takeover need not read the log; what was
 * committed after the last stored one is not counted then: at most about two segments.
 */
export class LogExtent {
  /** Ascending; the last one is still growing. */
  #segments: { last: number; bytes: number }[] = [];
  #stale: string[] = [];
  #fresh: KeyedRecord[] = [];
  #first = 0;

  /** Bytes of the records above `position`, to the segment. */
  bytesAfter(position: number): number {
    let bytes = 0;
    for (let index = this.#segments.length - 1; index >= 0; index -= 1) {
      const segment = this.#segments[index];
      if (segment === undefined || segment.last <= position) break;
      bytes += segment.bytes;
    }
    return bytes;
  }

  /** The lowest position above which there are at most `most` bytes; `head` if the newest segment alone has more. */
  positionFor(most: number, head: number): number {
    let bytes = 0;
    for (let index = this.#segments.length - 1; index >= 0; index -= 1) {
      const segment = this.#segments[index];
      if (segment === undefined) break;
      bytes += segment.bytes;
      if (bytes > most) return Math.min(segment.last, head);
    }
    return 0;
  }

  /** A record has been committed. */
  add({ seq, size }: Place): void {
    let open = this.#segments.at(-1);
    const isFull = open !== undefined && (seq - this.#first >= SEGMENT_RECORDS || open.bytes >= SEGMENT_BYTES);
    if (open === undefined || isFull) {
      if (open !== undefined) this.#fresh.push(recordOf(open));
      open = { last: seq, bytes: 0 };
      this.#segments.push(open);
      this.#first = seq;
    }
    open.last = seq;
    open.bytes += size;
  }

  /** Forgets what is below. */
  trim(below: number): void {
    while (this.#segments.length > 1 && (this.#segments[0]?.last ?? below) < below) {
      const gone = this.#segments.shift();
      if (gone !== undefined) this.#stale.push(keyOf(gone.last));
    }
  }

  /** What is to be stored and removed since the last call. */
  changes(): { readonly put: readonly KeyedRecord[]; readonly remove: readonly string[] } {
    const put = this.#fresh;
    const remove = this.#stale;
    this.#fresh = [];
    this.#stale = [];
    return { put, remove };
  }

  /** Takes what was stored: all `backlog` records that are segments. */
  load(records: readonly KeyedRecord[]): void {
    this.#segments = records
      .filter(({ key }) => key.startsWith(KEY_PREFIX))
      .map(({ key, value }) => ({ ...(unpackRecord(`log segment ${key}`, value) as StoredSegment) }))
      .sort((a, b) => a.last - b.last);
    // The last one is on the disk already: the next record begins another.
    if (this.#segments.length > 0) this.#segments.push({ last: this.#segments.at(-1)?.last ?? 0, bytes: 0 });
    this.#first = this.#segments.at(-1)?.last ?? 0;
  }
}

/** True for the key of a `backlog` record that is a segment of the log, not the backlog of a reader. */
export function isSegmentKey(key: string): boolean {
  return key.startsWith(KEY_PREFIX);
}

function recordOf(segment: StoredSegment): KeyedRecord {
  return { space: 'backlog', key: keyOf(segment.last), value: pack({ ...segment }) };
}

function keyOf(last: number): string {
  return `${KEY_PREFIX}${last}`;
}
