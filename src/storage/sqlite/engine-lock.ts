import { setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import { InfrastructureError, messageOf } from '../../kernel/errors.ts';
import { isBusy } from './failures.ts';
import { openKept } from './kept-database.ts';

const PATIENT_TRIES = 40;
const PATIENT_PAUSE_MS = 25;

/**
 * The exclusive lock of an engine: a transaction on a tiny SQLite file, never committed. The kernel ends it with the
 * process, whatever that process died of, and not before its last thread has stopped writing. Every call takes
 * microseconds and never waits.
 */
export class EngineLock {
  readonly #path: string;
  #connection: Database.Database | undefined;

  /** The directory of `path` must exist before the first call. */
  constructor(path: string) {
    this.#path = path;
  }

  /** True while this object has the lock. */
  get isHeld(): boolean {
    return this.#connection?.inTransaction ?? false;
  }

  /** True when nobody has the lock. */
  isFree(): boolean {
    // Reading takes a shared lock for a moment: two observers do not take each other for a holder.
    return !this.isHeld && this.#attempt((connection) => connection.pragma('schema_version'));
  }

  /** Takes the lock. False: somebody else has it, or looked at it in this very moment. */
  tryTake(): boolean {
    if (this.isHeld) return false;
    return this.#attempt((connection) => {
      // Nothing is ever written: no journal file, which a full disk could refuse and a death would leave behind.
      connection.pragma('journal_mode = MEMORY');
      connection.exec('BEGIN EXCLUSIVE');
    });
  }

  /** Takes the lock from those who only look at it, which servers do many times a second. False: it is held. */
  async take(): Promise<boolean> {
    for (let tries = 0; tries < PATIENT_TRIES; tries += 1) {
      if (this.tryTake()) return true;
      await sleep(PATIENT_PAUSE_MS);
    }
    return false;
  }

  /** Gives the lock back, if this object has it. */
  giveBack(): void {
    if (this.isHeld) this.#connection?.exec('ROLLBACK');
  }

  /** Gives the lock back and closes the file. */
  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #attempt(work: (connection: Database.Database) => unknown): boolean {
    try {
      this.#connection ??= openKept(this.#path, { timeout: 0 });
      work(this.#connection);
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      throw new InfrastructureError('store-unavailable', `Cannot lock ${this.#path}: ${messageOf(error)}`, {
        processed: 'no',
        cause: error,
      });
    }
  }
}
