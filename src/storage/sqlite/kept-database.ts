import Database from 'better-sqlite3';

/**
 * Every connection and statement that this thread has made. Node.js 24.19 and newer abort the process when one of
 * better-sqlite3's objects is collected in a microtask (`RemoveEnvironmentCleanupHook`), and the last better-sqlite3 for
 * Node.js 20 will not be mended; so none of them may ever be collected. They are few: a connection and its
 * statements for each tenure. For the same reason nothing here iterates: an iterator is such an object too.
 */
const KEPT: unknown[] = [];

/** A connection that is never collected, nor anything that it prepares. Each pragma is prepared once. */
export function openKept(path: string, options: Database.Options): Database.Database {
  const db = new Database(path, options);
  KEPT.push(db);
  const prepareNew = db.prepare.bind(db) as (source: string) => Database.Statement;
  const prepare = (source: string): Database.Statement => {
    const statement = prepareNew(source);
    KEPT.push(statement);
    return statement;
  };
  const pragmas = new Map<string, Database.Statement>();
  const pragma = (source: string, { simple }: Database.PragmaOptions = {}): unknown => {
    const statement = pragmas.get(source) ?? prepare(`PRAGMA ${source}`);
    pragmas.set(source, statement);
    if (!statement.reader) return statement.run();
    return simple === true ? statement.pluck(true).get() : statement.pluck(false).all();
  };
  return Object.assign(db, { prepare, pragma });
}
