import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InfrastructureError } from '../../kernel/errors.ts';
import { type BackupManifest, readBackup, sync, unusable, verify } from './backup.ts';
import { EngineLock } from './engine-lock.ts';
import { createDirectory } from './engine-place.ts';
import { errorOf, failureOf } from './failures.ts';
import { openKept } from './kept-database.ts';
import { readLeaseFile } from './lease-file.ts';
import { assertLocalDisk } from './local-disk.ts';
import { createMarkFile, readMark, type FoundMark } from './mark-file.ts';
import { SKIPPED_NUMBERS } from './regression.ts';
import { configure, readIdentity, type DatabaseIdentity } from './schema.ts';
import { randomId } from '../../kernel/ids.ts';

/** What a restoration did. */
export interface Restoration {
  readonly backup: BackupManifest;
  /** What the high-water mark of the replaced database said; undefined: there was none that can be read. */
  readonly replaced: { readonly epoch: number; readonly commits: number; readonly head: number } | undefined;
  /** Where the replaced files are now; undefined: there were none. */
  readonly keptIn: string | undefined;
}

export interface RestorationOptions {
  /** Of the store. */
  readonly directory: string;
  readonly engine: string;
  /** The folder of the engine's backup. */
  readonly from: string;
  /** True: also when that takes something away that was acknowledged after the backup. */
  readonly isForced: boolean;
}

/** Servers that cannot use the files look at the lock now and then. */
const LOCK_TRIES = 40;
const LOCK_PAUSE_MS = 25;
const OLD_FILES = ['engine.db', 'engine.db-wal', 'engine.db-shm', 'engine.hwm', 'engine.suspect'];

/**
 * Puts a backup in the place of an engine's database. Needs the engine's lock, so it must run nowhere; a death in the
 * middle leaves either the old files or an engine that is refused. Numbers of the log that may have been given away
 * after the backup are not used again. The old files are kept beside. Rejects with InfrastructureError.
 */
export async function restoreEngine({ directory, engine, from, isForced }: RestorationOptions): Promise<Restoration> {
  const backup = await readBackup(from);
  if (backup.engine !== engine) throw unusable(from, `it is of engine "${backup.engine}", expected "${engine}"`);
  const place = join(directory, engine);
  createDirectory(place);
  assertLocalDisk(place);
  const lock = new EngineLock(join(place, 'engine.lock'));
  try {
    if (!(await takeLock(lock))) throw refusal(engine, 'it runs; stop the servers that may host it, then try again');
    const mark = readMark(join(place, 'engine.hwm'));
    const known = typeof mark === 'string' ? undefined : mark;
    if (known !== undefined && known.commits > backup.commits && !isForced) {
      throw refusal(engine, `${newerText(known, backup)}. With --force that is given up`);
    }
    const restored = prepareCopy(place, from, newestOf(backup, mark, readLeaseFile(join(place, 'engine.lease')).epoch));
    const keptIn = setAside(place);
    renameSync(join(place, 'engine.db.restored'), join(place, 'engine.db'));
    createMarkFile(join(place, 'engine.hwm'), { ...markOf(restored), isClean: true });
    sync(place);
    const replaced = known && { epoch: known.epoch, commits: known.commits, head: known.head };
    return { backup, replaced, keptIn };
  } finally {
    lock.close();
  }
}

/** What is in the database that a backup would replace, and not in the backup. */
export function newerText(
  found: Pick<DatabaseIdentity, 'commits' | 'head'>,
  backup: Pick<DatabaseIdentity, 'commits' | 'head'>,
): string {
  return `the commits ${backup.commits + 1} to ${found.commits} (log numbers above ${backup.head}, up to ${found.head}) are newer than the backup`;
}

function refusal(engine: string, why: string): InfrastructureError {
  return new InfrastructureError('store-unavailable', `Engine "${engine}" was not restored: ${why}`, {
    processed: 'no',
  });
}

async function takeLock(lock: EngineLock): Promise<boolean> {
  for (let tries = 0; tries < LOCK_TRIES; tries += 1) {
    if (lock.tryTake()) return true;
    await sleep(LOCK_PAUSE_MS);
  }
  return false;
}

/** From where the restored database goes on: above all that was ever given away. */
function newestOf(backup: BackupManifest, mark: FoundMark, leaseEpoch: number) {
  const known = typeof mark === 'string' ? backup : mark;
  return {
    epoch: Math.max(backup.epoch, known.epoch, leaseEpoch),
    commits: Math.max(backup.commits, known.commits) + 1,
    floor: Math.max(backup.head, known.head) + SKIPPED_NUMBERS,
  };
}

/** A copy of the backup beside the database, with the numbers that it goes on from. */
function prepareCopy(place: string, from: string, { epoch, commits, floor }: ReturnType<typeof newestOf>) {
  const path = join(place, 'engine.db.restored');
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  writeFileSync(path, readFileSync(join(from, 'engine.db')));
  try {
    verify(path);
    const db = openKept(path, { fileMustExist: true });
    try {
      configure(db);
      const change = 'UPDATE fence SET epoch = ?, commits = ?, floor = ?, database = ? WHERE id = 1';
      db.prepare(change).run(epoch, commits, floor, randomId());
      db.pragma('wal_checkpoint(TRUNCATE)');
      const identity = readIdentity(db);
      if (identity === undefined) throw unusable(from, 'it is empty');
      return identity;
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof InfrastructureError) throw error;
    throw errorOf('', failureOf(error));
  }
}

function markOf({ database, epoch, commits, head }: DatabaseIdentity) {
  return { database, epoch, commits, head };
}

/** Nothing is deleted: an operator may want to look at what was there. */
function setAside(place: string): string | undefined {
  const found = OLD_FILES.filter((name) => existsSync(join(place, name)));
  if (found.length === 0) return undefined;
  const keptIn = join(place, `replaced-${new Date().toISOString().replaceAll(':', '-')}`);
  mkdirSync(keptIn);
  for (const name of found) renameSync(join(place, name), join(keptIn, name));
  return keptIn;
}
