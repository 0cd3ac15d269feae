import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const SCRIPT = `
const server = require('node:http').createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => response.writeHead(202, { 'Content-Length': 0 }).end());
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('disconnect', () => process.exit());
`;

/** Node's own HTTP server in a process of its own: reads each body and answers 202. */
export class BareServer implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.url = `http://127.0.0.1:${port}/`;
  }

  /** `environment`: beside that of this process. */
  static async start(environment: Readonly<Record<string, string>> = {}): Promise<BareServer> {
    const child = spawn(process.execPath, ['-e', SCRIPT], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { ...process.env, ...environment },
    });
    if (child.stdout === null) throw new Error('Without an output');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return new BareServer(child, Number(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}
