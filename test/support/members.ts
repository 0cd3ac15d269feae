import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MemberEvent } from '../../src/app/member-events.ts';
import { eventually } from './eventually.ts';

const PROGRAM = 'dist/main.js';

/** One port of this machine that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/**
 * Members started one by one, as on hosts of their own: each with its own topology file, so that what lies between two
 * of them (a relay, say) is seen by one side only. They share a store directory. Nobody starts them again.
 */
export class SeparateMembers implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'pointsman-'));
  readonly #children = new Map<string, ChildProcess>();
  readonly #events = new Map<string, MemberEvent[]>();
  #stderr = '';

  /** What everything printed to standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /**
   * Starts a member over `topology` (the text of a file) and waits until it serves and runs the `engines` named. `key`: what
   * it is called here, if that is not its name.
   */
  async start(
    role: 'server' | 'proxy',
    name: string,
    topology: string,
    engines: readonly string[] = [],
    key = name,
  ): Promise<void> {
    const file = join(this.directory, `${key}.yaml`);
    writeFileSync(file, topology);
    const child = spawn(process.execPath, [PROGRAM, role, name, '--topology', file, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, POINTSMAN_DATA: join(this.directory, 'data'), POINTSMAN_LOG: 'warn' },
    });
    this.#children.set(key, child);
    const events: MemberEvent[] = [];
    this.#events.set(key, events);
    createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as MemberEvent));
    child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    await eventually(
      `${name} serves`,
      () => {
        if (child.exitCode !== null) throw new Error(`It ended with ${String(child.exitCode)}: ${this.#stderr}`);
        const runs = (engine: string): boolean =>
          events.some((event) => event.event === 'engine' && event.name === engine);
        return events.some(({ event }) => event === 'serving') && engines.every(runs);
      },
      30_000,
    );
  }

  /** The epochs in which it has run the engine. */
  epochsOf(key: string, engine: string): readonly number[] {
    const events = this.#events.get(key) ?? [];
    return events.flatMap((event) => (event.event === 'engine' && event.name === engine ? [event.epoch] : []));
  }

  /** The process of a member that runs. */
  pidOf(key: string): number {
    return this.#children.get(key)!.pid!;
  }

  /** Ends a member at once, or sends it another signal. Waits until it is gone if it is killed. */
  async kill(key: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#children.get(key)!;
    child.kill(signal);
    if (signal === 'SIGKILL' && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of this.#children.keys()) await this.kill(key);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
