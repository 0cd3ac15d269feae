import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EngineStore, KeyedRecord, LogRecord, StoredState, WriteBatch } from '../../engine/ports/engine-store.ts';
import { InfrastructureError } from '../../kernel/errors.ts';
import { type TimedBatch, decodeLog, decodePage, decodePositions, encodeGroup, weightOf } from './codec.ts';
import type { PackedBytes } from './bytes.ts';
import type { DatabaseThread } from './database-thread.ts';
import { errorOf } from './failures.ts';
import type { Outcome } from './protocol.ts';

/** A group ends when it has this many batches, or at least this many bytes. */
const MOST_BATCHES = 4096;
const ENOUGH_BYTES = 8 * 1024 * 1024;

/** While the thread waits for the disk, the next group is on its way to it, if it has so many batches. */
const MOST_GROUPS = 2;
const ENOUGH_TO_GO_AHEAD = 16;

interface WaitingBatch extends TimedBatch {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An engine's store during one tenure, over the thread that holds its database open. Groups commits, and settles them in
 * the order of the calls. The bytes of a batch must not change before its commit settles. Records that it hands out are
 * views of one buffer per call.
 */
export class SqliteEngineStore implements EngineStore {
  readonly engine: string;
  readonly epoch: number;
  readonly #thread: DatabaseThread;
  readonly #queue: WaitingBatch[] = [];
  /** How many groups the thread has not answered yet. */
  #underWay = 0;
  /** The end of the group that was sent last; groups end in the order of their sending. */
  #lastSent: Promise<void> | undefined;
  #isScheduled = false;
  #closing: Promise<void> | undefined;

  constructor(tenure: { engine: string; epoch: number; thread: DatabaseThread }) {
    this.engine = tenure.engine;
    this.epoch = tenure.epoch;
    this.#thread = tenure.thread;
  }

  async load(): Promise<StoredState> {
    this.#assertOpen();
    const loading = this.#thread.call('load', { epoch: this.epoch });
    const first = this.#readPage(0);
    return { ...decodePositions(await loading), pages: this.#pages(first) };
  }

  commit(batch: WriteBatch, at: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#assertOpen();
      this.#queue.push({ batch, at, resolve, reject });
      this.#pumpLater();
    });
  }

  async read(from: number, maxCount: number, maxBytes: number): Promise<readonly LogRecord[]> {
    this.#assertOpen();
    return decodeLog(await this.#thread.call('read', { epoch: this.epoch, from, maxCount, maxBytes }));
  }

  async pick(seqs: readonly number[]): Promise<readonly LogRecord[]> {
    this.#assertOpen();
    const sorted = Float64Array.from(new Set(seqs)).sort();
    return decodeLog(await this.#thread.call('pick', { epoch: this.epoch, seqs: sorted }, [sorted.buffer]));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#pump();
    while (this.#underWay > 0) await this.#lastSent;
    try {
      await this.#thread.call('close', { epoch: this.epoch });
    } catch {
      // Broken before: whoever waited for a commit knows, and there is nothing left to close.
    }
  }

  /** The thread reads the next page while the one before is worked on. */
  async *#pages(first: Promise<PackedBytes>): AsyncIterable<readonly KeyedRecord[]> {
    let reading: Promise<PackedBytes> | undefined = first;
    while (reading !== undefined) {
      const { records, next } = decodePage(await reading);
      reading = next === undefined ? undefined : this.#readPage(next);
      // Node.js hands over message after message, as long as more have come, before it lets anything else run.
      await nextTurn();
      yield records;
    }
  }

  #readPage(place: number): Promise<PackedBytes> {
    const reading = this.#thread.call('page', { epoch: this.epoch, place });
    // Whoever does not read on does not hear of it.
    reading.catch(() => undefined);
    return reading;
  }

  /** Whoever commits in the same turn shares the group. */
  #pumpLater(): void {
    if (this.#isScheduled || !this.#isWorthAGroup()) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#isWorthAGroup()) {
      this.#underWay += 1;
      this.#lastSent = this.#send(this.#takeGroup());
    }
  }

  #isWorthAGroup(): boolean {
    if (this.#underWay === 0) return this.#queue.length > 0;
    return this.#underWay < MOST_GROUPS && this.#queue.length >= ENOUGH_TO_GO_AHEAD;
  }

  /** Never rejects. */
  async #send(group: readonly WaitingBatch[]): Promise<void> {
    try {
      this.#settle(group, await this.#commitGroup(group));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    // Those who have their answers go on behind this: the thread is not to wait for them.
    this.#underWay -= 1;
    this.#pump();
  }

  #takeGroup(): readonly WaitingBatch[] {
    let bytes = 0;
    let count = 0;
    for (const { batch } of this.#queue) {
      count += 1;
      bytes += weightOf(batch);
      if (count === MOST_BATCHES || bytes >= ENOUGH_BYTES) break;
    }
    return this.#queue.splice(0, count);
  }

  async #commitGroup(group: readonly TimedBatch[]): Promise<readonly Outcome[]> {
    const packed = encodeGroup(group);
    return this.#thread.call('commit', { epoch: this.epoch, group: packed }, [packed.buffer]);
  }

  #settle(group: readonly WaitingBatch[], outcomes: readonly Outcome[]): void {
    group.forEach(({ resolve, reject }, at) => {
      const outcome = outcomes[at];
      if (outcome === null) {
        resolve();
        return;
      }
      // No outcome at all must never pass for success.
      const failure = outcome ?? { kind: 'broken', message: 'the thread left a batch unanswered' };
      reject(errorOf(this.engine, failure));
      if (failure.kind === 'broken') this.#thread.breakWith(failure);
    });
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new InfrastructureError('shutting-down', `The store of engine "${this.engine}" is closed`, {
      processed: 'no',
    });
  }
}
