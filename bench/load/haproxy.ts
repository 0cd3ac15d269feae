import { once } from 'node:events';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import { isOpen } from '../../test/support/is-open.ts';

/** Where the engines are: HAProxy has to be told, and does not learn of a failover. */
export interface HaproxyOptions {
  /** `host:port` of the servers' own listeners, by the engine that they host. */
  readonly serverOf: ReadonlyMap<string, string>;
  /** By the path of the request, or by the reference parameters that it looks for in the body. */
  readonly by: 'path' | 'body';
}

/** The version of the HAProxy that is installed; undefined: none is. */
export function haproxyVersion(): string | undefined {
  try {
    return /version (\S+)/.exec(execFileSync('haproxy', ['-v'], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
}

/** HAProxy with one thread in front of the servers, as somebody would set it up who knows them. */
export class Haproxy implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(child: ChildProcess, port: number, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.pid = child.pid ?? 0;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(options: HaproxyOptions): Promise<Haproxy> {
    const directory = mkdtempSync(join(tmpdir(), 'pointsman-haproxy-'));
    const file = join(directory, 'haproxy.cfg');
    const port = await freePort();
    writeFileSync(file, configuration(options, port));
    const child = spawn('haproxy', ['-f', file, '-db'], { stdio: ['ignore', 'inherit', 'inherit'] });
    const haproxy = new Haproxy(child, port, directory);
    await eventually('HAProxy listens', () => isOpen(haproxy.url));
    return haproxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#directory, { recursive: true });
  }
}

function configuration({ serverOf, by }: HaproxyOptions, port: number): string {
  const engines = [...serverOf.keys()];
  const condition = (engine: string): string =>
    by === 'path' ? `path_beg /wsn/SubscriptionManager/${engine}/` : `req.body -m sub Engine>${engine}<`;
  return [
    'global\n  nbthread 1\n  maxconn 8192\n  tune.bufsize 32768',
    'defaults\n  mode http\n  http-reuse always\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s',
    `frontend door\n  bind 127.0.0.1:${port}`,
    ...(by === 'body' ? ['  option http-buffer-request'] : []),
    ...engines.map((engine) => `  use_backend ${engine} if { ${condition(engine)} }`),
    '  default_backend any',
    ...[...serverOf].map(([engine, server]) => `backend ${engine}\n  server s ${server}`),
    'backend any\n  balance roundrobin',
    ...[...new Set(serverOf.values())].map((server, index) => `  server s${index} ${server}`),
    '',
  ].join('\n');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
