import { Child } from './child.ts';
import type { Post } from './consumers.ts';

/** What a bare sender is to do. */
export interface BareOrder {
  readonly urls: readonly string[];
  readonly post: Post;
  /** Posts under way at the same time, to all together. */
  readonly inFlight: number;
  readonly durationMs: number;
}

/** What it has done. */
export interface BareResult {
  readonly posts: number;
  readonly seconds: number;
}

/** undici in a process of its own, which posts what is ready-made. What no sender that uses it can exceed. */
export class BareSender implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
    this.pid = child.pid;
  }

  static async start(): Promise<BareSender> {
    const [child] = await Child.start(new URL('./bare-sender-process.ts', import.meta.url));
    return new BareSender(child);
  }

  async send(order: BareOrder): Promise<BareResult> {
    return this.#child.ask<BareResult>(order);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
