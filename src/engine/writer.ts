import { InfrastructureError, InvariantError, StoreBrokenError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import { LinkedQueue } from '../kernel/linked-queue.ts';
import { backlogChange } from './backlog/backlog-record.ts';
import type { Cursor } from './cursor.ts';
import type { Life } from './life.ts';
import type { MessageLog } from './log.ts';
import type { EngineStore, KeyedRecord, LastingSpace, Space, WriteBatch } from './ports/engine-store.ts';

/** Cursors that ride along with one batch. */
const MAX_CARRIED_CURSORS = 1_000;
/** Cursors ride along no more often: one that moves with each delivery is written once for several. */
const CARRY_EVERY_MS = 50;

export interface CommitOptions {
  /** Stamps the batch; the time of the call if absent. */
  readonly at?: number;
  /** Called before anybody else learns of it when the store has surely not taken the batch. */
  readonly onRefused?: () => void;
}

/** A commit that is under way, or done before others that were begun earlier. */
interface Commit {
  readonly carried: Carried;
  readonly apply: () => unknown;
  readonly onRefused: (() => void) | undefined;
  readonly isOnlyCarried: boolean;
  readonly resolve: (applied: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** What the store said. */
  outcome: Outcome | undefined;
}

type Outcome = 'committed' | { readonly error: unknown };

interface RecordName {
  readonly space: LastingSpace;
  readonly key: string;
}

interface Carried {
  readonly cursors: readonly { readonly cursor: Cursor; readonly seq: number; readonly before: number }[];
  readonly put: ReadonlyMap<string, KeyedRecord>;
  readonly remove: ReadonlyMap<string, RecordName>;
  readonly removeCursors: readonly string[];
  readonly trimBelow: number | undefined;
  readonly forgetRequestsBefore: number | undefined;
}

/**
 * Brings effects to the disk, and into memory in the order in which they got there. What is not urgent (cursor positions,
 * trimming, forgetting) rides along with the next batch.
 */
export class Writer {
  readonly #store: EngineStore;
  readonly #log: MessageLog;
  readonly #life: Life;
  readonly #clock: Clock;
  readonly #dirty = new Set<Cursor>();
  readonly #commits = new LinkedQueue<Commit>();
  #put = new Map<string, KeyedRecord>();
  #remove = new Map<string, RecordName>();
  #removeCursors: string[] = [];
  #trimBelow: number | undefined;
  #forgetBefore: number | undefined;
  #canMark = true;
  /** When cursors were last taken along, on the monotonic clock. */
  #carriedAt = -Infinity;

  constructor({ store, log, life, clock }: { store: EngineStore; log: MessageLog; life: Life; clock: Clock }) {
    this.#store = store;
    this.#log = log;
    this.#life = life;
    this.#clock = clock;
  }

  /**
   * False from when the disk had no room even for positions until they could be written again: what is pushed then would
   * be pushed again and again.
   */
  get canMark(): boolean {
    return this.#canMark;
  }

  /**
   * Commits `batch`, then calls `apply`, after the `apply` of every batch before it, and resolves with what it returns.
   * Rejects without calling it when the store rejects.
   */
  commit<R>(batch: WriteBatch, apply: () => R, { at, onRefused }: CommitOptions = {}): Promise<R> {
    return new Promise<R>((onApplied, reject) => {
      this.#life.assertMayAct();
      const isOnlyCarried = Object.keys(batch).length === 0;
      const carried = this.#takeCarried(isOnlyCarried || this.#isCarryDue());
      const whole = carried === NOTHING ? batch : withCarried(batch, carried);
      // It is called with what `apply` returned.
      const resolve = onApplied as (applied: unknown) => void;
      const commit: Commit = { carried, apply, onRefused, isOnlyCarried, resolve, reject, outcome: undefined };
      const committed = this.#store.commit(whole, at ?? this.#clock.now());
      this.#commits.push(commit);
      committed.then(
        () => this.#settle(commit, 'committed'),
        (error: unknown) => this.#settle(commit, { error }),
      );
    });
  }

  /** The cursor's position goes to the disk with a batch soon, or with the next flush(). */
  markDirty(cursor: Cursor): void {
    if (!cursor.isEnded) this.#dirty.add(cursor);
  }

  /** The record goes to the disk with the next batch; of several under one key only the last. */
  putLater(record: KeyedRecord): void {
    this.#remove.delete(nameOf(record));
    this.#put.set(nameOf(record), record);
  }

  removeLater(space: LastingSpace, key: string): void {
    const name = nameOf({ space, key });
    this.#put.delete(name);
    this.#remove.set(name, { space, key });
  }

  removeCursorLater(id: string): void {
    this.#removeCursors.push(id);
  }

  trimLater(below: number): void {
    this.#trimBelow = below;
  }

  forgetRequestsLater(before: number): void {
    this.#forgetBefore = before;
  }

  /** Writes what waits for the next batch now, if there is anything. */
  async flush(): Promise<void> {
    const rounds = 1 + Math.floor(this.#dirty.size / MAX_CARRIED_CURSORS);
    for (let round = 0; round < rounds && this.#hasCarried(true); round += 1) await this.commit({}, () => undefined);
  }

  /** Concludes `commit`, and those after it that only waited for it. */
  #settle(commit: Commit, outcome: Outcome): void {
    commit.outcome = outcome;
    for (let first = this.#commits.first; first?.outcome !== undefined; first = this.#commits.first) {
      this.#commits.shift();
      try {
        first.resolve(this.#conclude(first, first.outcome));
      } catch (error) {
        first.reject(error);
      }
    }
  }

  #conclude({ carried, apply, onRefused, isOnlyCarried }: Commit, outcome: Outcome): unknown {
    if (outcome !== 'committed') {
      const { error } = outcome;
      this.#restore(carried);
      if (isMarkLost(error, carried, isOnlyCarried)) this.#canMark = false;
      if (isRefusal(error)) onRefused?.();
      throw this.#life.translate(isRefusal(error) ? error : asBroken(error));
    }
    if (carried.cursors.length > 0) this.#canMark = true;
    if (this.#life.hasEnded) this.#life.assertMayAnswer();
    try {
      return apply();
    } catch (cause) {
      throw this.#life.translate(new InvariantError('Cannot apply a committed batch', { cause }));
    }
  }

  #isCarryDue(): boolean {
    return this.#dirty.size > 0 && this.#clock.monotonic() - this.#carriedAt >= CARRY_EVERY_MS;
  }

  #hasCarried(withCursors: boolean): boolean {
    if (this.#put.size > 0 || this.#remove.size > 0 || this.#removeCursors.length > 0) return true;
    if (this.#trimBelow !== undefined || this.#forgetBefore !== undefined) return true;
    if (!withCursors) return false;
    for (const cursor of this.#dirty) {
      if (!cursor.isMoving && !cursor.isEnded) return true;
    }
    return false;
  }

  #takeCarried(withCursors: boolean): Carried {
    if (!this.#hasCarried(withCursors)) return NOTHING;
    const cursors = withCursors ? this.#takeCursors() : [];
    for (const { cursor, seq } of cursors) {
      const change = backlogChange(cursor, { position: seq, head: this.#log.head, gap: cursor.gap });
      for (const record of change.put ?? []) this.putLater(record);
      for (const { space, key } of change.remove ?? []) this.removeLater(space, key);
    }
    const carried = {
      cursors,
      put: this.#put,
      remove: this.#remove,
      removeCursors: this.#removeCursors,
      trimBelow: this.#trimBelow,
      forgetRequestsBefore: this.#forgetBefore,
    };
    this.#put = new Map();
    this.#remove = new Map();
    this.#removeCursors = [];
    this.#trimBelow = undefined;
    this.#forgetBefore = undefined;
    return carried;
  }

  #takeCursors(): Carried['cursors'] {
    const taken: { cursor: Cursor; seq: number; before: number }[] = [];
    this.#carriedAt = this.#clock.monotonic();
    for (const cursor of this.#dirty) {
      if (taken.length === MAX_CARRIED_CURSORS) break;
      if (cursor.isMoving) continue;
      this.#dirty.delete(cursor);
      if (cursor.isEnded) continue;
      const seq = cursor.position(this.#log.head);
      taken.push({ cursor, seq, before: cursor.stored });
      cursor.stored = seq;
    }
    return taken;
  }

  /** The batch is not on the disk: what rode along waits for the next one. */
  #restore({ cursors, put, remove, removeCursors, trimBelow, forgetRequestsBefore }: Carried): void {
    this.#carriedAt = -Infinity;
    for (const { cursor, before } of cursors) {
      cursor.stored = Math.min(cursor.stored, before);
      // A record may be there, and is written or removed with the next try.
      cursor.hasRecord = true;
      this.markDirty(cursor);
    }
    // What has been decided about a record meanwhile is newer.
    const isNewer = (name: string): boolean => this.#put.has(name) || this.#remove.has(name);
    for (const [name, record] of put) if (!isNewer(name)) this.#put.set(name, record);
    for (const [name, record] of remove) if (!isNewer(name)) this.#remove.set(name, record);
    this.#removeCursors.push(...removeCursors);
    this.#trimBelow ??= trimBelow;
    this.#forgetBefore ??= forgetRequestsBefore;
  }
}

const NOTHING: Carried = {
  cursors: [],
  put: new Map(),
  remove: new Map(),
  removeCursors: [],
  trimBelow: undefined,
  forgetRequestsBefore: undefined,
};

function withCarried(batch: WriteBatch, carried: Carried): WriteBatch {
  const { trimBelow, forgetRequestsBefore } = carried;
  // What the batch itself says of a record counts; the store removes after it puts.
  const isPut = ({ space, key }: { readonly space: Space; readonly key: string }): boolean =>
    isIn(batch.put, space, key);
  const put = [...carried.put.values()].filter((record) => !isPut(record));
  const remove = [...carried.remove.values()].filter((name) => !isPut(name));
  const cursors = carried.cursors.map(({ cursor, seq }) => ({ id: cursor.id, seq }));
  return {
    ...batch,
    ...(put.length === 0 ? {} : { put: [...put, ...(batch.put ?? [])] }),
    // The batch's own members come last: the later of two writes of the same cursor counts.
    remove: [...remove, ...(batch.remove ?? [])],
    cursors: [...cursors, ...(batch.cursors ?? [])],
    removeCursors: [...carried.removeCursors, ...(batch.removeCursors ?? [])],
    ...(trimBelow === undefined ? {} : { trimBelow }),
    ...(forgetRequestsBefore === undefined ? {} : { forgetRequestsBefore }),
  };
}

/** A batch with more in it may have been refused for that. */
function isMarkLost(error: unknown, { cursors }: Carried, isOnlyCarried: boolean): boolean {
  return isOnlyCarried && cursors.length > 0 && error instanceof InfrastructureError && error.code === 'store-full';
}

function nameOf({ space, key }: { readonly space: Space; readonly key: string }): string {
  return `${space} ${key}`;
}

function isIn(records: readonly KeyedRecord[] = [], space: Space, key: string): boolean {
  return records.some((record) => record.space === space && record.key === key);
}

function isRefusal(error: unknown): boolean {
  return error instanceof InfrastructureError && error.processed === 'no';
}

/** Anything but a clear "it had no effect" leaves it open what is on the disk. */
function asBroken(error: unknown): StoreBrokenError {
  if (error instanceof StoreBrokenError) return error;
  return new StoreBrokenError('The store did not say whether a batch is on the disk', { cause: error });
}
