import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { UpEvent } from '../../src/app/supervisor.ts';
import { eventually } from './eventually.ts';

const PROGRAM = 'dist/main.js';
/** Ports that one topology may take, from its base on; the last of them is held by who has chosen them. */
const PORT_SPAN = 40;

export interface ClusterOptions {
  /** Text appended to the topology file. */
  readonly extra?: string;
  /** Replacements in the topology file. */
  readonly replace?: readonly (readonly [string | RegExp, string])[];
  readonly isRestarting?: boolean;
  /** Beside this process's own environment, for all members. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the topology file and the store go; removed at the end. */
  readonly directory?: string;
  /** Learns of everything that the supervisor reports, also beyond a restart of all. */
  readonly onEvent?: (event: UpEvent) => void;
}

/** A cluster of real operating-system processes, started by the built command line. */
export class TestCluster implements AsyncDisposable {
  readonly directory: string;
  readonly file: string;
  readonly events: UpEvent[] = [];
  #up: ChildProcess | undefined;
  readonly #ports: PortSpan;
  readonly #options: ClusterOptions;
  #stderr = '';

  private constructor(directory: string, file: string, ports: PortSpan, options: ClusterOptions) {
    this.directory = directory;
    this.file = file;
    this.#ports = ports;
    this.#options = options;
  }

  /** Starts `topologies/<kind>.yaml` on ports and in a directory of its own, and waits until it serves. */
  static async start(kind: string, options: ClusterOptions = {}): Promise<TestCluster> {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'pointsman-'));
    let text = readFileSync(`topologies/${kind}.yaml`, 'utf8');
    for (const [from, to] of options.replace ?? []) text = text.replaceAll(from, to);
    const file = join(directory, `${kind}.yaml`);
    writeFileSync(file, `${text}\n${options.extra ?? ''}`);
    const cluster = new TestCluster(directory, file, await takePorts(), options);
    await cluster.up();
    return cluster;
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      ...this.#options.environment,
      POINTSMAN_PORT_BASE: String(this.#ports.base),
      POINTSMAN_DATA: join(this.directory, 'data'),
      POINTSMAN_LOG: process.env['POINTSMAN_LOG'] ?? 'warn',
    };
  }

  /** What everything printed to standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The process that supervises; undefined when there is none. */
  get supervisorPid(): number | undefined {
    return this.#up?.exitCode === null && this.#up.signalCode === null ? this.#up.pid : undefined;
  }

  get members(): readonly string[] {
    return [...this.#ready.servers, ...this.#ready.proxies].map(({ name }) => name);
  }

  /** Starts (again) over the same store. */
  async up(): Promise<void> {
    const args = [
      PROGRAM,
      'up',
      this.file,
      '--json',
      ...(this.#options.isRestarting === false ? ['--no-restart'] : []),
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: this.environment });
    this.#up = child;
    this.events.length = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as UpEvent;
      this.events.push(event);
      this.#options.onEvent?.(event);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      if (process.env['POINTSMAN_LOG'] !== undefined) process.stderr.write(chunk);
    });
    await eventually(
      'the cluster is ready, or has ended',
      () => child.exitCode !== null || this.events.some(({ event }) => event === 'ready'),
      30_000,
    );
    // A topology that cannot start says why at once, and nothing is gained by waiting on.
    if (child.exitCode !== null) throw new Error(`It ended with ${String(child.exitCode)}: ${this.#stderr}`);
  }

  /** Writes another topology file in the place of the old one, as editors do: by a rename. */
  rewrite(change: (text: string) => string): void {
    const aside = `${this.file}.new`;
    writeFileSync(aside, change(readFileSync(this.file, 'utf8')));
    renameSync(aside, this.file);
  }

  /** SIGHUP to the supervisor. */
  hangUp(): void {
    this.#up?.kill('SIGHUP');
  }

  /** What became of the topology files that the supervisor read while it ran. */
  get reloads(): readonly Extract<UpEvent, { event: 'reload' }>[] {
    return this.events.filter((event) => event.event === 'reload');
  }

  /** The front door. */
  get url(): string {
    return this.#ready.proxies[0]!.url;
  }

  get proxyUrls(): readonly string[] {
    return this.#ready.proxies.map(({ url }) => url);
  }

  serverUrl(name: string): string {
    return this.#ready.servers.find((server) => server.name === name)!.url;
  }

  /** The process id of a member's present life. */
  pidOf(name: string): number {
    const again = this.events.findLast((event) => isStart(event) && event.name === name);
    if (again !== undefined && isStart(again)) return again.pid;
    return [...this.#ready.servers, ...this.#ready.proxies].find((member) => member.name === name)!.pid;
  }

  /** Where an engine runs, by the last activation that was reported. */
  hostOf(engine: string): { readonly server: string; readonly epoch: number } {
    const last = this.events.findLast((event) => event.event === 'engine' && event.name === engine);
    if (last?.event === 'engine') return last;
    return this.#ready.engines.find(({ name }) => name === engine)!;
  }

  get engines(): readonly string[] {
    return this.#ready.engines.map(({ name }) => name);
  }

  kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    process.kill(this.pidOf(name), signal);
  }

  /** SIGKILL to everything at once, the supervisor first so that it cannot help. */
  async killAll(): Promise<void> {
    const pids = this.#isReady ? this.members.map((name) => this.pidOf(name)) : [];
    this.#up?.kill('SIGKILL');
    for (const pid of pids) killIfThere(pid);
    await this.#ended();
    await eventually('all members are gone', () => pids.every((pid) => !isAlive(pid)));
  }

  /** SIGTERM, as an operator stops it; gives the exit code. */
  async drain(): Promise<number | null> {
    this.#up?.kill('SIGTERM');
    return this.#ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pids = this.#isReady ? this.members.map((name) => this.pidOf(name)) : [];
    pids.push(...this.events.filter(isStart).map(({ pid }) => pid));
    if (this.#up?.exitCode === null) {
      this.#up.kill('SIGTERM');
      await this.#ended();
    }
    for (const pid of pids) killIfThere(pid);
    this.#ports.held.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** False while it starts, and when it cannot. */
  get #isReady(): boolean {
    return this.events.some(({ event }) => event === 'ready');
  }

  get #ready(): Extract<UpEvent, { event: 'ready' }> {
    return this.events.find((event) => event.event === 'ready')!;
  }

  async #ended(): Promise<number | null> {
    const up = this.#up!;
    if (up.exitCode === null && up.signalCode === null) await once(up, 'exit');
    return up.exitCode;
  }
}

function isStart(event: UpEvent): event is Extract<UpEvent, { event: 'restart' | 'start' }> {
  return event.event === 'restart' || event.event === 'start';
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already: that is what was wanted.
  }
}

/** Whether a process exists (a zombie that its parent has not reaped does not count). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** Ports that nobody else takes while one of them is held. */
interface PortSpan {
  readonly base: number;
  readonly held: Server;
}

/** A span of ports that are all free. Tests run side by side: what is not held yet may be chosen by two. */
async function takePorts(): Promise<PortSpan> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 300) * PORT_SPAN;
    const held = await listenOn(base + PORT_SPAN - 1);
    if (held === undefined) continue;
    const others = Array.from({ length: PORT_SPAN - 1 }, (_, offset) => isFree(base + offset));
    if ((await Promise.all(others)).every(Boolean)) return { base, held: held.unref() };
    held.close();
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = await listenOn(port);
  if (probe === undefined) return false;
  await new Promise((resolve) => probe.close(resolve));
  return true;
}

/** Undefined: somebody else does. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
