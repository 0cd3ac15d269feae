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

/** So many frames are taken before anything else has its turn: what they lead to goes on while the others are taken. */
const MOST_FRAMES = 16;

/** A socket read as frames. */
export class Link {
  readonly socket: Socket;
  /** May be replaced while a frame is being taken. */
  user: LinkUser;
  readonly #decoder: FrameDecoder;
  /** Of what was received, what still has to be taken. */
  #rest: Buffer | undefined;
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
    // One that is paused would not hear of its end.
    this.socket.resume();
  }

  #read(chunk: Buffer): void {
    if (this.#isLost) return;
    this.user.onHeard();
    // What the socket had read before it was paused comes all the same.
    if (this.#rest === undefined) this.#take(chunk, MOST_FRAMES);
    else this.#rest = Buffer.concat([this.#rest, chunk]);
  }

  #take(chunk: Buffer, most: number): void {
    try {
      const at = this.#decoder.push(chunk, most);
      if (at < chunk.length && !this.#isLost) this.#keep(chunk.subarray(at));
    } catch (error) {
      this.#drop(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #keep(rest: Buffer): void {
    this.#rest = rest;
    this.socket.pause();
    setImmediate(() => {
      this.#takeRest(MOST_FRAMES);
      if (this.#rest === undefined && !this.#isLost) this.socket.resume();
    });
  }

  #takeRest(most: number): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined && !this.#isLost) this.#take(rest, most);
  }

  /** What has come before counts. */
  #lose(cause: Error): void {
    this.#takeRest(Infinity);
    this.#drop(cause);
  }

  #drop(cause: Error): void {
    if (this.#isLost) return;
    this.release();
    this.socket.destroy();
    this.user.onLost(cause);
  }
}
