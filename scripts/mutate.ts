/**
 * Breaks the safety code, one rule at a time, in a copy of the tree, and shows that a test turns red.
 * `npm run test:mutations [-- TEXT]` (only rules with the text). Exit code 1 when a mutation survives or its place is not found any more.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Mutation {
  /** The rule that is broken. */
  readonly rule: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Test files or folders of which at least one test must fail. */
  readonly tests: readonly string[];
}

const MUTATIONS: readonly Mutation[] = [
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
    from: '      await committed;\n',
    to: '',
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
    from: 'return replyOf(known);',
    to: 'void replyOf(known);',
    tests: ['test/unit/engine'],
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

const project = resolve(import.meta.dirname, '..');
const place = mkdtempSync(join(tmpdir(), 'pointsman-mutations-'));
const copy = join(place, 'pointsman');

interface Outcome {
  readonly verdict: 'red' | 'SURVIVED' | 'UNCLEAR';
  /** The first test that failed, or what there is to see. */
  readonly told: string;
}

function outcomeOf(tests: readonly string[]): Outcome {
  const { status, stdout } = spawnSync(
    'npx',
    ['vitest', 'run', '--project', 'fast', '--bail', '1', '--reporter', 'tap-flat', ...tests],
    { cwd: copy, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  if (status === 0) return { verdict: 'SURVIVED', told: tests.join(', ') };
  // Files that --bail cut short count as not ok too; a test of its own has its name behind the file's.
  const failed = stdout.split('\n').find((line) => line.startsWith('not ok') && line.includes(' > '));
  if (failed === undefined)
    return { verdict: 'UNCLEAR', told: `The run failed, but no test did: ${stdout.slice(-500)}` };
  return { verdict: 'red', told: failed.replace(/^not ok \d+ - | # time.*$/g, '') };
}

const [wanted = ''] = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ rule }) => rule.includes(wanted));
let survivors = 0;
try {
  for (const name of [
    'src',
    'test',
    'wsdl',
    'topologies',
    'docs',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
  ]) {
    cpSync(join(project, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  for (const { rule, file, from, to, tests } of chosen) {
    const path = join(copy, file);
    const original = readFileSync(path, 'utf8');
    if (!original.includes(from)) {
      console.log(`GONE      ${rule}: ${file} has no "${from.trim()}"`);
      survivors += 1;
      continue;
    }
    writeFileSync(path, original.replaceAll(from, to));
    const { verdict, told } = outcomeOf(tests);
    writeFileSync(path, original);
    if (verdict !== 'red') survivors += 1;
    console.log(`${verdict.padEnd(9)} ${rule}\n          ${told}`);
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
console.log(`${String(chosen.length - survivors)} of ${String(chosen.length)} mutations turn a test red`);
process.exitCode = survivors === 0 ? 0 : 1;
