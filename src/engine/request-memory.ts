import { pack } from '../kernel/packed.ts';
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

/**
 * The requests of the last minutes with their replies, so that a request that is sent again has its effect once. Faults are
 * not remembered: they had no effect. Bounded by age, count and bytes; the oldest are forgotten first.
 */
export class RequestMemory {
  readonly #replies = new Map<string, Remembered>();
  readonly #underWay = new Map<string, Promise<unknown>>();
  readonly #limits: {
    readonly requestMemoryMs: number;
    readonly maxRequests: number;
    readonly maxRequestBytes: number;
  };
  #bytes = 0;

  constructor(limits: { requestMemoryMs: number; maxRequests: number; maxRequestBytes: number }) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#replies.size;
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
    const known = this.#replies.get(key);
    if (known !== undefined && known.at > now - this.#limits.requestMemoryMs) return Promise.resolve(replyOf(known));
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
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
    this.#drop(key);
    const kept = { at, value: hasContent ? value : undefined };
    this.#replies.set(key, kept);
    this.#bytes += sizeOf(kept);
    this.#shrink();
  }

  /** Takes what was stored, in any order. */
  load(records: readonly KeyedRecord[]): void {
    const read = records.map((record) => ({ record, stored: storedIn(record.value) }));
    read.sort((a, b) => a.stored.at - b.stored.at);
    for (const { record, stored } of read) {
      const hasContent = stored.reply !== undefined;
      // A copy: the record is a view of all that was loaded, and would keep it in memory.
      const value = hasContent ? Uint8Array.from(record.value) : record.value;
      this.remember({ ...record, value }, stored.at, hasContent);
    }
  }

  /** Forgets what is too old. The result: what was put before this instant is no longer wanted in the store. */
  forget(now: number): number {
    const oldest = now - this.#limits.requestMemoryMs;
    for (const [key, { at }] of this.#replies) {
      if (at > oldest) return Math.max(oldest, at);
      this.#drop(key);
    }
    return oldest;
  }

  #shrink(): void {
    // A Map walks through what has left it before it gives the first key.
    if (!this.#isOverfull()) return;
    for (const key of this.#replies.keys()) {
      this.#drop(key);
      if (!this.#isOverfull()) return;
    }
  }

  #isOverfull(): boolean {
    return this.#replies.size > this.#limits.maxRequests || this.#bytes > this.#limits.maxRequestBytes;
  }

  #drop(key: string): void {
    const known = this.#replies.get(key);
    if (known === undefined) return;
    this.#replies.delete(key);
    this.#bytes -= sizeOf(known);
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
