import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { InfrastructureError, codeOf, messageOf } from '../../kernel/errors.ts';
import type { Contender } from '../../cluster/ports/lease-store.ts';
import type { Life } from './machine.ts';

/** What engine.lease says. Only liveness: nothing is lost when it is. */
export interface LeaseRecord {
  readonly epoch: number;
  readonly counter: number;
  /** Undefined: given back. */
  readonly holder?: Contender & { readonly life: Life };
  readonly handoffTo?: string;
}

export const NO_LEASE: LeaseRecord = { epoch: 0, counter: 0 };

/** Every version of the file has this length, so that one can be written over another without new space. */
const FILE_BYTES = 1024;

/** Reads the file. No file, or one that a power failure left half written: nobody holds the lease. */
export function readLeaseFile(path: string): LeaseRecord {
  try {
    return parseLease(readFileSync(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return NO_LEASE;
    throw unavailable('read', path, error);
  }
}

/**
 * Replaces the file by a rename, so that no reader sees a half. Without fsync: it says who lives now, and a machine
 * that lost power has no holder. Only the holder of the engine's lock may call it.
 */
export function writeLeaseFile(path: string, record: LeaseRecord): void {
  const text = textOf(record);
  const next = `${path}.next`;
  try {
    try {
      writeFileSync(next, text);
      renameSync(next, path);
    } catch (error) {
      // A full disk must not look like a dead holder: the space that the file has is enough for its next version.
      if (!isOutOfSpace(error)) throw error;
      overwrite(path, text);
    }
  } catch (error) {
    throw unavailable('write', path, error);
  }
}

/**
 * Writes a renewal over the version before, under the rules of writeLeaseFile(). A rename costs milliseconds of the
 * main thread beside a busy disk, this costs microseconds. A reader that comes in the middle sees a mixture of the two,
 * at worst a file that says nothing: a renewal that it takes for a change is what it would have seen a moment later.
 */
export function renewLeaseFile(path: string, record: LeaseRecord): void {
  try {
    overwrite(path, textOf(record));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw unavailable('write', path, error);
    writeLeaseFile(path, record);
  }
}

function overwrite(path: string, text: string): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, text, 0);
  } finally {
    closeSync(file);
  }
}

function textOf(record: LeaseRecord): string {
  return JSON.stringify(record).padEnd(FILE_BYTES);
}

function parseLease(text: string): LeaseRecord {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) return NO_LEASE;
  const { epoch, counter, holder, handoffTo } = value as Partial<LeaseRecord>;
  if (!isCount(epoch) || !isCount(counter)) return NO_LEASE;
  return {
    epoch,
    counter,
    ...(isHolder(holder) ? { holder } : {}),
    ...(typeof handoffTo === 'string' ? { handoffTo } : {}),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isHolder(value: unknown): value is NonNullable<LeaseRecord['holder']> {
  if (typeof value !== 'object' || value === null) return false;
  const { server, incarnation, life } = value as Partial<NonNullable<LeaseRecord['holder']>>;
  if (typeof server !== 'string' || typeof incarnation !== 'string') return false;
  return typeof life === 'object' && typeof (life as Partial<Life> | null)?.pid === 'number';
}

function isOutOfSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');
}

function unavailable(verb: string, path: string, cause: unknown): InfrastructureError {
  return new InfrastructureError('store-unavailable', `Cannot ${verb} ${path}: ${messageOf(cause)}`, {
    processed: 'no',
    cause,
  });
}
