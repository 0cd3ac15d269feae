import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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
  /** What was newer than the backup and is lost, as far as the high-water mark of the replaced database tells. */
  readonly lost?: string;
  /** Where the replaced files are now, if there were any. */
  readonly keptIn?: string;
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
    if (!(await lock.take())) throw refusal(engine, 'it runs; stop the servers that may host it, then try again');
    const mark = readMark(join(place, 'engine.hwm'));
    const lost = lossOf(mark, backup);
    if (lost !== undefined && !isForced) throw refusal(engine, `${lost}. With --force that is given up`);
    const restored = prepareCopy(place, from, newestOf(backup, mark, readLeaseFile(join(place, 'engine.lease')).epoch));
    const keptIn = setAside(place);
    renameSync(join(place, 'engine.db.restored'), join(place, 'engine.db'));
    createMarkFile(join(place, 'engine.hwm'), { ...markOf(restored), isClean: true });
    sync(place);
    return { backup, ...(lost === undefined ? {} : { lost }), ...(keptIn === undefined ? {} : { keptIn }) };
  } finally {
    lock.close();
  }
}

/** What the replaced database had, and the backup has not. */
function lossOf(mark: FoundMark, { commits, head }: BackupManifest): string | undefined {
  if (typeof mark === 'string' || mark.commits <= commits) return undefined;
  const numbers = mark.head > head ? ` and the log numbers ${head + 1} to ${mark.head}` : '';
  return `newer than the backup are the commits ${commits + 1} to ${mark.commits}${numbers}`;
}

function refusal(engine: string, why: string): InfrastructureError {
  return new InfrastructureError('store-unavailable', `Engine "${engine}" was not restored: ${why}`, {
    processed: 'no',
  });
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
  copyFileSync(join(from, 'engine.db'), path);
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
