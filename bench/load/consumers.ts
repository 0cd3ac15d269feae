import { Child } from './child.ts';

/** What has come to all consumers together. */
export interface Arrived {
  readonly posts: number;
  readonly messages: number;
}

/** What a consumer was sent. */
export interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `count`: tell what has arrived, and again after each `step` messages more. `last`: tell the last post. */
export type ConsumersOrder = { readonly what: 'count'; readonly step: number } | { readonly what: 'last' };

const PATIENCE_MS = 60_000;

/** Many consumers in a process of their own, which answer at once. */
export class Consumers implements AsyncDisposable {
  readonly urls: readonly string[];
  readonly #child: Child;
  #arrived: Arrived = { posts: 0, messages: 0 };
  #waiting: { readonly messages: number; readonly resolve: () => void } | undefined;

  private constructor(child: Child, urls: readonly string[]) {
    this.#child = child;
    this.urls = urls;
    child.onMessage((message) => {
      if (isArrived(message)) this.#note(message);
    });
  }

  static async start(count: number): Promise<Consumers> {
    const [child, urls] = await Child.start<readonly string[]>(new URL('./consumers-process.ts', import.meta.url), [
      count,
    ]);
    return new Consumers(child, urls);
  }

  /** What has arrived by now. From here on it tells of each `step` messages, which is how exact `reached` is. Not while any are on their way. */
  async count(step = Number.MAX_SAFE_INTEGER): Promise<Arrived> {
    return this.#child.ask<Arrived>({ what: 'count', step } satisfies ConsumersOrder);
  }

  /** Resolves when so many messages have arrived since the beginning, with what has arrived by then. One call at a time. */
  async reached(messages: number): Promise<Arrived> {
    if (this.#arrived.messages < messages) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { messages, resolve };
        const fail = (): void => reject(new Error(`Found ${this.#arrived.messages} messages, expected ${messages}`));
        timer = setTimeout(fail, PATIENCE_MS);
      }).finally(() => clearTimeout(timer));
    }
    return this.#arrived;
  }

  /** The last post that any of them has got. */
  async last(): Promise<Post> {
    return this.#child.ask<Post>({ what: 'last' } satisfies ConsumersOrder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }

  #note(arrived: Arrived): void {
    this.#arrived = arrived;
    if (this.#waiting === undefined || arrived.messages < this.#waiting.messages) return;
    this.#waiting.resolve();
    this.#waiting = undefined;
  }
}

function isArrived(message: unknown): message is Arrived {
  return typeof message === 'object' && message !== null && 'posts' in message;
}
