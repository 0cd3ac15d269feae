import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf, messageOf } from '../../kernel/errors.ts';
import type { Ballast } from './ballast.ts';
import type { PackedBytes } from './bytes.ts';
import { type DecodedBatch, LogPacker, PagePacker, RESOURCE_SPACES, decodeGroup, encodePositions } from './codec.ts';
import { StoreFailure, failureOf } from './failures.ts';
import type { Calls, Failure, Outcome } from './protocol.ts';
import { type FoundDatabase, inspect, leaveSuspicion } from './inspection.ts';
import { openKept } from './kept-database.ts';
import { MarkFile, readMark } from './mark-file.ts';
import { startingPoint } from './regression.ts';
import { configure, installEpoch, type DatabaseIdentity } from './schema.ts';
import { type Statements, prepareStatements } from './statements.ts';

/** How long one statement waits for somebody else's lock, in milliseconds. Only this thread waits. */
const BUSY_TIMEOUT_MS = 250;
/** Records that are read at once; what is over the caller's bytes among them is read for nothing. */
const READ_TOGETHER = 32;
/** Positions, and records, that are read at once at activation. */
const LOAD_TOGETHER = 128;
/** Groups of requests that are read at once at activation: each has as many as were committed together. */
const REQUESTS_TOGETHER = 16;
/** A page of records ends when it has at least so many bytes: some hundred subscriptions. Larger ones stay in memory for longer. */
const PAGE_BYTES = 128 * 1024;
const FULL: Failure = { kind: 'full', message: 'the disk is full, and what grows is refused until there is space' };

/** What an opened database is made of. */
interface Opened {
  readonly db: Database.Database;
  readonly identity: DatabaseIdentity;
  readonly mark: MarkFile;
  readonly ballast: Ballast;
  readonly accepted: string | undefined;
}

/**
 * One connection to an engine's database, for one tenure. Lives in the engine's thread; every call blocks it.
 * Throws StoreFailure; after one of kind `broken` every later call throws it again.
 */
export class EngineDatabase {
  readonly epoch: number;
  /** What the database had lost, if the operator accepts that. */
  readonly accepted: string | undefined;
  readonly #directory: string;
  readonly #db: Database.Database;
  readonly #sql: Statements;
  readonly #mark: MarkFile;
  readonly #ballast: Ballast;
  #commits: number;
  #broken: StoreFailure | undefined;

  private constructor(directory: string, { db, identity, mark, ballast, accepted }: Opened) {
    this.#directory = directory;
    this.#db = db;
    this.#mark = mark;
    this.#ballast = ballast;
    this.epoch = identity.epoch;
    this.accepted = accepted;
    this.#commits = identity.commits;
    this.#sql = prepareStatements(db);
  }

  /**
   * Opens (or creates) engine.db in `directory` and installs the next epoch. When it returns, the epoch is on the disk,
   * and with it every commit of the old holder that this connection can see: one fsync covers the whole log before it.
   * A database that is damaged or behind its high-water mark is refused and left as it is.
   */
  static open(tenure: Calls['open']['request'], ballast: Ballast): EngineDatabase {
    try {
      return EngineDatabase.#open(tenure, ballast);
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.kind !== 'full' || !ballast.release()) throw error;
      return EngineDatabase.#open(tenure, ballast);
    }
  }

  static #open({ directory, engine, incarnation, ...tenure }: Calls['open']['request'], ballast: Ballast) {
    let db: Database.Database | undefined;
    try {
      const mark = readMark(join(directory, 'engine.hwm'));
      const found = inspect(directory, mark, tenure.bootId);
      const { onRegression } = tenure.tuning;
      assertOwner(found, engine);
      const start = startingPoint(found, { mark, leaseEpoch: tenure.knownEpoch, onRegression });
      db = openKept(join(directory, 'engine.db'), { timeout: BUSY_TIMEOUT_MS });
      configure(db);
      const identity = installEpoch(db, { engine, incarnation, start });
      const markFile = createMark(directory, identity, tenure.bootId);
      // The name of a new file is not on the disk before its directory is.
      syncDirectory(directory);
      syncDirectory(dirname(directory));
      return new EngineDatabase(directory, { db, identity, mark: markFile, ballast, accepted: start.accepted });
    } catch (error) {
      const failure = openingFailure(error);
      if (failure.kind === 'broken') leaveSuspicion(directory, failure.message);
      db?.close();
      throw failure;
    }
  }

  /** How many groups have ever been committed. */
  get commits(): number {
    return this.#commits;
  }

  /**
   * Applies the batches of a group in one transaction. When they do not all fit or one of them is impossible, each is
   * tried alone: what one asks for must not cost another its place. The outcomes are in the order of the batches.
   */
  commit(packed: PackedBytes): readonly Outcome[] {
    const group = decodeGroup(packed);
    const together = this.#attempt(group);
    const isWorthSplitting = together?.kind === 'full' || together?.kind === 'bug';
    if (group.length === 1 || !isWorthSplitting) return group.map(() => together);
    return group.map((batch) => this.#attempt([batch]));
  }

  load(): PackedBytes {
    return this.#guard(() => encodePositions(this.#sql.head.get() ?? 0, this.#positions()));
  }

  /**
   * Records from the one behind the id `place` on, and after the last of them the requests, whose `place` is the id of the first as a
   * negative number: ids begin at 1. Pages belong together only as long as nobody else may write.
   */
  page(place: number): PackedBytes {
    return this.#guard(() => {
      this.#assertFence();
      const page = new PagePacker(PAGE_BYTES + 48 * 1024);
      return page.finish(place < 0 ? this.#addRequests(page, -place) : this.#addRecords(page, place));
    });
  }

  #addRecords(page: PagePacker, after: number): number {
    let last = after;
    while (page.length < PAGE_BYTES) {
      const rows = this.#sql.records.all(last, LOAD_TOGETHER);
      for (const row of rows) page.add(row);
      if (rows.length < LOAD_TOGETHER) return -1;
      last = rows.at(-1)?.[0] ?? last;
    }
    return last;
  }

  #addRequests(page: PagePacker, from: number): number {
    let next = from;
    while (page.length < PAGE_BYTES) {
      const rows = this.#sql.requests.all(next, REQUESTS_TOGETHER);
      for (const row of rows) page.addRequests(row);
      if (rows.length < REQUESTS_TOGETHER) return 0;
      next = (rows.at(-1)?.[0] ?? next) + 1;
    }
    return -next;
  }

  read({ from, maxCount, maxBytes }: Omit<Calls['read']['request'], 'epoch'>): PackedBytes {
    return this.#guard(() => {
      const log = new LogPacker();
      let left = maxBytes;
      let isFirst = true;
      let wanted = Math.max(maxCount, 1);
      for (let next = from; wanted > 0;) {
        const rows = this.#sql.read.all(next, Math.min(wanted, READ_TOGETHER));
        for (const [seq, bytes] of rows) {
          left -= bytes.byteLength;
          if (left < 0 && !isFirst) return log.finish();
          isFirst = false;
          log.add(seq, bytes);
          next = seq + 1;
        }
        wanted -= rows.length;
        if (rows.length < READ_TOGETHER) break;
      }
      return log.finish();
    });
  }

  /** `seqs` ascending, each once. */
  pick(seqs: Float64Array): PackedBytes {
    return this.#guard(() => {
      const log = new LogPacker();
      for (const seq of seqs) {
        const bytes = this.#sql.pick.get(seq);
        if (bytes !== undefined) log.add(seq, bytes);
      }
      return log.finish();
    });
  }

  /** Brings the high-water mark to the disk. */
  syncMark(): void {
    this.#guard(() => {
      this.#mark.sync();
    });
  }

  /** Moves the write-ahead log into the database, as far as readers let it. */
  moveLog(): void {
    this.#guard(() => this.#db.pragma('wal_checkpoint(PASSIVE)'));
  }

  /** Moves the write-ahead log into the database and gives its space back, unless somebody reads from it now. */
  truncateLog(): void {
    this.#guard(() => this.#db.pragma('wal_checkpoint(TRUNCATE)'));
  }

  /** The size of the write-ahead log. */
  logBytes(): number {
    return statSync(join(this.#directory, 'engine.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Moves the log into the database as far as that goes at once, and closes. All that was committed is on the disk. */
  close(): void {
    try {
      if (this.#broken === undefined) this.#db.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // A full disk or a reader: the next opening reads the log instead.
    }
    this.#db.close();
    this.#mark.close(this.#broken === undefined);
  }

  /** All cursors, some at a time. */
  *#positions(): Iterable<readonly [id: string, seq: number][]> {
    for (let last: string | undefined = ''; last !== undefined;) {
      const rows: [id: string, seq: number][] = this.#sql.cursors.all(last, LOAD_TOGETHER);
      yield rows;
      last = rows.length < LOAD_TOGETHER ? undefined : rows.at(-1)?.[0];
    }
  }

  /** Null when the whole group is on the disk. */
  #attempt(group: readonly DecodedBatch[]): Outcome {
    if (this.#broken !== undefined) return outcomeOf(this.#broken);
    if (this.#ballast.isReleased && group.some((batch) => this.#grows(batch))) return FULL;
    const outcome = this.#tryToCommit(group);
    // What ends a delivery or frees space has the ballast to be written into.
    if (outcome?.kind !== 'full' || !this.#ballast.release()) return outcome;
    return this.#attempt(group);
  }

  #tryToCommit(group: readonly DecodedBatch[]): Outcome {
    try {
      this.#sql.begin.run();
      this.#assertFence();
      let head = this.#sql.head.get() ?? 0;
      this.#remember(group);
      for (const batch of group) head = this.#apply(batch, head);
      const commits = this.#sql.count.get() ?? 0;
      this.#sql.commit.run();
      this.#commits = commits;
      this.#mark.note(commits, head);
      return null;
    } catch (error) {
      return outcomeOf(this.#abandon(failureOf(error)));
    }
  }

  /** True when the batch adds to the log, or something to be kept until a client ends it. */
  #grows({ append, put }: DecodedBatch): boolean {
    const isNew = ({ space, key }: DecodedBatch['put'][number]): boolean =>
      RESOURCE_SPACES.has(space) && this.#sql.knows.get(space, key) === undefined;
    return append.length > 0 || put.some(isNew);
  }

  #assertFence(): void {
    const installed = this.#sql.fence.get();
    if (installed !== this.epoch) {
      throw new StoreFailure('lease-lost', `epoch ${String(installed)} is installed, this tenure has ${this.epoch}`);
    }
  }

  /** First of all, so that a batch may also forget what came with it. */
  #remember(group: readonly DecodedBatch[]): void {
    const remembering = group.filter(({ requests }) => requests.byteLength > 0);
    if (remembering.length === 0) return;
    const at = Math.max(...remembering.map((batch) => batch.at));
    this.#sql.remember.run(at, Buffer.concat(remembering.map(({ requests }) => requests)));
  }

  /** Returns the newest number of the log after the batch. */
  #apply(batch: DecodedBatch, head: number): number {
    let newest = head;
    for (const { seq, bytes } of batch.append) {
      if (!Number.isSafeInteger(seq) || seq <= newest) {
        throw new StoreFailure('bug', `log record ${seq} cannot follow ${newest}: expected a larger whole number`);
      }
      this.#sql.append.run(seq, bytes);
      newest = seq;
    }
    for (const { space, key, value } of batch.put) this.#sql.put.run(space, key, value);
    for (const { space, key } of batch.remove) this.#sql.remove.run(space, key);
    for (const { id, seq } of batch.cursors) this.#sql.moveCursor.run(id, seq);
    for (const id of batch.removeCursors) this.#sql.removeCursor.run(id);
    // The newest record is the memory of which numbers are used: it outlives every trim.
    if (batch.trimBelow !== undefined) this.#sql.trim.run(Math.min(batch.trimBelow, newest));
    if (batch.forgetRequestsBefore !== undefined) this.#sql.forget.run(batch.forgetRequestsBefore);
    return newest;
  }

  /** Undoes what the transaction did so far. If that fails too, the handle is of no more use. */
  #abandon(failure: StoreFailure): StoreFailure {
    try {
      if (this.#db.inTransaction) this.#sql.rollback.run();
    } catch (error) {
      return this.#breakWith(new StoreFailure('broken', `cannot roll back after "${failure.message}"`, error));
    }
    return failure.kind === 'broken' ? this.#breakWith(failure) : failure;
  }

  #breakWith(failure: StoreFailure): StoreFailure {
    this.#broken = failure;
    leaveSuspicion(this.#directory, failure.message);
    return failure;
  }

  #guard<T>(work: () => T): T {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return work();
    } catch (error) {
      throw this.#abandon(failureOf(error));
    }
  }
}

/** What crosses to the main thread: an Error would lose its kind there. */
export function outcomeOf({ kind, message }: Failure): Failure {
  return { kind, message };
}

function assertOwner(found: FoundDatabase, engine: string): void {
  if (found === 'nothing' || found.engine === engine) return;
  const message = `engine.db belongs to engine "${found.engine}", expected "${engine}": was it copied?`;
  throw new StoreFailure('refused', message);
}

function createMark(directory: string, identity: DatabaseIdentity, bootId: string | undefined): MarkFile {
  const { database, epoch, commits, head } = identity;
  const boot = bootId === undefined ? {} : { bootId };
  return new MarkFile(join(directory, 'engine.hwm'), { database, epoch, commits, head, isClean: false, ...boot });
}

/** A file that cannot be opened (permission, no directory) was not touched; nothing is broken yet. */
function openingFailure(error: unknown): StoreFailure {
  const failure = failureOf(error);
  const code = error instanceof Database.SqliteError ? error.code : '';
  const isUntouched = code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY');
  return isUntouched ? new StoreFailure('refused', `engine.db: ${failure.message}`, error) : failure;
}

function syncDirectory(path: string): void {
  const directory = openDirectory(path);
  try {
    fsyncSync(directory);
  } catch (error) {
    // Some file systems cannot sync a directory, and say so.
    if (codeOf(error) !== 'EINVAL') throw error;
  } finally {
    closeSync(directory);
  }
}

function openDirectory(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new StoreFailure('refused', `cannot open directory ${path}: ${messageOf(error)}`, error);
  }
}
