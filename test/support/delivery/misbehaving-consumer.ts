import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { notifiedMessages, type Received } from '../consumer.ts';

/** How a consumer answers a complete Notify, or does not. Times in milliseconds. */
export type Misbehaviour =
  /** As it should: 202. */
  | { readonly kind: 'none' }
  /** Accepts and reads, and never says a word. */
  | { readonly kind: 'blackHole' }
  /** A good reply, one byte each `everyMs` (1,000 when left out). */
  | { readonly kind: 'drip'; readonly everyMs?: number }
  /** A good reply, after a while. */
  | { readonly kind: 'think'; readonly ms: number }
  | { readonly kind: 'status'; readonly status: number }
  /** 503 unless told otherwise, with `value` as its Retry-After. */
  | { readonly kind: 'retryAfter'; readonly value: string; readonly status?: number }
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  /** `status` (200) and a body without end; `length`: what its Content-Length claims, none: chunked. */
  | { readonly kind: 'endlessBody'; readonly status?: number; readonly length?: number }
  /** The beginning of a body (200) that never comes to its end. */
  | { readonly kind: 'stalledBody' }
  /** 200 with a small body that is a gigabyte once inflated. */
  | { readonly kind: 'gzipBomb' }
  /** Bytes that are no HTTP. */
  | { readonly kind: 'garbage' }
  /** Closes without an answer. */
  | { readonly kind: 'earlyClose' }
  /** `status` (202) when the header of the request has come, before its body has; then closes. */
  | { readonly kind: 'earlyReply'; readonly status?: number }
  /** 202 and a closed connection, without having announced it. */
  | { readonly kind: 'closeAfterReply' }
  /** 202, and at once a second reply that nobody asked for. */
  | { readonly kind: 'secondReply' }
  /** 202, but a SOAP fault for each Notify that carries this payload. */
  | { readonly kind: 'poison'; readonly payload: string; readonly code?: 'Sender' | 'Receiver' };

/** A request as it came. */
export interface Demand {
  readonly at: number;
  readonly head: string;
  readonly body: string;
}

const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';

/** The bytes of a SOAP 1.2 fault of the sender or the receiver. */
export function faultReply(code: 'Sender' | 'Receiver'): string {
  const envelope = 'http://www.w3.org/2003/05/soap-envelope';
  const body =
    `<s:Envelope xmlns:s="${envelope}"><s:Body><s:Fault><s:Code><s:Value>s:${code}</s:Value></s:Code>` +
    `<s:Reason><s:Text xml:lang="en">No</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`;
  const status = code === 'Sender' ? '400 Bad Request' : '500 Internal Server Error';
  return `HTTP/1.1 ${status}\r\nContent-Type: application/soap+xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A NotificationConsumer that misbehaves at the level of TCP, as `behaviour` says at the moment of a request. */
export class MisbehavingConsumer implements AsyncDisposable {
  behaviour: Misbehaviour;
  /** Every request, answered or not. */
  readonly requests: Demand[] = [];
  /** The messages of those that were accepted. */
  readonly received: Received[] = [];
  /** Connections ever made, open now, and most at once. */
  connections = 0;
  mostConnections = 0;
  readonly #open = new Set<Socket>();
  readonly #server: Server;

  private constructor(behaviour: Misbehaviour) {
    this.behaviour = behaviour;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** `port`: one that was free a moment ago, for a consumer that comes back. */
  static async start(behaviour: Misbehaviour = { kind: 'none' }, port = 0): Promise<MisbehavingConsumer> {
    const consumer = new MisbehavingConsumer(behaviour);
    consumer.#server.listen(port, '127.0.0.1');
    await once(consumer.#server, 'listening');
    return consumer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/consumer`;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  get payloads(): readonly string[] {
    return this.received.map(({ payload }) => payload);
  }

  /** Breaks every connection, as a restarted consumer does. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#open.add(socket);
    this.mostConnections = Math.max(this.mostConnections, this.#open.size);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#open.delete(socket));
    let text = '';
    let isAnsweredEarly = false;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      for (;;) {
        const endOfHead = text.indexOf('\r\n\r\n');
        if (endOfHead === -1) return;
        const head = text.slice(0, endOfHead);
        const end = endOfHead + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        if (this.behaviour.kind === 'earlyReply') {
          if (isAnsweredEarly) return;
          isAnsweredEarly = true;
          this.requests.push({ at: performance.now(), head, body: '' });
          const { status = 202 } = this.behaviour;
          socket.end(`HTTP/1.1 ${status} Early\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
          return;
        }
        if (text.length < end) return;
        const body = Buffer.from(text.slice(endOfHead + 4, end), 'latin1');
        text = text.slice(end);
        this.requests.push({ at: performance.now(), head, body: body.toString() });
        this.#answer(socket, body);
      }
    });
  }

  // eslint-disable-next-line complexity -- a table of misbehaviours
  #answer(socket: Socket, body: Buffer): void {
    const { behaviour } = this;
    switch (behaviour.kind) {
      case 'blackHole':
        return;
      case 'drip':
        this.#accept(body);
        drip(socket, behaviour.everyMs ?? 1_000);
        return;
      case 'think':
        setTimeout(() => {
          if (!socket.writable) return;
          this.#accept(body);
          socket.write(ACCEPTED);
        }, behaviour.ms).unref();
        return;
      case 'status':
        if (behaviour.status >= 200 && behaviour.status < 300) this.#accept(body);
        socket.write(`HTTP/1.1 ${behaviour.status} Status\r\nContent-Length: 0\r\n\r\n`);
        return;
      case 'retryAfter':
        socket.write(
          `HTTP/1.1 ${behaviour.status ?? 503} Later\r\nRetry-After: ${behaviour.value}\r\nContent-Length: 0\r\n\r\n`,
        );
        return;
      case 'redirect':
        socket.write(
          `HTTP/1.1 ${behaviour.status ?? 301} Elsewhere\r\nLocation: ${behaviour.location}\r\nContent-Length: 0\r\n\r\n`,
        );
        return;
      case 'endlessBody':
        this.#accept(body);
        pour(socket, behaviour.status ?? 200, behaviour.length);
        return;
      case 'stalledBody':
        this.#accept(body);
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<begun');
        return;
      case 'gzipBomb':
        this.#accept(body);
        bomb(socket);
        return;
      case 'garbage':
        socket.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00, 0x0d, 0x0a, 0x0d, 0x0a]));
        return;
      case 'earlyClose':
        socket.end();
        return;
      case 'closeAfterReply':
        this.#accept(body);
        socket.end(ACCEPTED);
        return;
      case 'secondReply':
        this.#accept(body);
        socket.write(ACCEPTED + ACCEPTED.replace('202 Accepted', '500 Unasked'));
        return;
      case 'poison':
        if (body.includes(`>${behaviour.payload}<`)) {
          socket.write(faultReply(behaviour.code ?? 'Sender'));
          return;
        }
        this.#accept(body);
        socket.write(ACCEPTED);
        return;
      case 'none':
      case 'earlyReply':
        this.#accept(body);
        socket.write(ACCEPTED);
    }
  }

  #accept(body: Buffer): void {
    this.received.push(...notifiedMessages(body).received);
  }
}

function drip(socket: Socket, everyMs: number): void {
  let index = 0;
  const timer = setInterval(() => {
    socket.write(ACCEPTED.slice(index, index + 1));
    index += 1;
    if (index === ACCEPTED.length) clearInterval(timer);
  }, everyMs);
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}

function pour(socket: Socket, status: number, length: number | undefined): void {
  const block = Buffer.alloc(64 * 1024, 'x');
  const framing = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  socket.write(`HTTP/1.1 ${status} Endless\r\n${framing}\r\n\r\n`);
  const chunk =
    length === undefined
      ? Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')])
      : block;
  const more = (): void => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

function bomb(socket: Socket): void {
  // Members of a gzip file may follow each other: a megabyte packed once is a gigabyte when it comes a thousand times.
  const member = gzipSync(Buffer.alloc(1024 * 1024));
  const body = Buffer.concat(Array.from({ length: 1024 }, () => member));
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  socket.write(body);
}

const NEVER_ACCEPTS = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/** A port that listens and whose queue of connections is full: a SYN to it is dropped, so nobody ever gets through. */
export class NeverAccepting implements AsyncDisposable {
  readonly port: number;
  readonly #worker: Worker;
  readonly #fillers: readonly Socket[];

  private constructor(port: number, worker: Worker, fillers: readonly Socket[]) {
    this.port = port;
    this.#worker = worker;
    this.#fillers = fillers;
  }

  static async start(): Promise<NeverAccepting> {
    const worker = new Worker(NEVER_ACCEPTS, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    const fillers: Socket[] = [];
    // Two fit; the others stay in the middle of their handshake.
    for (let index = 0; index < 4; index += 1) {
      const filler = connect({ port, host: '127.0.0.1' });
      filler.on('error', () => undefined);
      fillers.push(filler);
      if (index < 2) await once(filler, 'connect');
    }
    return new NeverAccepting(port, worker, fillers);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/consumer`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    await this.#worker.terminate();
  }
}
