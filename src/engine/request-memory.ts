import { seriesPlaceOf } from '../kernel/id-series.ts';
import { pack } from '../kernel/packed.ts';
import { Passing } from '../kernel/passing.ts';
import type { EngineOperation, RequestContext } from './ports/engine.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import { digestOf } from './digest.ts';
import { unpackRecord, type StoredRequest } from './records.ts';

interface Remembered {
  readonly at: number;
  /** The packed record; undefined for a reply without content, of which there are most. */
  readonly value: Uint8Array | undefined;
}

/** Roughly what an entry costs besides its reply. */
const ENTRY_BYTES = 100;
const TIME_BYTES = 8;

/** So many generations share the room. The oldest is forgotten as a whole, so at least three quarters of the room are of use. */
const GENERATIONS = 4;

/** How far the ids of a series have come. */
interface Reach {
  highest: number;
  /** When one of them came last. */
  at: number;
}

/** Requests of about the same age. */
interface Generation {
  readonly replies: Map<string, Remembered>;
  bytes: number;
  oldest: number;
  newest: number;
}

/**
 * The requests of the last minutes with their replies, so that a request that is sent again has its effect once. Faults are
 * not remembered: they had no effect. Bounded by age, count and bytes; the oldest are forgotten first, many at a time: one
 * by one, each would cost a walk over the places that those before it have left in their Map.
 */
export class RequestMemory {
  /** The oldest first; new ones go to the last. */
  readonly #generations: Generation[] = [];
  readonly #underWay = new Passing<string, Promise<unknown>>();
  /** Of every request that is remembered or under way and has a place in a series. */
  readonly #reaches = new Map<string, Reach>();
  readonly #limits: {
    readonly requestMemoryMs: number;
    readonly maxRequests: number;
    readonly maxRequestBytes: number;
  };
  #size = 0;
  #bytes = 0;

  constructor(limits: { requestMemoryMs: number; maxRequests: number; maxRequestBytes: number }) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * The key of a request. The content is part of it: clients choose their ids, and one that uses an id twice for different
   * things has made two requests (a fault, as the design has it, would need one that the standards do not define). Ids
   * of a proxy's making spare the reading of the content.
   */
  keyOf(operation: EngineOperation, { requestId, isUniqueId = false }: RequestContext, request: unknown): string {
    return `${operation}/${isUniqueId ? requestId : digestOf(requestId, request)}`;
  }

  /** True while the first request of that key is served. */
  isUnderWay(key: string): boolean {
    return this.#underWay.has(key);
  }

  /** The remembered reply; or that of the same request that is under way; or else what `work` does. */
  once(key: string, now: number, work: () => Promise<unknown>): Promise<unknown> {
    if (!this.#isFirstOf(key, now)) {
      const known = this.#find(key);
      if (known !== undefined && known.at > now - this.#limits.requestMemoryMs) return Promise.resolve(replyOf(known));
      const underWay = this.#underWay.get(key);
      if (underWay !== undefined) return underWay;
    }
    const mine = work();
    const forget = (): void => {
      this.#underWay.delete(key);
    };
    this.#underWay.set(key, mine);
    mine.then(forget, forget);
    return mine;
  }

  /** The record to store along with the effect. */
  record(key: string, reply: object, at: number): KeyedRecord {
    const stored: StoredRequest = { at, reply };
    return { space: 'request', key, value: Object.keys(reply).length === 0 ? timeOnly(at) : pack(stored) };
  }

  /** The record is on the disk. */
  remember({ key, value }: KeyedRecord, at: number, hasContent: boolean): void {
    const kept = { at, value: hasContent ? value : undefined };
    const generation = this.#youngest(at);
    const replaced = generation.replies.get(key);
    generation.replies.set(key, kept);
    generation.oldest = Math.min(generation.oldest, at);
    generation.newest = Math.max(generation.newest, at);
    const bytes = sizeOf(kept) - (replaced === undefined ? 0 : sizeOf(replaced));
    generation.bytes += bytes;
    this.#bytes += bytes;
    if (replaced === undefined) this.#size += 1;
    const { maxRequests, maxRequestBytes } = this.#limits;
    while (this.#size > maxRequests || this.#bytes > maxRequestBytes) this.#forgetOldest();
  }

  /** Takes what was stored, in any order. */
  load(records: readonly KeyedRecord[]): void {
    const read = records.map((record) => ({ record, stored: storedIn(record.value) }));
    read.sort((a, b) => a.stored.at - b.stored.at);
    for (const { record, stored } of read) {
      this.#isFirstOf(record.key, stored.at);
      const hasContent = stored.reply !== undefined;
      // A copy: the record is a view of all that was loaded, and would keep it in memory.
      const value = hasContent ? Uint8Array.from(record.value) : record.value;
      this.remember({ ...record, value }, stored.at, hasContent);
    }
  }

  /** Forgets what is too old. The result: what was put before this instant is no longer wanted in the store. */
  forget(now: number): number {
    const oldest = now - this.#limits.requestMemoryMs;
    this.#forgetReaches(oldest);
    for (let first = this.#generations[0]; first !== undefined; first = this.#generations[0]) {
      if (first.newest > oldest) return Math.max(oldest, first.oldest);
      this.#forgetOldest();
    }
    return oldest;
  }

  /**
   * True: no request of that key has come before, for its number is above all that have come of its series. Spares a request
   * that comes for the first time, as nearly all do, a search through tables that no cache holds.
   */
  #isFirstOf(key: string, now: number): boolean {
    const place = seriesPlaceOf(key);
    if (place === undefined) return false;
    const { series, number } = place;
    const reach = this.#reaches.get(series);
    if (reach === undefined) {
      this.#reaches.set(series, { highest: number, at: now });
      return true;
    }
    reach.at = Math.max(reach.at, now);
    if (number <= reach.highest) return false;
    reach.highest = number;
    return true;
  }

  /** While a request is under way nobody can tell how old it is. */
  #forgetReaches(oldest: number): void {
    if (this.#underWay.size > 0) return;
    for (const [series, { at }] of this.#reaches) if (at <= oldest) this.#reaches.delete(series);
  }

  #find(key: string): Remembered | undefined {
    for (let index = this.#generations.length - 1; index >= 0; index -= 1) {
      const known = this.#generations[index]?.replies.get(key);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /** Where a request of this time goes: to a new generation, if the last has its share of the room or of the time. */
  #youngest(at: number): Generation {
    const { requestMemoryMs, maxRequests, maxRequestBytes } = this.#limits;
    const last = this.#generations.at(-1);
    const hasRoom =
      last !== undefined &&
      last.replies.size < maxRequests / GENERATIONS &&
      last.bytes < maxRequestBytes / GENERATIONS &&
      at - last.oldest < requestMemoryMs / GENERATIONS;
    if (hasRoom) return last;
    const fresh: Generation = { replies: new Map(), bytes: 0, oldest: at, newest: at };
    this.#generations.push(fresh);
    return fresh;
  }

  #forgetOldest(): void {
    const oldest = this.#generations.shift();
    if (oldest === undefined) return;
    this.#size -= oldest.replies.size;
    this.#bytes -= oldest.bytes;
  }
}

/** A record without a reply: there are so many that the time alone is written, as an f64. No packed one is as short. */
function timeOnly(at: number): Buffer {
  const value = Buffer.allocUnsafe(TIME_BYTES);
  value.writeDoubleLE(at);
  return value;
}

function storedIn(value: Uint8Array): StoredRequest {
  if (value.byteLength !== TIME_BYTES) return unpackRecord('a request', value) as StoredRequest;
  return { at: new DataView(value.buffer, value.byteOffset).getFloat64(0, true) };
}

function replyOf({ value }: Remembered): unknown {
  if (value === undefined) return {};
  return (unpackRecord('a remembered reply', value) as StoredRequest).reply;
}

function sizeOf({ value }: Remembered): number {
  return ENTRY_BYTES + (value?.byteLength ?? 0);
}
