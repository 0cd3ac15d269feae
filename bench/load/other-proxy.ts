import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import { isOpen } from '../../test/support/is-open.ts';
import { freePort } from '../../test/support/members.ts';

/** `host:port` of the servers' own listeners, by the engine that they host: a proxy that has to be told does not learn of a failover. */
export type ServerOf = ReadonlyMap<string, string>;

/** How somebody else's proxy is started. */
export interface OtherProxyOptions {
  readonly command: string;
  /** Its arguments, by the folder that it may use and the file with its configuration in it. */
  readonly args: (directory: string, file: string) => readonly string[];
  /** What is in that file. */
  readonly configuration: (directory: string, port: number) => string;
}

/** Somebody else's proxy in one process with one thread, in front of our servers. */
export class OtherProxy implements AsyncDisposable {
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

  static async start({ command, args, configuration }: OtherProxyOptions): Promise<OtherProxy> {
    const directory = mkdtempSync(join(tmpdir(), `pointsman-${command}-`));
    const file = join(directory, `${command}.conf`);
    const port = await freePort();
    writeFileSync(file, configuration(directory, port));
    const child = spawn(command, args(directory, file), { stdio: ['ignore', 'inherit', 'inherit'] });
    const proxy = new OtherProxy(child, port, directory);
    await eventually(`${command} listens`, () => isOpen(proxy.url));
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#directory, { recursive: true });
  }
}
