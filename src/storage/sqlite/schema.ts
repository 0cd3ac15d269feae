import type Database from 'better-sqlite3';
import { REQUEST_SPACE } from './codec.ts';
import { StoreFailure } from './failures.ts';

/** `PMSN`: says in the file's header whose it is (`file engine.db` shows it). */
const APPLICATION_ID = 0x504d534e;
const SCHEMA_VERSION = 1;
/** Older versions can lose the write-ahead log when two connections reset it at once. */
const OLDEST_SQLITE = '3.51.3';

const TABLES = `
  CREATE TABLE fence (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    engine TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    incarnation TEXT NOT NULL
  ) STRICT;
  CREATE TABLE log (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    space INTEGER NOT NULL,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (space, key)
  ) STRICT;
  CREATE INDEX request_at ON record (at) WHERE space = ${REQUEST_SPACE};
  CREATE TABLE cursor (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
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

/**
 * Creates what a new file lacks, makes sure that an old one is this engine's and has lost nothing, and installs the
 * next epoch: one transaction, so that a death in the middle leaves the old fence. Returns the epoch.
 */
export function installEpoch(
  db: Database.Database,
  tenure: { readonly engine: string; readonly incarnation: string; readonly knownEpoch: number },
): number {
  return db
    .transaction(() => {
      prepareTables(db, tenure.engine);
      const fence = readFence(db);
      if (fence.engine !== tenure.engine) {
        throw new StoreFailure(
          'refused',
          `engine.db belongs to engine "${fence.engine}", expected "${tenure.engine}": was it copied?`,
        );
      }
      if (fence.epoch < tenure.knownEpoch) {
        throw new StoreFailure(
          'broken',
          `engine.db knows epoch ${fence.epoch}, but engine.lease shows that epoch ${tenure.knownEpoch} was installed: ` +
            'the database is older than the lease, commits may be lost. To use it as it is, delete engine.lease',
        );
      }
      const epoch = fence.epoch + 1;
      db.prepare('UPDATE fence SET epoch = ?, incarnation = ?').run(epoch, tenure.incarnation);
      return epoch;
    })
    .immediate();
}

function prepareTables(db: Database.Database, engine: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version === SCHEMA_VERSION && db.pragma('application_id', { simple: true }) === APPLICATION_ID) return;
  const tables = Number(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());
  if (version !== 0 || tables !== 0) {
    throw new StoreFailure(
      'refused',
      `engine.db has schema version ${version} and ${tables} tables and indexes, expected version ${SCHEMA_VERSION} ` +
        'of Pointsman or an empty file',
    );
  }
  db.exec(TABLES);
  db.prepare("INSERT INTO fence (id, engine, epoch, incarnation) VALUES (1, ?, 0, '')").run(engine);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${SCHEMA_VERSION}`);
}

function readFence(db: Database.Database): { readonly engine: string; readonly epoch: number } {
  const row = db.prepare<[], { engine: string; epoch: number }>('SELECT engine, epoch FROM fence WHERE id = 1').get();
  if (row === undefined) throw new StoreFailure('broken', 'engine.db has lost its fence row');
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
