import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import { isAlive } from '../../test/support/cluster.ts';

/** What a process has said of itself, since it was asked before. */
export interface Insight {
  /** How many times it has been asked. */
  readonly asked: number;
  /** How late timers were, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of the heap that is in use, the main thread's only. Bytes. */
  readonly heapUsed: number;
}

/** What is loaded into each Node.js process beside its own program. Threads and processes that are not asked do nothing. */
const SCRIPT = `
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { renameSync, writeFileSync } from 'node:fs';
if (isMainThread) {
  const resolution = 1;
  const delay = monitorEventLoopDelay({ resolution });
  let asked = 0;
  process.on('SIGUSR2', () => {
    asked += 1;
    if (asked === 1) delay.enable();
    const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution);
    const [p50Ms, p99Ms, maxMs] = [delay.percentile(50), delay.percentile(99), delay.max].map(late);
    if (process.env.POINTSMAN_BENCH_COLLECT === 'yes') globalThis.gc();
    const { heapUsed } = process.memoryUsage();
    const file = process.env.POINTSMAN_BENCH_PROBE + '/' + process.pid + '.json';
    writeFileSync(file + '.new', JSON.stringify({ asked, p50Ms, p99Ms, maxMs, heapUsed }));
    renameSync(file + '.new', file);
    // How long this has taken is noted at the next tick, and does not belong to what comes.
    setTimeout(() => delay.reset(), 5);
  });
}`;

/** Looks into processes that know nothing of it: whoever is started with its environment can be asked. */
export class Probe implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'pointsman-probe-'));
  readonly #asked = new Map<number, number>();
  readonly environment: Readonly<Record<string, string>>;

  /** `isCollecting`: it collects its garbage before it says how large its heap is. */
  constructor({ isCollecting }: { readonly isCollecting: boolean }) {
    const options = `--import=data:text/javascript,${encodeURIComponent(SCRIPT)} --expose-gc`;
    this.environment = {
      POINTSMAN_BENCH_PROBE: this.#directory,
      POINTSMAN_BENCH_COLLECT: isCollecting ? 'yes' : 'no',
      NODE_OPTIONS: options,
    };
  }

  /** What the process has seen since it was asked before; the first time, and for its delays, that is nothing yet. */
  async ask(pid: number): Promise<Insight> {
    const asked = (this.#asked.get(pid) ?? 0) + 1;
    this.#asked.set(pid, asked);
    process.kill(pid, 'SIGUSR2');
    return eventually(`process ${pid} answers`, () => {
      if (!isAlive(pid)) throw new Error('It has ended');
      const insight = JSON.parse(readFileSync(join(this.#directory, `${pid}.json`), 'utf8')) as Insight;
      return insight.asked === asked ? insight : undefined;
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
