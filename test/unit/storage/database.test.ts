import { copyFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { InfrastructureError, StoreBrokenError } from '../../../src/kernel/errors.ts';
import { errorOf, failureOf } from '../../../src/storage/sqlite/failures.ts';
import { assertSqliteVersion, configure } from '../../../src/storage/sqlite/schema.ts';
import { keyed, loaded, readable } from '../../contract/store-contents.ts';
import { activate, deactivate } from '../../contract/storage-world.ts';
import { sqliteMember, temporaryDirectory } from './fixtures/places.ts';
import { openKept } from '../../../src/storage/sqlite/kept-database.ts';

/** An engine directory with two commits in it, all closed. */
async function filled(directory: string, engine = 'ME1'): Promise<void> {
  await using member = sqliteMember(directory);
  const active = await activate(member, engine);
  await active.store.commit({ append: [{ seq: 1, bytes: Buffer.from('one') }] }, 0);
  await active.store.commit({ append: [{ seq: 2, bytes: Buffer.alloc(50_000, 'x') }] }, 0);
  await deactivate(active);
}

async function failureToAcquire(directory: string, engine = 'ME1'): Promise<Error> {
  await using member = sqliteMember(directory);
  const failure: unknown = await member.storage.leases.acquire(engine, member.contender).then(
    () => new Error('It was acquired'),
    (error: unknown) => error,
  );
  // Whatever was wrong, the lock is not kept.
  expect((await member.storage.leases.observe(engine)).isFree).toBe(true);
  return failure as Error;
}

/** Makes of a database what this program wrote before requests had a table of their own. */
function makeOld(path: string, requests: readonly { readonly key: string; readonly at: number }[]): void {
  const db = openKept(path, {});
  db.exec(`
    DROP TABLE request;
    ALTER TABLE record ADD COLUMN at REAL NOT NULL DEFAULT 0;
    CREATE INDEX request_at ON record (at) WHERE space = 4;
    PRAGMA user_version = 2;
  `);
  const insert = db.prepare('INSERT INTO record (space, key, at, value) VALUES (4, ?, ?, ?)');
  for (const { key, at } of requests) insert.run(key, at, Buffer.from(`the reply to ${key}`));
  db.close();
}

const bytesOf = (path: string): Buffer | undefined => (existsSync(path) ? readFileSync(path) : undefined);

describe('engine.db', () => {
  it('is written in a way that survives a power failure', () => {
    using directory = temporaryDirectory();
    const db = openKept(join(directory.path, 'engine.db'), {});
    configure(db);
    const pragmas = [
      ['journal_mode', 'wal'],
      ['synchronous', 2],
      ['mmap_size', 0],
      ['cell_size_check', 1],
      ['trusted_schema', 0],
      ['wal_autocheckpoint', 1000],
      ['journal_size_limit', 67_108_864],
    ] as const;
    for (const [name, expected] of pragmas) expect(db.pragma(name, { simple: true }), name).toBe(expected);
    db.close();
  });

  it('is refused where the write-ahead log cannot be had', () => {
    const db = openKept(':memory:', {});
    expect(() => {
      configure(db);
    }).toThrow('PRAGMA journal_mode = WAL gave memory, expected wal');
    db.close();
  });

  it('is refused by an SQLite that may lose the log', () => {
    for (const version of ['3.51.2', '3.50.9', '2.99.99', '3.9.99', '']) {
      expect(() => {
        assertSqliteVersion(version);
      }, version).toThrow('expected 3.51.3 or newer');
    }
    for (const version of ['3.51.3', '3.52.0', '4.0.0', '3.100.0']) assertSqliteVersion(version);
  });

  it('is closed with its log moved into it', async () => {
    using directory = temporaryDirectory();
    await filled(directory.path);
    expect(existsSync(join(directory.path, 'ME1', 'engine.db-wal'))).toBe(false);
    expect(statSync(join(directory.path, 'ME1', 'engine.db')).size).toBeGreaterThan(50_000);
  });

  it('is brought to this version with its requests, which go by age as new ones do', async () => {
    using directory = temporaryDirectory();
    await filled(directory.path);
    makeOld(join(directory.path, 'ME1', 'engine.db'), [
      { key: 'Notify/young', at: 2000 },
      { key: 'Notify/old', at: 1000 },
    ]);
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const found = await loaded(active.store);
    expect(found.head).toBe(2);
    expect(found.records.map(({ space, key, value }) => [space, key, readable(value)])).toEqual([
      ['request', 'Notify/old', 'the reply to Notify/old'],
      ['request', 'Notify/young', 'the reply to Notify/young'],
    ]);
    await active.store.commit({ put: [keyed('current', 'topic')], forgetRequestsBefore: 2000 }, 3000);
    expect((await loaded(active.store)).records.map(({ key }) => key)).toEqual(['topic', 'Notify/young']);
    await deactivate(active);
  });

  it('gives back requests of many groups, in several pages, the latest of a key last', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const put = (group: number) =>
      Array.from({ length: 50 }, (_, at) => keyed('request', `Notify/${at % 49}`.padEnd(200, 'x'), `${group}`));
    for (let group = 0; group < 40; group += 1) await active.store.commit({ put: put(group) }, group);
    const { pages } = await active.store.load();
    const values: string[] = [];
    let count = 0;
    for await (const page of pages) {
      count += 1;
      values.push(...page.map(({ value }) => readable(value)));
    }
    expect(count).toBeGreaterThan(3);
    expect(values).toEqual(Array.from({ length: 2000 }, (_, at) => `${Math.floor(at / 50)}`));
    await deactivate(active);
  });

  it("F20: is refused when it is another engine's", async () => {
    using directory = temporaryDirectory();
    await filled(directory.path, 'ME2');
    await filled(directory.path, 'ME1');
    copyFileSync(join(directory.path, 'ME2', 'engine.db'), join(directory.path, 'ME1', 'engine.db'));
    const failure = await failureToAcquire(directory.path);
    expect(failure).toBeInstanceOf(InfrastructureError);
    expect(failure).toMatchObject({ code: 'store-unavailable', processed: 'no' });
    expect(failure.message).toContain('belongs to engine "ME2", expected "ME1"');
    await filled(directory.path, 'ME2').catch(() => undefined);
  });

  it("is refused when it is another program's or a newer version's", async () => {
    using directory = temporaryDirectory();
    await filled(directory.path);
    const path = join(directory.path, 'ME1', 'engine.db');
    let db = openKept(path, {});
    db.pragma('user_version = 4');
    db.close();
    expect((await failureToAcquire(directory.path)).message).toContain('schema version 4');
    rmSync(path);
    db = openKept(path, {});
    db.exec('CREATE TABLE somebody (else_s)');
    db.close();
    expect((await failureToAcquire(directory.path)).message).toContain('0 and 1 tables');
  });

  it.each(['no database at all', 'a damaged header', 'a damaged page', 'cut short', 'empty', 'gone'])(
    'F20: is refused and left alone when it is %s',
    async (damage) => {
      using directory = temporaryDirectory();
      await filled(directory.path);
      const path = join(directory.path, 'ME1', 'engine.db');
      const bytes = readFileSync(path);
      if (damage === 'no database at all') writeFileSync(path, 'This is a text, and a long one at that. '.repeat(200));
      if (damage === 'a damaged header')
        writeFileSync(path, Buffer.concat([Buffer.from('SQLite format 2'), bytes.subarray(15)]));
      if (damage === 'a damaged page')
        writeFileSync(
          path,
          bytes.map((byte, at) => (at < 4096 ? byte : 0xa5)),
        );
      if (damage === 'cut short') truncateSync(path, 4096);
      if (damage === 'empty') truncateSync(path, 0);
      if (damage === 'gone') rmSync(path);
      const before = bytesOf(path);
      const failure = await failureToAcquire(directory.path);
      expect(failure).toMatchObject({ code: 'store-unavailable', processed: 'no' });
      expect(failure.message).toMatch(
        ['empty', 'gone'].includes(damage) ? /REGRESSED: engine\.db is missing or empty/ : /engine\.db is damaged/,
      );
      expect(failure.message).toContain('pointsman restore');
      expect(bytesOf(path)).toEqual(before);
    },
  );

  it('is refused when it is older than the lease, even without a mark', async () => {
    using directory = temporaryDirectory();
    await filled(directory.path);
    const path = join(directory.path, 'ME1', 'engine.db');
    const old = readFileSync(path);
    await filled(directory.path).catch(() => undefined);
    writeFileSync(path, old);
    rmSync(join(directory.path, 'ME1', 'engine.hwm'));
    const failure = await failureToAcquire(directory.path);
    expect(failure.message).toContain('ends with epoch 1, engine.lease shows that epoch 2 was installed');
  });

  it('F18: tells a lock held by somebody else from damage, waits for it a little, and stays usable', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const intruder = openKept(join(directory.path, 'ME1', 'engine.db'), {});
    intruder.exec('BEGIN IMMEDIATE');
    const batch = { append: [{ seq: 1, bytes: Buffer.from('x') }] };
    const outcomes = await Promise.allSettled([active.store.commit(batch, 0), active.store.commit({}, 0)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store-unavailable', processed: 'no' } });
    }
    intruder.exec('ROLLBACK');
    intruder.close();
    await active.store.commit(batch, 0);
    await deactivate(active);
  });

  it('gives up for good when it is damaged while it is open', async () => {
    using directory = temporaryDirectory();
    await filled(directory.path);
    await using member = sqliteMember(directory.path);
    const { lease, store } = await activate(member, 'ME1');
    const intruder = openKept(join(directory.path, 'ME1', 'engine.db'), {});
    intruder.exec('DROP TABLE cursor');
    intruder.close();
    await expect(store.load()).rejects.toBeInstanceOf(StoreBrokenError);
    await expect(store.commit({}, 0)).rejects.toBeInstanceOf(StoreBrokenError);
    await expect(store.read(0, 1, 1)).rejects.toBeInstanceOf(StoreBrokenError);
    await store.close();
    await lease.release();
    await expect(member.storage.leases.acquire('ME1', member.contender)).rejects.toBeInstanceOf(StoreBrokenError);
  });

  it('maps what SQLite says to what it means, and the unknown to broken', () => {
    const kinds: Record<string, string> = {
      SQLITE_FULL: 'full',
      SQLITE_BUSY: 'busy',
      SQLITE_BUSY_SNAPSHOT: 'busy',
      SQLITE_CONSTRAINT_PRIMARYKEY: 'bug',
      SQLITE_IOERR_FSYNC: 'broken',
      SQLITE_IOERR_WRITE: 'broken',
      SQLITE_IOERR_SHMSIZE: 'broken',
      SQLITE_CORRUPT: 'broken',
      SQLITE_NOTADB: 'broken',
      SQLITE_READONLY_DBMOVED: 'broken',
      SQLITE_NOMEM: 'broken',
      SQLITE_SOMETHING_NEW: 'broken',
    };
    for (const [code, kind] of Object.entries(kinds)) {
      const failure = failureOf(new Database.SqliteError('said', code));
      expect(failure.kind, code).toBe(kind);
      expect(errorOf('ME1', failure).message).toBe(`Store of engine "ME1": SQLite says ${code}: said`);
    }
  });
});

describe('group commit', () => {
  it('commits that wait share one', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const COUNT = 400;
    const PAGE = 4096;
    const wal = join(directory.path, 'ME1', 'engine.db-wal');
    await active.store.commit({ append: [{ seq: 1, bytes: Buffer.from('x') }] }, 0);
    const before = statSync(wal).size;
    const commits = Array.from({ length: COUNT }, (_, at) =>
      active.store.commit({ append: [{ seq: at + 2, bytes: Buffer.from('x') }] }, 0),
    );
    await Promise.all(commits);
    // A commit alone writes at least the page that it changes.
    expect(statSync(wal).size - before).toBeLessThan((COUNT / 10) * PAGE);
    await deactivate(active);
  });

  it('settles in the order of the calls when one group goes ahead of the answer to another, and closes behind all', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const COUNT = 600;
    const settled: number[] = [];
    for (let seq = 1; seq <= COUNT; seq += 1) {
      const committed = active.store.commit({ append: [{ seq, bytes: Buffer.from('x') }] }, 0);
      void committed.then(() => settled.push(seq));
      // What comes in one turn is a group; several turns pass until the first is on the disk.
      if (seq % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await active.store.close();
    expect(settled).toEqual(Array.from({ length: COUNT }, (_, at) => at + 1));
    await deactivate(active);
  });

  it('takes groups of any size, and loads 100,000 subscriptions', { timeout: 60_000 }, async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const COUNT = 100_000;
    const value = Buffer.alloc(300, 's');
    const commits = Array.from({ length: COUNT / 10 }, (_, at) =>
      active.store.commit(
        {
          put: Array.from({ length: 10 }, (__, of) => ({
            space: 'subscription' as const,
            key: `s${at * 10 + of}`,
            value,
          })),
          cursors: Array.from({ length: 10 }, (__, of) => ({ id: `s${at * 10 + of}`, seq: at })),
        },
        0,
      ),
    );
    await Promise.all(commits);
    const state = await loaded(active.store);
    expect([state.records.length, state.cursors.length]).toEqual([COUNT, COUNT]);
    expect(new Set(state.records.map(({ key }) => key)).size).toBe(COUNT);
    await deactivate(active);
  });

  it('gives no page of records to a tenure that another has followed', async () => {
    using directory = temporaryDirectory();
    await using member = sqliteMember(directory.path);
    const active = await activate(member, 'ME1');
    const put = Array.from({ length: 1_000 }, (_, at) => ({
      ...{ space: 'subscription' as const, key: `s${at}`, value: Buffer.alloc(1_000) },
    }));
    await active.store.commit({ put }, 0);
    const { pages } = await active.store.load();
    const other = openKept(join(directory.path, 'ME1', 'engine.db'), {});
    other.prepare('UPDATE fence SET epoch = epoch + 1').run();
    other.close();
    const reading = (async () => {
      let count = 0;
      for await (const page of pages) count += page.length;
      return count;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'lease-lost', processed: 'no' });
    await deactivate(active);
  });
});
