import type { Socket } from 'node:net';
import { FrameDecoder } from './frame-decoder.ts';
import type { FrameTaker } from './frame-decoder.ts';
import { MAX_GREETING_PAYLOAD } from './protocol.ts';

/** Who reads a link: the greeting first, the connection after it. */
export interface LinkUser {
  readonly onFrame: FrameTaker;
  /** Any bytes have arrived. */
  readonly onHeard: () => void;
  /** The link is gone: the other end closed it, the network did, or its bytes broke the protocol. Called once. */
  readonly onLost: (cause: Error) => void;
}

/** A socket read as frames. */
export class Link {
  readonly socket: Socket;
  /** May be replaced while a frame is being taken. */
  user: LinkUser;
  readonly #decoder: FrameDecoder;
  #isLost = false;

  constructor(socket: Socket, user: LinkUser) {
    this.socket = socket;
    this.user = user;
    this.#decoder = new FrameDecoder(MAX_GREETING_PAYLOAD, (type, id, payload) => {
      this.user.onFrame(type, id, payload);
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('error', (error) => {
      this.#lose(error);
    });
    socket.on('end', () => {
      this.#lose(new Error('The other end closed the connection'));
    });
    socket.on('close', () => {
      this.#lose(new Error('The connection was closed'));
    });
  }

  /** Largest payload of the next frame, in bytes. */
  set maxPayloadBytes(bytes: number) {
    this.#decoder.maxPayloadBytes = bytes;
  }

  /** Reads no further frame. The socket is the caller's to end or destroy. */
  release(): void {
    this.#isLost = true;
    this.#decoder.stop();
  }

  #read(chunk: Buffer): void {
    if (this.#isLost) return;
    this.user.onHeard();
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #lose(cause: Error): void {
    if (this.#isLost) return;
    this.release();
    this.socket.destroy();
    this.user.onLost(cause);
  }
}
