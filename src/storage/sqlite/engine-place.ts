import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InfrastructureError, InvariantError, messageOf } from '../../kernel/errors.ts';
import { NAME_PATTERN } from '../../kernel/names.ts';
import type { Logger } from '../../kernel/log.ts';
import { DatabaseThread } from './database-thread.ts';
import { EngineLock } from './engine-lock.ts';
import { type LeaseRecord, readLeaseFile, renewLeaseFile, writeLeaseFile } from './lease-file.ts';
import type { StoreTuning } from './protocol.ts';

/**
 * The directory of one engine, and what this process has of it: the lock and lease files, used on the main thread so
 * that a blocked event loop looks as frozen as it is, and the thread in which alone the database is opened.
 *
 * Nothing here may open engine.db or engine.lock but SQLite: closing a file drops every lock that the process has on it.
 */
export class EnginePlace {
  readonly engine: string;
  readonly directory: string;
  readonly lock: EngineLock;
  readonly thread: DatabaseThread;
  /** The epoch for which the thread has the database open with no store over it yet. */
  openedEpoch: number | undefined;
  readonly #leasePath: string;
  readonly #lockPath: string;

  readonly tuning: StoreTuning;

  /** Creates the directory when it is not there. */
  constructor(parent: string, engine: string, { tuning, logger }: { tuning: StoreTuning; logger: Logger }) {
    if (!NAME_PATTERN.test(engine))
      throw new InvariantError(`"${engine}" is no engine name, expected ${NAME_PATTERN.source}`);
    this.engine = engine;
    this.tuning = tuning;
    this.directory = join(parent, engine);
    this.#lockPath = join(this.directory, 'engine.lock');
    this.#leasePath = join(this.directory, 'engine.lease');
    createDirectory(this.directory);
    this.lock = new EngineLock(this.#lockPath);
    this.thread = new DatabaseThread(engine, logger);
  }

  readLease(): LeaseRecord {
    return readLeaseFile(this.#leasePath);
  }

  /** Only with the lock. */
  writeLease(record: LeaseRecord): void {
    writeLeaseFile(this.#leasePath, record);
  }

  /** Moves the counter. Only with the lock. */
  renewLease(record: LeaseRecord): void {
    renewLeaseFile(this.#leasePath, record);
  }

  /** The inode of the lock file, as the kernel's list of locks shows it. */
  lockInode(): number {
    return statSync(this.#lockPath).ino;
  }

  /**
   * Takes the database that the thread has opened for `epoch`; whoever takes it closes it. False: it is not open for
   * this epoch, or somebody has taken it.
   */
  claimOpened(epoch: number): boolean {
    if (this.openedEpoch !== epoch) return false;
    this.openedEpoch = undefined;
    return true;
  }

  /** Closes the database if it was opened for `epoch` and nobody has taken it. */
  async closeUnclaimed(epoch: number): Promise<void> {
    if (this.claimOpened(epoch)) await this.thread.call('close', { epoch });
  }

  /** Drops everything as the death of the process would: the lease file stays as it is. */
  async dispose(): Promise<void> {
    // The database first: who sees the lock free may count on it.
    await this.thread.dispose();
    this.lock.close();
  }
}

/** Creates a directory and those above it. */
export function createDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new InfrastructureError('store-unavailable', `Cannot create directory ${path}: ${messageOf(cause)}`, {
      processed: 'no',
      cause,
    });
  }
}
