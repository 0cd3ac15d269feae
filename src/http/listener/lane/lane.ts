import type { Socket } from 'node:net';
import { Cancellation, type CancelSignal } from '../../../kernel/cancellation.ts';
import { NOWHERE } from '../../../kernel/crowd.ts';
import type { Turn } from '../../../kernel/turn.ts';
import type { HttpReply, HttpRequest } from '../../messages.ts';
import type { OpenRequest, Visit } from '../visits.ts';
import type { Watch, Watched } from '../../watch.ts';
import { writeMessage } from '../../write-message.ts';
import { readPostHead, type PostHead } from './post-head.ts';
import type { ReplyHeads } from './reply-head.ts';

/** What all lanes of a listener share. */
export interface LaneOwner {
  readonly watch: Watch;
  readonly replyHeads: ReplyHeads;
  /** True: each answer is the last on its connection. */
  readonly isClosing: boolean;
  /** Bodies of more bytes do not go through a lane. */
  readonly maxBodyBytes: number;
  /** How long a new connection may be silent before Node watches over it, in milliseconds. */
  readonly silentMs: number;
  readonly turn: Turn;
  onPost(request: HttpRequest, signal: CancelSignal): Promise<HttpReply>;
  /** The answer when there is none; undefined: nobody waits for one. */
  failed(error: unknown, signal: CancelSignal): HttpReply | undefined;
  /** Node reads the connection from now on, beginning with `come`. */
  handOver(socket: Socket, come: Buffer): void;
}

/** How long a connection is kept that is not used. */
export const KEPT_SECONDS = 65;
const HEAD_END = Buffer.from('\r\n\r\n');
/** A larger head goes to Node. */
const MAX_HEAD_BYTES = 8 * 1024;
/** So long may the rest of a request be on its way before Node watches over it. */
const PATIENCE_MS = 1_000;
/** What may come while an answer is being made; then nothing more is read. */
const MAX_HELD_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/** A request that is coming, or is being answered. */
interface Taken {
  readonly head: PostHead;
  readonly request: OpenRequest;
  /** Where its body begins in what has come. */
  readonly bodyStart: number;
}

/**
 * One connection on which plain POSTs come, one after the other. Whatever else comes, or comes too slowly, or is too much,
 * goes to Node's own HTTP server as it has come, together with the connection
 * (docs/adr/0034-plain-posts-have-a-lane.md).
 */
export class Lane implements Watched {
  place = NOWHERE;
  dueAt: number;
  readonly #socket: Socket;
  readonly #visit: Visit;
  readonly #owner: LaneOwner;
  readonly #remoteAddress: string;
  /** What has come and was not yet taken. */
  #pieces: Buffer[] = [];
  #come = 0;
  #taken: Taken | undefined;
  #isAnswering = false;
  #hasServed = false;
  #wasUsed = false;

  constructor(socket: Socket, visit: Visit, owner: LaneOwner) {
    this.#socket = socket;
    this.#visit = visit;
    this.#owner = owner;
    this.#remoteAddress = socket.remoteAddress ?? '';
    this.dueAt = secondAfter(performance.now() + owner.silentMs);
    owner.watch.add(this);
    socket.on('data', this.#read);
    socket.on('end', this.#ended);
    socket.on('error', ignore);
    socket.on('close', this.#closed);
  }

  overdue(now: number): void {
    if (this.#socket.destroyed) return;
    if (!this.#isAnswering && (this.#come > 0 || !this.#hasServed)) {
      this.#handOver();
    } else if (this.#isAnswering || this.#wasUsed) {
      this.#wasUsed = false;
      this.dueAt = secondAfter(now + 1_000 * KEPT_SECONDS);
    } else {
      this.#socket.destroy();
    }
  }

  readonly #read = (chunk: Buffer): void => {
    this.#pieces.push(chunk);
    this.#come += chunk.length;
    if (!this.#isAnswering) this.#consider();
    else if (this.#come > MAX_HELD_BYTES) this.#socket.pause();
  };

  /** Like Node, it answers nobody who cannot be told from one who has gone. */
  readonly #ended = (): void => {
    this.#socket.end();
  };

  readonly #closed = (): void => {
    this.#owner.watch.delete(this);
    this.#pieces = [];
  };

  /** What has come is a request, a piece of one, or not for here. */
  #consider(): void {
    const taken = (this.#taken ??= this.#begin());
    if (taken === undefined) {
      this.#handOver();
      return;
    }
    const left = taken.bodyStart + taken.head.bodyBytes - this.#come;
    if (left === 0) void this.#serve(taken, this.#take(taken.bodyStart));
    else if (left > 0) this.#awaitRest();
    // Who does not wait for an answer is served by Node, several requests at once.
    else this.#handOver();
  }

  #begin(): Taken | undefined {
    const come = this.#whole();
    const end = come.subarray(0, MAX_HEAD_BYTES).indexOf(HEAD_END);
    if (end === -1) return undefined;
    const head = readPostHead(come.toString('latin1', 0, end));
    if (head === 'not-plain' || head.bodyBytes > this.#owner.maxBodyBytes) return undefined;
    const request = { cancellation: new Cancellation(), isOwed: false, place: NOWHERE };
    this.#visit.add(request);
    return { head, request, bodyStart: end + HEAD_END.length };
  }

  #awaitRest(): void {
    const dueAt = secondAfter(performance.now() + PATIENCE_MS);
    if (dueAt >= this.dueAt) return;
    this.dueAt = dueAt;
    this.#owner.watch.sooner(this);
  }

  /** Never rejects. */
  async #serve({ head, request: { cancellation } }: Taken, body: Buffer): Promise<void> {
    const owner = this.#owner;
    this.#isAnswering = true;
    const { path, query, headers } = head;
    const request = { method: 'POST', path, query, headers, body, remoteAddress: this.#remoteAddress };
    try {
      await owner.turn.over();
      this.#write(await owner.onPost(request, cancellation));
    } catch (error) {
      const reply = owner.failed(error, cancellation);
      if (reply !== undefined) this.#write(reply);
    }
  }

  #write(reply: HttpReply): void {
    const socket = this.#socket;
    const head = this.#owner.replyHeads.write(reply, this.#owner.isClosing);
    if (!socket.writable) return;
    writeMessage(socket, head, reply.body);
    // Who does not read gets no second answer.
    if (socket.writableLength === 0) this.#answered();
    else socket.write(NOTHING, this.#drained);
  }

  readonly #drained = (error?: Error | null): void => {
    if (error === undefined || error === null) this.#answered();
  };

  #answered(): void {
    if (this.#taken !== undefined) this.#visit.delete(this.#taken.request);
    this.#taken = undefined;
    this.#isAnswering = false;
    this.#hasServed = true;
    this.#wasUsed = true;
    if (this.#owner.isClosing) {
      this.#socket.destroySoon();
      return;
    }
    if (this.#come === 0) return;
    this.#socket.resume();
    this.#consider();
  }

  #handOver(): void {
    const come = this.#take(0);
    if (this.#taken !== undefined) this.#visit.delete(this.#taken.request);
    this.#owner.watch.delete(this);
    this.#socket.off('data', this.#read).off('end', this.#ended).off('error', ignore).off('close', this.#closed);
    this.#owner.handOver(this.#socket, come);
  }

  /** What has come, from `start` on. */
  #take(start: number): Buffer {
    const come = this.#whole();
    this.#pieces = [];
    this.#come = 0;
    return start === 0 ? come : come.subarray(start);
  }

  /** What has come, in one piece. */
  #whole(): Buffer {
    const [first, second] = this.#pieces;
    if (first !== undefined && second === undefined) return first;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole;
  }
}

/** Thousands of connections are then looked at once in a second, not thousands of times. */
function secondAfter(ms: number): number {
  return Math.ceil(ms / 1_000) * 1_000;
}

function ignore(): void {
  // The close that follows says it.
}
