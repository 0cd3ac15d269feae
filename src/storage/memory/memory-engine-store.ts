import type { EngineStore, KeyedRecord, LogRecord, StoredState, WriteBatch } from '../../engine/ports/engine-store.ts';
import { InfrastructureError, InvariantError, StoreBrokenError } from '../../kernel/errors.ts';
import type { EngineMedium, MemoryMedium } from './memory-medium.ts';

const PAGE_RECORDS = 100;

interface WaitingBatch {
  readonly batch: WriteBatch;
  readonly at: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** An engine's store in memory. Commits take effect in a later microtask, all that wait in one. */
export class MemoryEngineStore implements EngineStore {
  readonly engine: string;
  readonly epoch: number;
  readonly #incarnation: string;
  readonly #medium: MemoryMedium;
  readonly #mine: EngineMedium;
  readonly #queue: WaitingBatch[] = [];
  #pumping: Promise<void> | undefined;
  #isClosed = false;

  constructor(tenure: { engine: string; epoch: number; incarnation: string; medium: MemoryMedium }) {
    this.engine = tenure.engine;
    this.epoch = tenure.epoch;
    this.#incarnation = tenure.incarnation;
    this.#medium = tenure.medium;
    this.#mine = tenure.medium.engine(tenure.engine);
  }

  async load(): Promise<StoredState> {
    await this.#turn();
    return {
      head: this.#mine.head,
      cursors: new Map(this.#mine.cursors),
      pages: this.#pages([...this.#mine.records.values()]),
    };
  }

  async *#pages(records: readonly KeyedRecord[]): AsyncIterable<readonly KeyedRecord[]> {
    for (let at = 0; at < records.length; at += PAGE_RECORDS) {
      await this.#turn();
      yield records.slice(at, at + PAGE_RECORDS).map(({ space, key, value }) => ({ space, key, value: value.slice() }));
    }
  }

  commit(batch: WriteBatch, at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#assertUsable();
      this.#queue.push({ batch, at, resolve, reject });
      this.#pumping ??= this.#pump();
    });
  }

  async read(from: number, maxCount: number, maxBytes: number): Promise<readonly LogRecord[]> {
    await this.#turn();
    const found: LogRecord[] = [];
    let left = maxBytes;
    for (const record of this.#mine.log.values()) {
      if (record.seq < from) continue;
      left -= record.bytes.byteLength;
      if (found.length > 0 && (left < 0 || found.length >= maxCount)) break;
      found.push(copyOf(record));
    }
    return found;
  }

  async pick(seqs: readonly number[]): Promise<readonly LogRecord[]> {
    await this.#turn();
    return [...new Set(seqs)]
      .sort((a, b) => a - b)
      .map((seq) => this.#mine.log.get(seq))
      .filter((record) => record !== undefined)
      .map(copyOf);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    await Promise.resolve();
    for (const { batch, at, resolve, reject } of this.#queue.splice(0)) {
      try {
        this.#apply(batch, at);
        resolve();
      } catch (error) {
        reject(error);
      }
    }
    this.#pumping = undefined;
  }

  #apply(batch: WriteBatch, at: number): void {
    const disk = this.#mine;
    this.#assertWritable(batch);
    // Looked at before anything changes: a batch is committed whole or not at all.
    const head = this.#headAfter(batch);
    for (const record of batch.append ?? []) disk.log.set(record.seq, copyOf(record));
    for (const { space, key, value } of batch.put ?? []) {
      disk.records.set(idOf(space, key), { space, key, value: value.slice(), at });
    }
    for (const { space, key } of batch.remove ?? []) disk.records.delete(idOf(space, key));
    for (const { id, seq } of batch.cursors ?? []) disk.cursors.set(id, seq);
    for (const id of batch.removeCursors ?? []) disk.cursors.delete(id);
    disk.head = head;
    this.#forget(batch);
  }

  #assertWritable(batch: WriteBatch): void {
    const disk = this.#mine;
    if (disk.isBroken) throw this.#broken();
    if (disk.epoch !== this.epoch || this.#medium.isDead(this.#incarnation)) {
      throw new InfrastructureError('lease-lost', `Epoch ${disk.epoch} is installed, this tenure has ${this.epoch}`, {
        processed: 'no',
      });
    }
    if (this.#medium.isFull && (batch.append ?? batch.put) !== undefined) {
      throw new InfrastructureError('store-full', 'The medium is full', { processed: 'no' });
    }
  }

  #forget({ trimBelow, forgetRequestsBefore }: WriteBatch): void {
    const disk = this.#mine;
    for (const seq of disk.log.keys()) {
      if (seq < Math.min(trimBelow ?? 0, disk.head)) disk.log.delete(seq);
    }
    if (forgetRequestsBefore === undefined) return;
    for (const [id, record] of disk.records) {
      if (record.space === 'request' && record.at < forgetRequestsBefore) disk.records.delete(id);
    }
  }

  #headAfter(batch: WriteBatch): number {
    let head = this.#mine.head;
    for (const { seq } of batch.append ?? []) {
      if (!Number.isSafeInteger(seq) || seq <= head) {
        throw new InvariantError(`Log record ${seq} cannot follow ${head}: expected a larger whole number`);
      }
      head = seq;
    }
    return head;
  }

  /** Reads take a turn too, behind the commits that were asked for before. */
  async #turn(): Promise<void> {
    this.#assertUsable();
    await (this.#pumping ?? Promise.resolve());
  }

  #assertUsable(): void {
    if (this.#mine.isBroken) throw this.#broken();
    if (this.#isClosed) {
      throw new InfrastructureError('shutting-down', `The store of engine "${this.engine}" is closed`, {
        processed: 'no',
      });
    }
  }

  #broken(): StoreBrokenError {
    return new StoreBrokenError(`The store of engine "${this.engine}" is broken`);
  }
}

function copyOf({ seq, bytes }: LogRecord): LogRecord {
  return { seq, bytes: bytes.slice() };
}

function idOf(space: string, key: string): string {
  return `${space}/${key}`;
}
