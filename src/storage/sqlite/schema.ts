import type Database from 'better-sqlite3';
import { randomId } from '../../kernel/ids.ts';
import { encodeRequest, REQUEST_SPACE } from './codec.ts';
import { StoreFailure } from './failures.ts';

/** `PMSN`: says in the file's header whose it is (`file engine.db` shows it). */
const APPLICATION_ID = 0x504d534e;
const SCHEMA_VERSION = 3;
/** It kept requests among the other records, with an index by their time. */
const OLD_VERSION = 2;
/** Older versions can lose the write-ahead log when two connections reset it at once. */
const OLDEST_SQLITE = '3.51.3';

const TABLES = `
  CREATE TABLE fence (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    engine TEXT NOT NULL,
    database TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    incarnation TEXT NOT NULL,
    commits INTEGER NOT NULL DEFAULT 0,
    floor INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE log (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    space INTEGER NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (space, key)
  ) STRICT;
  CREATE TABLE cursor (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;
/** A row for all requests of a group. They are never looked up, come in the order of their time, and leave in it. */
const REQUEST_TABLE = `
  CREATE TABLE request (id INTEGER PRIMARY KEY, at REAL NOT NULL, bytes BLOB NOT NULL) STRICT;
`;

/** Throws unless `version` of SQLite is one that may write an engine's database. */
export function assertSqliteVersion(version: string): void {
  if (compareVersions(version, OLDEST_SQLITE) < 0) {
    throw new StoreFailure('refused', `SQLite is version ${version}, expected ${OLDEST_SQLITE} or newer`);
  }
}

/** Sets what the durability of an acknowledged commit rests on, and makes sure that it took effect. */
export function configure(db: Database.Database): void {
  assertSqliteVersion(String(db.prepare('SELECT sqlite_version()').pluck().get()));
  db.pragma('mmap_size = 0');
  db.pragma('cell_size_check = ON');
  db.pragma('trusted_schema = OFF');
  expectPragma(db, 'journal_mode = WAL', 'wal');
  db.pragma('synchronous = FULL');
  expectPragma(db, 'synchronous', 2);
  // Only macOS knows these: there a plain fsync leaves the bytes in the drive's cache.
  db.pragma('fullfsync = ON');
  db.pragma('checkpoint_fullfsync = ON');
  db.pragma('wal_autocheckpoint = 1000');
  db.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
}

/** What a database says of itself. */
export interface DatabaseIdentity {
  readonly engine: string;
  /** A random id, given at its creation. */
  readonly database: string;
  readonly epoch: number;
  /** How many groups have been committed to it. */
  readonly commits: number;
  /** The newest number of the log; numbers begin above it. */
  readonly head: number;
}

/** Undefined: an empty file. Throws StoreFailure `refused` when the file is not a database of ours. */
export function readIdentity(db: Database.Database): DatabaseIdentity | undefined {
  return versionOf(db) === undefined ? undefined : identityOf(db);
}

/**
 * Creates what a new file lacks, or what has come since an older one was written, makes sure that it is this engine's, and installs an epoch above its own and
 * above `start.epoch`: one transaction, so that a death in the middle leaves the old fence.
 */
export function installEpoch(
  db: Database.Database,
  tenure: {
    readonly engine: string;
    readonly incarnation: string;
    readonly start: { readonly epoch: number; readonly head: number; readonly commits: number };
  },
): DatabaseIdentity {
  return db
    .transaction(() => {
      const version = versionOf(db);
      if (version === undefined) createTables(db, tenure.engine);
      const { engine, epoch, head, commits } = identityOf(db);
      if (engine !== tenure.engine) {
        throw new StoreFailure(
          'refused',
          `engine.db belongs to engine "${engine}", expected "${tenure.engine}": was it copied?`,
        );
      }
      if (version === OLD_VERSION) setRequestsApart(db);
      const { start } = tenure;
      db.prepare('UPDATE fence SET epoch = ?, incarnation = ?, commits = ?, floor = ?').run(
        Math.max(epoch, start.epoch) + 1,
        tenure.incarnation,
        Math.max(commits, start.commits),
        Math.max(head, start.head),
      );
      return identityOf(db);
    })
    .immediate();
}

/** Undefined: an empty file. */
function versionOf(db: Database.Database): number | undefined {
  const version = Number(db.pragma('user_version', { simple: true }));
  const isKnown = version === SCHEMA_VERSION || version === OLD_VERSION;
  if (isKnown && db.pragma('application_id', { simple: true }) === APPLICATION_ID) return version;
  const tables = Number(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());
  if (version === 0 && tables === 0) return undefined;
  throw new StoreFailure(
    'refused',
    `engine.db has schema version ${version} and ${tables} tables and indexes, expected version ${SCHEMA_VERSION} ` +
      'of Pointsman or an empty file',
  );
}

function createTables(db: Database.Database, engine: string): void {
  db.exec(TABLES + REQUEST_TABLE);
  db.prepare("INSERT INTO fence (id, engine, database, epoch, incarnation) VALUES (1, ?, ?, 0, '')").run(
    engine,
    randomId(),
  );
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${SCHEMA_VERSION}`);
}

/** Brings a database of the old version to this one. */
function setRequestsApart(db: Database.Database): void {
  db.exec(REQUEST_TABLE);
  const insert = db.prepare('INSERT INTO request (at, bytes) VALUES (?, ?)');
  const found = db
    .prepare<[], { key: string; at: number; value: Buffer }>(
      `SELECT key, at, value FROM record WHERE space = ${REQUEST_SPACE} ORDER BY at`,
    )
    .all();
  for (const { key, at, value } of found) insert.run(at, encodeRequest(key, value));
  db.exec(`
    DELETE FROM record WHERE space = ${REQUEST_SPACE};
    DROP INDEX request_at;
    ALTER TABLE record DROP COLUMN at;
  `);
  db.pragma(`user_version = ${SCHEMA_VERSION}`);
}

function identityOf(db: Database.Database): DatabaseIdentity {
  const row = db
    .prepare<[], DatabaseIdentity>(
      `SELECT engine, database, epoch, commits, max(floor, coalesce((SELECT max(seq) FROM log), 0)) AS head
       FROM fence WHERE id = 1`,
    )
    .get();
  if (row === undefined) throw new StoreFailure('refused', 'engine.db has lost its fence row');
  return row;
}

function expectPragma(db: Database.Database, pragma: string, expected: string | number): void {
  const found = db.pragma(pragma, { simple: true });
  if (found !== expected) {
    throw new StoreFailure('refused', `PRAGMA ${pragma} gave ${String(found)}, expected ${expected}`);
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (const at of [0, 1, 2]) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
