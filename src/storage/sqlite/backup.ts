import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InfrastructureError, codeOf, messageOf } from '../../kernel/errors.ts';
import { StoreFailure } from './failures.ts';
import { assertSound } from './inspection.ts';
import { openKept } from './kept-database.ts';
import { readIdentity, type DatabaseIdentity } from './schema.ts';

/** What the manifest of a backup says: which state of which database it is, and how to tell that it is whole. */
export interface BackupManifest extends DatabaseIdentity {
  /** Of the manifest. */
  readonly version: 1;
  /** When the copy was begun: what was acknowledged before is in it. ISO 8601. */
  readonly begunAt: string;
  readonly pointsman: string;
  readonly sqlite: string;
  /** Of engine.db, in hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

const BUSY_TIMEOUT_MS = 250;

/** What to copy, and where to. */
export interface BackupRequest {
  /** The engine's directory in the store. */
  readonly source: string;
  /** Created; must not be there, or be empty. */
  readonly target: string;
  /** The version of this program, for the manifest. */
  readonly pointsman: string;
}

/**
 * Copies an engine's database as it is at one moment, whether or not an engine writes to it meanwhile. Only SQLite opens
 * the database. Blocks while it copies. Throws StoreFailure.
 */
export async function copyDatabase({ source, target, pointsman }: BackupRequest): Promise<BackupManifest> {
  createEmpty(target);
  const begunAt = new Date().toISOString();
  const copy = join(target, 'engine.db');
  const db = openKept(join(source, 'engine.db'), { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    db.prepare('VACUUM INTO ?').run(copy);
  } finally {
    db.close();
  }
  const { identity, sqlite } = verify(copy);
  sync(copy);
  const sums = await checksum(copy);
  const manifest: BackupManifest = { version: 1, ...identity, begunAt, pointsman, sqlite, ...sums };
  const path = join(target, 'manifest.json');
  writeFileSync(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
  sync(path);
  sync(target);
  return manifest;
}

/** Reads a backup and makes sure that it is whole. Throws InfrastructureError `store-unavailable` when it is not. */
export async function readBackup(directory: string): Promise<BackupManifest> {
  const manifest = parseManifest(join(directory, 'manifest.json'));
  const copy = join(directory, 'engine.db');
  const { sha256, bytes } = await checksum(copy).catch((error: unknown) => {
    throw unusable(directory, messageOf(error));
  });
  if (sha256 !== manifest.sha256 || bytes !== manifest.bytes) {
    throw unusable(directory, `engine.db has the checksum ${sha256}, its manifest says ${manifest.sha256}`);
  }
  return manifest;
}

/** Checks a database that nobody else has open: SQLite's own check, and that it is one of ours. */
export function verify(path: string): { readonly identity: DatabaseIdentity; readonly sqlite: string } {
  const db = openKept(path, { readonly: true, fileMustExist: true });
  try {
    assertSound(db);
    const identity = readIdentity(db);
    if (identity === undefined) throw new StoreFailure('refused', `${path} is empty`);
    return { identity, sqlite: String(db.prepare('SELECT sqlite_version()').pluck().get()) };
  } finally {
    db.close();
  }
}

/** Brings a file or a directory to the disk. Never for a file that SQLite has open. */
export function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The error of a backup that cannot be used. */
export function unusable(directory: string, why: string): InfrastructureError {
  const message = `The backup in ${directory} cannot be used: ${why}`;
  return new InfrastructureError('store-unavailable', message, { processed: 'no' });
}

function createEmpty(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    const found = readdirSync(directory);
    if (found.length === 0) return;
    throw new StoreFailure('refused', `${directory} is not empty, found ${found[0] ?? ''}`);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    throw new StoreFailure('refused', messageOf(error), error);
  }
}

function parseManifest(path: string): BackupManifest {
  try {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Partial<BackupManifest>;
    if (manifest.version === 1 && typeof manifest.engine === 'string') return manifest as BackupManifest;
    throw new Error(`found manifest version ${String(manifest.version)}, expected 1`);
  } catch (error) {
    throw unusable(join(path, '..'), messageOf(error));
  }
}

async function checksum(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      hash.update(chunk);
    }
  });
  return { sha256: hash.digest('hex'), bytes };
}
