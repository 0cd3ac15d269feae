import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

interface Leg {
  readonly near: Socket;
  readonly far: Socket;
}

/** A stretch of network that can misbehave: it stands between a client and a server. */
export class TcpRelay implements AsyncDisposable {
  /** Each chunk is passed on this much later. */
  delayMs = 0;
  /** Every chunk is passed on byte by byte. */
  singleBytes = false;
  /** New connections are closed at once. */
  isRefusing = false;
  /** Connections accepted so far. */
  accepted = 0;
  /** Bytes passed on towards the server. */
  forwarded = 0;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #legs = new Set<Leg>();
  #blackHole: 'none' | 'both' | 'towards-client' = 'none';

  constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      this.#join(near);
    });
  }

  static async to(target: { readonly host: string; readonly port: number }): Promise<TcpRelay> {
    const relay = new TcpRelay(target);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  address(): { host: string; port: number } {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The relay is closed');
    return { host: address.address, port: address.port };
  }

  get connections(): number {
    return this.#legs.size;
  }

  /** Breaks every connection. */
  cut(): void {
    for (const { near, far } of this.#legs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Tells the client that nothing more will come; its own bytes still go through. */
  halfClose(): void {
    for (const { near } of this.#legs) near.end();
  }

  /** Which direction passes nothing more, without anybody being told. */
  set blackHole(direction: 'none' | 'both' | 'towards-client') {
    this.#blackHole = direction;
    for (const { near, far } of this.#legs) {
      if (direction === 'both') near.pause();
      else near.resume();
      if (direction === 'none') far.resume();
      else far.pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    this.accepted += 1;
    if (this.isRefusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ ...this.#target, allowHalfOpen: true });
    const leg: Leg = { near, far };
    this.#legs.add(leg);
    near.on('data', (chunk: Buffer) => {
      this.forwarded += chunk.length;
    });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#pass(from, to);
      from.on('error', () => undefined);
      from.once('close', () => {
        to.destroy();
        this.#legs.delete(leg);
      });
    }
    this.blackHole = this.#blackHole;
  }

  #pass(from: Socket, to: Socket): void {
    from.setNoDelay(true);
    let passing: Promise<void> = Promise.resolve();
    const next = (action: () => void): void => {
      // One after the other, so that delayed chunks keep their order.
      passing = passing.then(async () => {
        if (this.delayMs > 0) await delay(this.delayMs);
        if (to.writable) action();
      });
    };
    from.on('data', (chunk: Buffer) => {
      next(() => {
        if (!this.singleBytes) to.write(chunk);
        else for (const byte of chunk) to.write(Uint8Array.of(byte));
      });
    });
    from.on('end', () => {
      next(() => to.end());
    });
  }
}
