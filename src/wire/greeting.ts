import type { Socket } from 'node:net';
import { Link } from './link.ts';
import { decodeHello, decodeRefusal, encodeHello, encodeRefusal, helloVersion } from './payloads.ts';
import type { Hello } from './payloads.ts';
import { isSameProof, proofOf } from './proof.ts';
import type { Side } from './proof.ts';
import {
  FRAME,
  FRAME_HEAD_BYTES,
  FRAME_LENGTH_OVERHEAD,
  freshNonce,
  PROTOCOL_VERSION,
  WireProtocolError,
} from './protocol.ts';
import type { FrameType } from './protocol.ts';
import type { WireRole } from './channels.ts';

/** Why two ends did not come together. `code` is stable; the message is for people. */
export class GreetingError extends Error {
  override readonly name = 'GreetingError';
  readonly code: string;
  /** The name that the other end claimed, if it got that far. Not proven. */
  readonly claimed: string | undefined;

  constructor(code: string, message: string, claimed?: string) {
    super(message);
    this.code = code;
    this.claimed = claimed;
  }
}

export interface GreetingOptions {
  readonly socket: Socket;
  readonly side: Side;
  readonly self: { readonly name: string; readonly role: WireRole; readonly windowBytes: number };
  /** The name that the listener must have; '' on the listener's side. */
  readonly expect: string;
  readonly secret: Uint8Array;
  /** Both ends are proven. Must give `link` a new user and bound before it returns. */
  readonly onProven: (peer: Hello, link: Link) => void;
  /** They are not: the socket has been ended or destroyed. */
  readonly onRefused: (error: GreetingError) => void;
}

/**
 * The greeting of one connection: dialer's hello, listener's hello, dialer's proof, listener's proof. The listener
 * proves itself only to a dialer that has done so.
 */
export class Greeting {
  readonly #options: GreetingOptions;
  readonly #link: Link;
  readonly #ownHello: Buffer;
  #peer: Hello | undefined;
  #peerHello: Buffer = Buffer.alloc(0);
  #isOver = false;

  constructor(options: GreetingOptions) {
    this.#options = options;
    const { self, expect, socket, side } = options;
    this.#ownHello = encodeHello({ ...self, version: PROTOCOL_VERSION, expect, nonce: freshNonce() });
    this.#link = new Link(socket, {
      onFrame: (type, _id, payload) => {
        this.#take(type, payload);
      },
      onHeard: () => undefined,
      onLost: (cause) => {
        this.fail(cause instanceof WireProtocolError ? 'protocol' : 'lost', cause.message);
      },
    });
    // The dialer speaks first.
    if (side === 'dialer') this.#send(FRAME.hello, this.#ownHello);
  }

  /** Gives up, without a word to the other end. */
  fail(code: string, message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.release();
    this.#options.socket.destroy();
    this.#options.onRefused(new GreetingError(code, message, this.#peer?.name));
  }

  #take(type: FrameType, payload: Buffer): void {
    if (type === FRAME.failure && this.#options.side === 'dialer') {
      const { code, message } = decodeRefusal(payload);
      this.fail(code, `The other end refused this one: ${message}`);
    } else if (this.#peer === undefined) {
      if (type !== FRAME.hello) throw new WireProtocolError(`First frame is of type ${type}: expected a hello`);
      this.#takeHello(payload);
    } else {
      if (type !== FRAME.proof) throw new WireProtocolError(`Frame of type ${type}: expected a proof`);
      this.#takeProof(this.#peer, payload);
    }
  }

  #takeHello(payload: Buffer): void {
    const { side, self, expect } = this.#options;
    const version = helloVersion(payload);
    if (version !== PROTOCOL_VERSION) {
      const other = side === 'dialer' ? 'listener' : 'dialer';
      this.#refuse('version', `The ${side} speaks wire version ${PROTOCOL_VERSION}, the ${other} version ${version}`);
      return;
    }
    // Copied: the proof is computed later, when the chunk has gone.
    this.#peerHello = Buffer.from(payload);
    const peer = decodeHello(this.#peerHello);
    this.#peer = peer;
    const [wanted, found] = side === 'dialer' ? [expect, peer.name] : [peer.expect, self.name];
    if (wanted !== found) {
      this.#refuse('wrong-member', `The dialer expected "${wanted}", the listener is "${found}"`);
    } else if (side === 'listener') {
      this.#send(FRAME.hello, this.#ownHello);
    } else {
      this.#send(FRAME.proof, this.#proof('dialer'));
    }
  }

  #takeProof(peer: Hello, payload: Buffer): void {
    const { side, onProven } = this.#options;
    if (!isSameProof(payload, this.#proof(side === 'dialer' ? 'listener' : 'dialer'))) {
      this.#refuse('secret', 'The proof does not fit: the two ends have different cluster secrets');
      return;
    }
    if (side === 'listener') this.#send(FRAME.proof, this.#proof('listener'));
    this.#isOver = true;
    onProven(peer, this.#link);
  }

  #proof(of: Side): Buffer {
    const { secret, side } = this.#options;
    const isDialer = side === 'dialer';
    return isDialer
      ? proofOf(secret, of, this.#ownHello, this.#peerHello)
      : proofOf(secret, of, this.#peerHello, this.#ownHello);
  }

  /** A listener tells the dialer why, so that both ends can log it. */
  #refuse(code: string, message: string): void {
    if (this.#options.side === 'dialer') {
      this.fail(code, message);
      return;
    }
    this.#isOver = true;
    this.#link.release();
    this.#send(FRAME.failure, encodeRefusal(code, message));
    this.#options.socket.destroySoon();
    this.#options.onRefused(new GreetingError(code, message, this.#peer?.name));
  }

  #send(type: FrameType, payload: Buffer): void {
    const head = Buffer.alloc(FRAME_HEAD_BYTES);
    head.writeUInt32BE(FRAME_LENGTH_OVERHEAD + payload.length, 0);
    head.writeUInt8(type, 4);
    this.#options.socket.write(Buffer.concat([head, payload]));
  }
}
