import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { statusOfComplete } from './client.ts';

/** A kept connection over which one request goes at a time: who measures must not need the processor that is measured. */
export class OneByOne implements Disposable {
  readonly #socket: Socket;
  #seen: Buffer = Buffer.alloc(0);
  #waiting: { readonly resolve: (status: number) => void; readonly reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('The connection was closed')));
  }

  static async open(url: string): Promise<OneByOne> {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port) });
    await once(socket, 'connect');
    return new OneByOne(socket);
  }

  /** The bytes of a whole HTTP/1.1 request; resolves with the status of its answer, when all of that is there. */
  async ask(request: Uint8Array): Promise<number> {
    const answered = new Promise<number>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.#socket.write(request);
    return answered;
  }

  [Symbol.dispose](): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#seen = Buffer.concat([this.#seen, chunk]);
    const status = statusOfComplete(this.#seen);
    if (status === undefined) return;
    this.#seen = Buffer.alloc(0);
    this.#waiting?.resolve(status);
  }
}
