import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseMemberEvent, type MemberEvent } from './member-events.ts';
import type { Environment } from './secret.ts';

export interface MemberChildOptions {
  readonly name: string;
  readonly role: 'server' | 'proxy';
  readonly topologyFile: string;
  /** The program's entry file, run by the same Node.js. */
  readonly program: string;
  readonly environment: Environment;
  readonly onEvent: (event: MemberEvent) => void;
  readonly onExit: (exit: MemberExit) => void;
}

/** How a member's operating-system process ended. */
export interface MemberExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** How long it had run. */
  readonly afterMs: number;
}

/** One life of one member: its operating-system process. */
export class MemberChild {
  readonly name: string;
  readonly role: 'server' | 'proxy';
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(options: MemberChildOptions) {
    const { name, role, program, topologyFile, environment } = options;
    this.name = name;
    this.role = role;
    const startedAt = performance.now();
    // The ipc channel is there to be cut: a member whose starter is gone drains and ends.
    this.#child = spawn(process.execPath, [program, role, name, '--topology', topologyFile, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: environment,
    });
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const event = parseMemberEvent(line);
        if (event !== undefined) options.onEvent(event);
      });
    }
    this.#exited = once(this.#child, 'close').catch(() => undefined);
    this.#child.once('close', (code, signal) => {
      options.onExit({ code, signal, afterMs: performance.now() - startedAt });
    });
    this.#child.once('error', () => this.#child.kill('SIGKILL'));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Asks the member to drain; kills it when `deadline` aborts. Resolves when it has ended. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#child.kill('SIGTERM');
    const kill = (): boolean => this.#child.kill('SIGKILL');
    if (deadline.aborted) kill();
    deadline.addEventListener('abort', kill, { once: true });
    await this.#exited;
    deadline.removeEventListener('abort', kill);
  }
}
