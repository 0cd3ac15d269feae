import { once } from 'node:events';
import { fork, type ChildProcess } from 'node:child_process';
import { bundled } from '../../test/support/bundled.ts';

/** A script of the bench in a process of its own, so that what it needs is not taken from whom it measures. */
export class Child implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
  }

  /** Resolves when it runs, with the first thing that it says. */
  static async start<T>(script: URL, words: readonly (string | number)[] = []): Promise<[Child, T]> {
    const process = fork(bundled(script), words.map(String), { execArgv: ['--expose-gc'] });
    const child = new Child(process);
    return [child, await child.#next<T>()];
  }

  /** Whatever it says without being asked. */
  onMessage(listener: (message: unknown) => void): void {
    this.#child.on('message', listener);
  }

  tell(message: object): void {
    this.#child.send(message);
  }

  /** Tells it something, and resolves with the next that it says. One at a time. */
  async ask<T>(message: object): Promise<T> {
    const answer = this.#next<T>();
    this.#child.send(message);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#child.connected) return;
    const ended = once(this.#child, 'exit');
    // It ends by itself then, and takes with it what it has put on the disk.
    this.#child.disconnect();
    await ended;
  }

  async #next<T>(): Promise<T> {
    const over = new AbortController();
    const { signal } = over;
    try {
      const ended = once(this.#child, 'exit', { signal }).then(([code]) => {
        throw new Error(`It ended with ${String(code)}`);
      });
      // Which of the two loses is of no interest.
      ended.catch(() => undefined);
      const [message] = (await Promise.race([once(this.#child, 'message', { signal }), ended])) as [T];
      return message;
    } finally {
      over.abort();
    }
  }
}
