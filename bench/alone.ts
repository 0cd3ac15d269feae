/** What is measured in a process of its own: `runAlone` starts it, and it writes what it found as JSON. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MessagingEngine } from '../src/engine/engine.ts';
import type { EngineStore } from '../src/engine/ports/engine-store.ts';
import { subscriptionRecord } from '../src/engine/subscriptions.ts';
import { MemoryMedium } from '../src/storage/memory/memory-medium.ts';
import { XPathSandbox } from '../src/xml/xpath/sandbox.ts';
import { OpenStore } from './load/sqlite-store.ts';
import { engineOptions, MatchingEngine, memoryStore } from './matching-engine.ts';
import { missingFilter, mixedFilter } from './workload.ts';

type Figures = Readonly<Record<string, number>>;

/** Runs one of the measurements below in a new process. */
export async function runAlone(what: 'memory' | 'distinct' | 'restart', count: number): Promise<Figures> {
  const script = fileURLToPath(import.meta.url);
  const args = ['--expose-gc', '--import', 'tsx', script, what, String(count)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Figures;
}

/** Writes the records of as many subscriptions. */
async function fill(store: EngineStore, xpath: XPathSandbox, count: number, filterOf = mixedFilter): Promise<void> {
  const maker = await MatchingEngine.create(xpath, 0, mixedFilter);
  for (let from = 0; from < count; from += 1000) {
    const some = Array.from({ length: Math.min(1000, count - from) }, (_, index) => {
      const subscription = maker.subscribe(from + index, filterOf(from + index));
      maker.parts.subscriptions.remove(subscription);
      return subscription;
    });
    const cursors = some.map(({ id }) => ({ id, seq: 0 }));
    await store.commit({ put: some.map((one) => subscriptionRecord(one)), cursors }, Date.now());
  }
}

/** Bytes of a subscription in an engine that has loaded it, and of its record in a store in memory. */
async function memory(xpath: XPathSandbox, count: number, filterOf: typeof mixedFilter): Promise<Figures> {
  const medium = new MemoryMedium();
  const store = await memoryStore(medium);
  const before = used();
  await fill(store, xpath, count, filterOf);
  const filled = used();
  const engine = new MessagingEngine(engineOptions(xpath, store));
  await engine.start();
  const started = used();
  await engine.stop();
  // Both are still referred to here, so that they were in memory when it was measured.
  if (medium.engine(engine.name).records.size < count) throw new Error('Records are missing');
  return { engine: (started - filled) / count, record: (filled - before) / count };
}

/** Milliseconds from opening the store of as many subscriptions to an engine that takes requests. */
async function restart(xpath: XPathSandbox, count: number): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'pointsman-bench-'));
  try {
    {
      await using first = await OpenStore.open(directory);
      await fill(first.store, xpath, count);
    }
    used();
    const at = performance.now();
    await using second = await OpenStore.open(directory);
    const engine = new MessagingEngine(engineOptions(xpath, second.store));
    await engine.start();
    const elapsed = performance.now() - at;
    await engine.stop();
    return { restart: elapsed };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Bytes in use when everything that nobody refers to is gone. */
function used(): number {
  for (let time = 0; time < 3; time += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what, count] = process.argv.slice(2);
  const xpath = new XPathSandbox();
  await xpath.start();
  const filterOf = what === 'distinct' ? missingFilter : mixedFilter;
  const figures = await (what === 'restart' ? restart(xpath, Number(count)) : memory(xpath, Number(count), filterOf));
  await xpath.dispose();
  process.stdout.write(JSON.stringify(figures));
}
