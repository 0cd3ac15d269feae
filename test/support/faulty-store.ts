import type { EngineStore, LogRecord, StoredState, WriteBatch } from '../../src/engine/ports/engine-store.ts';
import { InfrastructureError, StoreBrokenError } from '../../src/kernel/errors.ts';
import { settle } from './manual-clock.ts';

/**
 * full: the disk is full, nothing was written. broken: an fsync failed, nothing was written. silent: the batch was
 * written, and then the connection broke before the store could say so. late: it was written, and the answer comes after
 * those of the commits behind it.
 */
export type CommitFault = 'full' | 'broken' | 'silent' | 'late';

/** A store that does what the one behind it does, but for the faults that a test plans. */
export class FaultyStore implements EngineStore {
  /** The batches handed on, oldest first. */
  readonly committed: WriteBatch[] = [];
  readonly #inner: EngineStore;
  readonly #faults: (CommitFault | undefined)[] = [];
  #gate: Promise<void> | undefined;
  #open: () => void = () => undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(inner: EngineStore) {
    this.#inner = inner;
  }

  get engine(): string {
    return this.#inner.engine;
  }

  get epoch(): number {
    return this.#inner.epoch;
  }

  /** The next commits fail like this, in order; `undefined` lets one pass. */
  plan(...faults: readonly (CommitFault | undefined)[]): void {
    this.#faults.push(...faults);
  }

  /** Commits wait from now on, until release(). */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
    this.#gate = undefined;
  }

  async load(): Promise<StoredState> {
    return this.#inner.load();
  }

  async commit(batch: WriteBatch, at: number): Promise<void> {
    const fault = this.#faults.shift();
    const before = Promise.all([this.#gate, this.#last]);
    const mine = before.then(async () => this.#commit(batch, at, fault));
    this.#last = mine.catch(() => undefined);
    if (fault === 'late') await mine.finally(settle);
    return mine;
  }

  async read(from: number, maxCount: number, maxBytes: number): Promise<readonly LogRecord[]> {
    return this.#inner.read(from, maxCount, maxBytes);
  }

  async pick(seqs: readonly number[]): Promise<readonly LogRecord[]> {
    return this.#inner.pick(seqs);
  }

  async close(): Promise<void> {
    return this.#inner.close();
  }

  async #commit(batch: WriteBatch, at: number, fault: CommitFault | undefined): Promise<void> {
    if (fault === 'full') throw new InfrastructureError('store-full', 'The disk is full', { processed: 'no' });
    if (fault === 'broken') throw new StoreBrokenError('An fsync failed');
    await this.#inner.commit(batch, at);
    this.committed.push(batch);
    if (fault === 'silent') throw new Error('The connection was lost');
  }
}
