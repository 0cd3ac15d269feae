import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreFailure, failureOf } from './failures.ts';
import { openKept } from './kept-database.ts';
import type { FoundMark } from './mark-file.ts';
import { assertSqliteVersion, readIdentity, type DatabaseIdentity } from './schema.ts';

/** A database up to this size is checked at every opening: about 60 ms, measured with 1,000-byte records. */
const ALWAYS_CHECKED_BYTES = 32 * 1024 * 1024;
const BUSY_TIMEOUT_MS = 250;

/** What is in the place of engine.db before anybody writes to it. `nothing`: no file, or an empty one. */
export type FoundDatabase = DatabaseIdentity | 'nothing';

/**
 * Looks at engine.db without changing it or its write-ahead log, so that what cannot be used is left as it was found.
 * Throws StoreFailure `refused` when it is damaged or not ours.
 */
export function inspect(directory: string, mark: FoundMark, bootId: string | undefined): FoundDatabase {
  const path = join(directory, 'engine.db');
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes === 0) return 'nothing';
  let db: Database.Database | undefined;
  try {
    // Only a death while the file was made, before it had a write-ahead log, leaves a journal: it has to be undone first.
    const readonly = !existsSync(`${path}-journal`);
    db = openKept(path, { readonly, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    assertSqliteVersion(String(db.prepare('SELECT sqlite_version()').pluck().get()));
    db.pragma('cell_size_check = ON');
    if (isDoubtful(directory, mark, bootId) || bytes <= ALWAYS_CHECKED_BYTES) check(db, directory);
    return readIdentity(db) ?? 'nothing';
  } catch (error) {
    throw damageOf(error);
  } finally {
    db?.close();
  }
}

/** Remembers that this process could no longer trust the file: the next one checks all of it. */
export function leaveSuspicion(directory: string, reason: string): void {
  try {
    writeFileSync(suspicionOf(directory), `${reason}\n`);
  } catch {
    // A disk that fails may refuse this too; the mark is not clean either.
  }
}

/** Runs SQLite's own check over the whole file. Throws StoreFailure `refused` with what it finds first. */
export function assertSound(db: Database.Database): void {
  const found = String(db.pragma('quick_check(1)', { simple: true }));
  if (found !== 'ok') throw new StoreFailure('refused', damaged(found));
}

function check(db: Database.Database, directory: string): void {
  assertSound(db);
  rmSync(suspicionOf(directory), { force: true });
}

/**
 * A process that was killed leaves what the kernel has, whole: a takeover need not check. A machine that lost its power,
 * a disk that failed and a file of unknown origin are another matter.
 */
function isDoubtful(directory: string, mark: FoundMark, bootId: string | undefined): boolean {
  if (existsSync(suspicionOf(directory)) || typeof mark === 'string') return true;
  return !mark.isClean && (bootId === undefined || mark.bootId !== bootId);
}

function damageOf(error: unknown): StoreFailure {
  const failure = failureOf(error);
  const code = error instanceof Database.SqliteError ? error.code : '';
  const isDamage = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_ERROR'].some((known) => code.startsWith(known));
  if (isDamage) return new StoreFailure('refused', damaged(failure.message), error);
  const isUntouched = code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY');
  return isUntouched ? new StoreFailure('refused', `engine.db: ${failure.message}`, error) : failure;
}

function damaged(what: string): string {
  return `engine.db is damaged: ${what}. Nothing was changed; restore a backup with "pointsman restore"`;
}

function suspicionOf(directory: string): string {
  return join(directory, 'engine.suspect');
}
