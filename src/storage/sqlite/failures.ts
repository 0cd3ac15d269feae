import Database from 'better-sqlite3';
import { InfrastructureError, InvariantError, StoreBrokenError, codeOf, messageOf } from '../../kernel/errors.ts';
import type { Failure, FailureKind } from './protocol.ts';

/** A failure on its way through the thread. */
export class StoreFailure extends Error implements Failure {
  override readonly name = 'StoreFailure';
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

/**
 * What an error of the database means. Only codes that surely leave the file as it was are anything but `broken`:
 * after a failed fsync or read nobody knows what is on the disk.
 */
export function failureOf(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  if (error instanceof Database.SqliteError) {
    return new StoreFailure(kindOfCode(error.code), `SQLite says ${error.code}: ${error.message}`, error);
  }
  // A system error (a directory that cannot be synced) has a code; anything else is ours.
  return new StoreFailure(codeOf(error) === undefined ? 'bug' : 'broken', messageOf(error), error);
}

/** The error that the engine gets to see. */
export function errorOf(engine: string, failure: Failure): Error {
  const message = `Store of engine "${engine}": ${failure.message}`;
  switch (failure.kind) {
    case 'lease-lost':
      return new InfrastructureError('lease-lost', message, { processed: 'no' });
    case 'full':
      return new InfrastructureError('store-full', message, { processed: 'no' });
    case 'busy':
    case 'refused':
      return new InfrastructureError('store-unavailable', message, { processed: 'no' });
    case 'bug':
      return new InvariantError(message);
    case 'broken':
      return new StoreBrokenError(message);
  }
}

/** True for "somebody else has it locked". */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

function kindOfCode(code: string): FailureKind {
  if (code === 'SQLITE_FULL') return 'full';
  if (code.startsWith('SQLITE_BUSY')) return 'busy';
  if (code.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_MISMATCH' || code === 'SQLITE_TOOBIG') return 'bug';
  return 'broken';
}
