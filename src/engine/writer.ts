import { InfrastructureError, InvariantError, StoreBrokenError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import { backlogChange } from './backlog-record.ts';
import type { Cursor } from './cursor.ts';
import type { Life } from './life.ts';
import type { MessageLog } from './log.ts';
import type { EngineStore, KeyedRecord, Space, WriteBatch } from './ports/engine-store.ts';

/** Cursors that ride along with one batch. */
const MAX_CARRIED_CURSORS = 1_000;

export interface CommitOptions {
  /** Stamps the batch; the time of the call if absent. */
  readonly at?: number;
  /** Called before anybody else learns of it when the store has surely not taken the batch. */
  readonly onRefused?: () => void;
}

interface Settling {
  readonly carried: Carried;
  readonly apply: () => void;
  readonly onRefused: (() => void) | undefined;
}

interface Carried {
  readonly cursors: readonly { readonly cursor: Cursor; readonly seq: number; readonly before: number }[];
  readonly put: readonly KeyedRecord[];
  readonly remove: readonly { readonly space: Space; readonly key: string }[];
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
  #put: KeyedRecord[] = [];
  #remove: { readonly space: Space; readonly key: string }[] = [];
  #removeCursors: string[] = [];
  #trimBelow: number | undefined;
  #forgetBefore: number | undefined;
  #tail: Promise<void> = Promise.resolve();

  constructor({ store, log, life, clock }: { store: EngineStore; log: MessageLog; life: Life; clock: Clock }) {
    this.#store = store;
    this.#log = log;
    this.#life = life;
    this.#clock = clock;
  }

  /**
   * Commits `batch`, then calls `apply`, after the `apply` of every batch before it. Rejects without calling it when the
   * store rejects.
   */
  async commit(batch: WriteBatch, apply: () => void, { at, onRefused }: CommitOptions = {}): Promise<void> {
    this.#life.assertMayAct();
    const carried = this.#takeCarried();
    const committed = this.#store.commit(withCarried(batch, carried), at ?? this.#clock.now());
    // The order of rejections does not matter to Node, which would otherwise report one that is not awaited yet.
    committed.catch(() => undefined);
    const settled = this.#settle(this.#tail, committed, { carried, apply, onRefused });
    this.#tail = settled.catch(() => undefined);
    await settled;
  }

  /** The cursor's position goes to the disk with the next batch. */
  markDirty(cursor: Cursor): void {
    if (!cursor.isEnded) this.#dirty.add(cursor);
  }

  putLater(record: KeyedRecord): void {
    this.#put.push(record);
  }

  removeLater(space: Space, key: string): void {
    this.#remove.push({ space, key });
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
    for (let round = 0; round < rounds && this.#hasCarried(); round += 1) await this.commit({}, () => undefined);
  }

  async #settle(
    before: Promise<void>,
    committed: Promise<void>,
    { carried, apply, onRefused }: Settling,
  ): Promise<void> {
    await before;
    try {
      await committed;
    } catch (error) {
      this.#restore(carried);
      if (isRefusal(error)) onRefused?.();
      throw this.#life.translate(isRefusal(error) ? error : asBroken(error));
    }
    if (this.#life.hasEnded) this.#life.assertMayAnswer();
    try {
      apply();
    } catch (cause) {
      throw this.#life.translate(new InvariantError('Cannot apply a committed batch', { cause }));
    }
  }

  #hasCarried(): boolean {
    if (this.#put.length > 0 || this.#remove.length > 0 || this.#removeCursors.length > 0) return true;
    if (this.#trimBelow !== undefined || this.#forgetBefore !== undefined) return true;
    for (const cursor of this.#dirty) {
      if (!cursor.isMoving && !cursor.isEnded) return true;
    }
    return false;
  }

  #takeCarried(): Carried {
    const cursors = this.#takeCursors();
    const backlogs = cursors.map(({ cursor, seq }) =>
      backlogChange(cursor, { position: seq, head: this.#log.head, gap: cursor.gap }),
    );
    const carried = {
      cursors,
      put: [...this.#put, ...backlogs.flatMap(({ put = [] }) => put)],
      remove: [...this.#remove, ...backlogs.flatMap(({ remove = [] }) => remove)],
      removeCursors: this.#removeCursors,
      trimBelow: this.#trimBelow,
      forgetRequestsBefore: this.#forgetBefore,
    };
    this.#put = [];
    this.#remove = [];
    this.#removeCursors = [];
    this.#trimBelow = undefined;
    this.#forgetBefore = undefined;
    return carried;
  }

  #takeCursors(): Carried['cursors'] {
    const taken: { cursor: Cursor; seq: number; before: number }[] = [];
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
    for (const { cursor, before } of cursors) {
      cursor.stored = Math.min(cursor.stored, before);
      // A record may be there, and is written or removed with the next try.
      cursor.hasRecord = true;
      this.markDirty(cursor);
    }
    this.#put.push(...put.filter(({ key }) => !cursors.some(({ cursor }) => cursor.id === key)));
    this.#remove.push(...remove);
    this.#removeCursors.push(...removeCursors);
    this.#trimBelow ??= trimBelow;
    this.#forgetBefore ??= forgetRequestsBefore;
  }
}

function withCarried(batch: WriteBatch, carried: Carried): WriteBatch {
  const { trimBelow, forgetRequestsBefore } = carried;
  // The store removes after it puts: what is put again must not be removed.
  const put = carried.put.filter(({ space, key }) => !isIn(batch.put, space, key));
  const isPut = (space: Space, key: string): boolean => isIn(batch.put, space, key) || isIn(put, space, key);
  const remove = carried.remove.filter(({ space, key }) => !isPut(space, key));
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
