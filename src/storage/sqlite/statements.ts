import type Database from 'better-sqlite3';
import type { RecordRow, RequestRow } from './codec.ts';

type Change<P extends unknown[]> = Database.Statement<P>;
type Query<P extends unknown[], R> = Database.Statement<P, R>;

/** Every statement of an engine's database, prepared once per connection. */
export interface Statements {
  readonly begin: Change<[]>;
  readonly commit: Change<[]>;
  readonly rollback: Change<[]>;
  /** The epoch that may write. */
  readonly fence: Query<[], number>;
  /** Counts one more committed group; gives the count. */
  readonly count: Query<[], number>;
  /** The newest number of the log, or the one that it begins above. */
  readonly head: Query<[], number>;
  /** 1 when there is a record of that key. */
  readonly knows: Query<[space: number, key: string], number>;
  readonly append: Change<[seq: number, bytes: Uint8Array]>;
  readonly put: Change<[space: number, key: string, value: Uint8Array]>;
  readonly remember: Change<[at: number, bytes: Uint8Array]>;
  readonly remove: Change<[space: number, key: string]>;
  readonly moveCursor: Change<[id: string, seq: number]>;
  readonly removeCursor: Change<[id: string]>;
  readonly trim: Change<[below: number]>;
  readonly forget: Change<[before: number]>;
  readonly cursors: Query<[after: string, count: number], [id: string, seq: number]>;
  readonly records: Query<[after: number, count: number], RecordRow>;
  readonly requests: Query<[from: number, count: number], RequestRow>;
  readonly read: Query<[from: number, count: number], [seq: number, bytes: Buffer]>;
  readonly pick: Query<[seq: number], Buffer>;
}

/** Prepares them; the tables must exist. */
export function prepareStatements(db: Database.Database): Statements {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    fence: db.prepare<[], number>('SELECT epoch FROM fence WHERE id = 1').pluck(),
    count: db.prepare<[], number>('UPDATE fence SET commits = commits + 1 WHERE id = 1 RETURNING commits').pluck(),
    head: db
      .prepare<[], number>('SELECT max(floor, coalesce((SELECT max(seq) FROM log), 0)) FROM fence WHERE id = 1')
      .pluck(),
    knows: db.prepare<[number, string], number>('SELECT 1 FROM record WHERE space = ? AND key = ?').pluck(),
    append: db.prepare('INSERT INTO log (seq, bytes) VALUES (?, ?)'),
    put: db.prepare(
      `INSERT INTO record (space, key, value) VALUES (?, ?, ?)
       ON CONFLICT (space, key) DO UPDATE SET value = excluded.value`,
    ),
    remember: db.prepare('INSERT INTO request (at, bytes) VALUES (?, ?)'),
    remove: db.prepare('DELETE FROM record WHERE space = ? AND key = ?'),
    moveCursor: db.prepare(
      'INSERT INTO cursor (id, seq) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq',
    ),
    removeCursor: db.prepare('DELETE FROM cursor WHERE id = ?'),
    trim: db.prepare('DELETE FROM log WHERE seq < ?'),
    // Up to the first that is young enough: no row behind it has to be looked at.
    forget: db.prepare(
      `DELETE FROM request
       WHERE id < coalesce((SELECT id FROM request WHERE at >= ? ORDER BY id LIMIT 1), ${Number.MAX_SAFE_INTEGER})`,
    ),
    cursors: db
      .prepare<[string, number], [string, number]>('SELECT id, seq FROM cursor WHERE id > ? ORDER BY id LIMIT ?')
      .raw(),
    records: db
      .prepare<[number, number], RecordRow>('SELECT id, space, key, value FROM record WHERE id > ? ORDER BY id LIMIT ?')
      .raw(),
    requests: db
      .prepare<[number, number], RequestRow>('SELECT id, bytes FROM request WHERE id >= ? ORDER BY id LIMIT ?')
      .raw(),
    read: db
      .prepare<[number, number], [number, Buffer]>('SELECT seq, bytes FROM log WHERE seq >= ? ORDER BY seq LIMIT ?')
      .raw(),
    pick: db.prepare<[number], Buffer>('SELECT bytes FROM log WHERE seq = ?').pluck(),
  };
}
