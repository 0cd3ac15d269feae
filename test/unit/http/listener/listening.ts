import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { HttpListener } from '../../../../src/http/listener/http-listener.ts';
import type { HttpListenerOptions } from '../../../../src/http/listener/listener-options.ts';
import type { HttpReply, HttpRequest } from '../../../../src/http/messages.ts';
import { silentLogger } from '../../../../src/kernel/log.ts';
import type { Logger } from '../../../../src/kernel/log.ts';

export const never: AbortSignal = new AbortController().signal;

export function textReply(status: number, text: string): HttpReply {
  return { status, headers: { 'Content-Type': 'text/plain' }, body: Buffer.from(text) };
}

/** Answers with what it was asked. */
export function echo({ method, path, query, body }: HttpRequest): Promise<HttpReply> {
  return Promise.resolve(textReply(200, `${method} ${path} ${query} ${body.toString()}`));
}

/** A listener on a free port, stopped without grace at the end of the test. Bodies up to 1,000 bytes. */
export async function listening(
  options: Partial<HttpListenerOptions> = {},
): Promise<{ listener: HttpListener; port: number; url: string } & AsyncDisposable> {
  const listener = new HttpListener({
    listen: { host: '127.0.0.1', port: 0 },
    onPost: echo,
    fallback: (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end('the fallback');
    },
    limits: { maxBodyBytes: 1000 },
    logger: silentLogger,
    ...options,
  });
  await listener.start(never);
  const { port } = listener.address();
  return {
    listener,
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => listener.stop(AbortSignal.abort()),
  };
}

/** A client that writes what it likes. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  received = '';

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => resolve());
    });
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.socket.emit('read');
    });
  }

  send(...lines: readonly string[]): void {
    this.socket.write(lines.join('\r\n'), 'latin1');
  }

  /** Resolves when `text` has come; rejects when the connection closes without it. */
  async until(text: string): Promise<void> {
    while (!this.received.includes(text)) {
      if (this.socket.destroyed) throw new Error(`Closed without "${text}", after: ${this.received}`);
      await Promise.race([once(this.socket, 'read'), this.closed]);
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** All that comes back for some bytes, until the connection is closed by the other end. */
export async function rawExchange(port: number, ...lines: readonly string[]): Promise<string> {
  using client = new RawClient(port);
  client.send(...lines);
  await client.closed;
  return client.received;
}

/** The errors that were logged. */
export function errorRecorder(): { logger: Logger; errors: unknown[] } {
  const errors: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (_message, fields) => errors.push(fields?.['error']),
    child: () => logger,
  };
  return { logger, errors };
}
