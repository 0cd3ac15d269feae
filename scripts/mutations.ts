/** One rule, and how to break it. */
export interface Mutation {
  /** The rule that is broken. */
  readonly rule: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Test files or folders of which at least one test must fail. */
  readonly tests: readonly string[];
}

/** The rules of the safety code. `from` is in the file as it is, which `test/meta/mutations.test.ts` checks. */
export const MUTATIONS: readonly Mutation[] = [
  {
    rule: 'every write transaction checks the fence (SQLite)',
    file: 'src/storage/sqlite/engine-database.ts',
    from: 'if (installed !== this.epoch) {',
    to: 'if (installed === undefined) {',
    tests: ['test/contract/sqlite.test.ts'],
  },
  {
    rule: 'every write checks the fence (memory)',
    file: 'src/storage/memory/memory-engine-store.ts',
    from: 'if (disk.epoch !== this.epoch || ',
    to: 'if (',
    tests: ['test/contract/memory.test.ts'],
  },
  {
    rule: 'nothing is acknowledged before the commit (engine)',
    file: 'src/engine/writer.ts',
    from: '      committed.then(',
    to: '      committed.catch(() => undefined);\n      Promise.resolve().then(',
    tests: ['test/unit/engine/delivery-model.test.ts'],
  },
  {
    rule: 'nothing is acknowledged before the commit (SQLite)',
    file: 'src/storage/sqlite/engine-database.ts',
    from: '      this.#sql.commit.run();\n',
    to: '      this.#sql.rollback.run();\n',
    tests: ['test/contract/sqlite.test.ts'],
  },
  {
    rule: 'routes are accepted only with a higher epoch (proxy)',
    file: 'src/cluster/engine-directory.ts',
    from: 'known === undefined || news.epoch > known.epoch',
    to: 'known === undefined || news.epoch !== known.epoch',
    tests: ['test/unit/proxy', 'test/unit/cluster'],
  },
  {
    rule: 'a request id has one effect (dedupe)',
    file: 'src/engine/request-memory.ts',
    from: 'return Promise.resolve(replyOf(known));',
    to: 'void replyOf(known);',
    tests: ['test/unit/engine'],
  },
  {
    rule: 'a remembered request is on the disk with its effect (SQLite)',
    file: 'src/storage/sqlite/engine-database.ts',
    from: '      this.#remember(group);\n',
    to: '',
    tests: ['test/contract/sqlite.test.ts'],
  },
  {
    rule: 'what had come counts when a connection breaks (wire)',
    file: 'src/wire/link.ts',
    from: '    this.#takeRest(Infinity);\n',
    to: '',
    tests: ['test/unit/wire'],
  },
  {
    rule: 'what a flush leads to is flushed (wire)',
    file: 'src/wire/outbox.ts',
    from: '    if (this.#scheduled > 0) process.nextTick(this.#flushIfDue);\n',
    to: '',
    tests: ['test/unit/wire'],
  },
  {
    rule: 'a retry of unknown outcome keeps its engine (proxy)',
    file: 'src/proxy/relay-request.ts',
    from: 'router.choose(key, pinned)',
    to: 'router.choose(key)',
    tests: ['test/unit/proxy'],
  },
  {
    rule: 'what a link resends is recognised (high-water mark)',
    file: 'src/engine/publishing.ts',
    from: 'const isNew = seq > last;',
    to: 'const isNew = true;',
    tests: ['test/unit/engine'],
  },
  {
    rule: 'a tenure looks at the clock itself before each push',
    file: 'src/delivery/deliverer.ts',
    from: 'tenure.isCurrent()',
    to: 'true',
    tests: ['test/unit/delivery'],
  },
  {
    rule: 'a commit is on the disk when it is acknowledged (SQLite)',
    file: 'src/storage/sqlite/schema.ts',
    from: "db.pragma('synchronous = FULL');\n  expectPragma(db, 'synchronous', 2);",
    to: "db.pragma('synchronous = OFF');",
    tests: ['test/unit/storage/database.test.ts'],
  },
  {
    rule: 'a database behind its high-water mark is refused',
    file: 'src/storage/sqlite/regression.ts',
    from: 'found.commits >= mark.commits',
    to: 'true',
    tests: ['test/unit/storage/regression.test.ts'],
  },
  {
    rule: 'the mark is not behind what was acknowledged',
    file: 'src/storage/sqlite/engine-database.ts',
    from: '      this.#mark.note(commits, head);\n',
    to: '',
    tests: ['test/unit/storage/regression.test.ts'],
  },
  {
    rule: 'a full disk takes the ballast',
    file: 'src/storage/sqlite/engine-database.ts',
    from: "outcome?.kind !== 'full' || !this.#ballast.release()",
    to: 'true',
    tests: ['test/unit/storage/full-disk.test.ts'],
  },
  {
    rule: 'a restored database never gives a log number again',
    file: 'src/storage/sqlite/engine-restoration.ts',
    from: ' + SKIPPED_NUMBERS',
    to: ' - SKIPPED_NUMBERS',
    tests: ['test/unit/storage/backup.test.ts'],
  },
  {
    rule: 'nothing is pushed while its delivery cannot be recorded',
    file: 'src/engine/pushes.ts',
    from: 'if (!writer.canMark) return false;',
    to: '',
    tests: ['test/unit/engine/outbox.test.ts'],
  },
  {
    rule: 'a holder stops itself before its TTL ends (guard)',
    file: 'src/cluster/lease-manager.ts',
    from: 'const lifeMs = times.ttlMs - times.guardMs;',
    to: 'const lifeMs = times.ttlMs;',
    tests: ['test/unit/cluster/lease-model.test.ts'],
  },
  {
    rule: 'each acquisition raises the epoch',
    file: 'src/storage/memory/memory-storage.ts',
    from: 'disk.epoch += 1;',
    to: 'disk.epoch += disk.epoch === 0 ? 1 : 0;',
    tests: ['test/unit/cluster/lease-model.test.ts'],
  },
  {
    rule: 'a holder that has renewed since it was observed is not evicted (SQLite)',
    file: 'src/storage/sqlite/sqlite-lease-store.ts',
    from: '    found.counter === observed.counter &&\n',
    to: '',
    tests: ['test/unit/storage/eviction.test.ts'],
  },
  {
    rule: 'only a process with the right start time is killed',
    file: 'src/storage/sqlite/machine.ts',
    from: 'return startTicksOf(life.pid) === life.startTicks;',
    to: 'return startTicksOf(life.pid) !== undefined;',
    tests: ['test/unit/storage/eviction.test.ts'],
  },
  {
    rule: 'only a process that has the lock is killed',
    file: 'src/storage/sqlite/machine.ts',
    from: 'return holders.length > 0 && !holders.includes(pid);',
    to: 'return false;',
    tests: ['test/unit/storage/frozen.test.ts'],
  },
  {
    rule: 'a jump of the clocks is noticed before the next push',
    file: 'src/cluster/lease-tenure.ts',
    from: 'Math.abs(jumpMs) <= this.#driftMs',
    to: 'Math.abs(jumpMs) <= Infinity',
    tests: ['test/unit/cluster/lease-model.test.ts'],
  },
  {
    rule: 'a subscription whose filter cannot be evaluated now reads the message again',
    file: 'src/engine/distribution.ts',
    from: 'if (cursor.fallBehind(entry.seq)) this.#onBehind(cursor);',
    to: 'void cursor;',
    tests: ['test/unit/engine/undecided.test.ts'],
  },
  {
    rule: 'what could not be evaluated is not remembered as false',
    file: 'src/engine/contents.ts',
    from: 'if (result !== undefined) this.#judged.results.set(content, result);',
    to: 'this.#judged.results.set(content, result === true);',
    tests: ['test/unit/engine/undecided.test.ts'],
  },
  {
    rule: 'reading ends before what cannot be evaluated',
    file: 'src/engine/cursor.ts',
    from: '    this.#leave();\n    this.#scanned = seq - 1;\n    return true;',
    to: '    this.#leave();\n    this.#scanned = seq;\n    return true;',
    tests: ['test/unit/engine/undecided.test.ts'],
  },
  {
    rule: 'a topic expression that cannot be evaluated loses no message',
    file: 'src/wsn/topics/topic-set.ts',
    from: 'if (error instanceof InfrastructureError) return undefined;',
    to: 'if (error instanceof InfrastructureError) return NO_TOPICS;',
    tests: ['test/unit/engine/undecided.test.ts'],
  },
  {
    rule: 'the log is trimmed',
    file: 'src/engine/maintenance.ts',
    from: '    writer.trimLater(this.#trimmedBelow);\n',
    to: '',
    tests: ['test/unit/storage/growth.test.ts'],
  },
  {
    rule: 'a process waits for the end of its database thread',
    file: 'src/storage/sqlite/database-thread.ts',
    from: 'this.#waiting.size === 0 && !this.#isDisposed',
    to: 'this.#waiting.size === 0',
    tests: ['test/unit/kernel/ending-threads.test.ts'],
  },
];
