import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Arrival {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A NotificationConsumer that answers the n-th request as the test says. A promise that stays open is a hung consumer. */
export class ScriptedConsumer implements AsyncDisposable {
  readonly arrivals: Arrival[] = [];
  /** Requests whose connection was cut before they were answered. */
  cut = 0;
  readonly #server: Server;

  private constructor(script: (arrival: Arrival, index: number) => Answer | Promise<Answer>) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('close', () => (this.cut += response.writableEnded ? 0 : 1));
      request.on('end', () => {
        const arrival = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
        const index = this.arrivals.push(arrival) - 1;
        void Promise.resolve(script(arrival, index)).then(({ status, headers, body }) => {
          response.writeHead(status, headers).end(body);
        });
      });
    });
  }

  static async start(
    script: (arrival: Arrival, index: number) => Answer | Promise<Answer> = () => ({ status: 202 }),
  ): Promise<ScriptedConsumer> {
    const consumer = new ScriptedConsumer(script);
    await new Promise<void>((resolve) => consumer.#server.listen(0, '127.0.0.1', resolve));
    return consumer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
