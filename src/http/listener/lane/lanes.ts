import type { Socket } from 'node:net';
import type { CancelSignal } from '../../../kernel/cancellation.ts';
import type { Logger } from '../../../kernel/log.ts';
import type { Turn } from '../../../kernel/turn.ts';
import { failureReply } from '../failure-reply.ts';
import type { HttpListenerOptions } from '../listener-options.ts';
import type { HttpReply, HttpRequest } from '../../messages.ts';
import type { Visits } from '../visits.ts';
import { Watch } from '../../watch.ts';
import { KEPT_SECONDS, Lane, type LaneOwner } from './lane.ts';
import { ReplyHeads } from './reply-head.ts';

export interface LanesOptions extends Pick<HttpListenerOptions, 'onPost' | 'limits'> {
  readonly visits: Visits;
  readonly turn: Turn;
  readonly silentMs: number;
  readonly handOver: LaneOwner['handOver'];
  readonly logger: Logger;
}

/** What is larger costs so much elsewhere that it does not matter who reads it. */
const MAX_BODY_BYTES = 64 * 1024;

/** The lanes of a listener: one for each connection, as long as what comes is a plain POST. */
export class Lanes implements LaneOwner {
  readonly watch = new Watch();
  readonly replyHeads = new ReplyHeads(KEPT_SECONDS);
  readonly silentMs: number;
  readonly turn: Turn;
  readonly handOver: LaneOwner['handOver'];
  readonly #options: LanesOptions;

  constructor(options: LanesOptions) {
    this.#options = options;
    this.silentMs = options.silentMs;
    this.turn = options.turn;
    this.handOver = options.handOver;
  }

  get isClosing(): boolean {
    return this.#options.visits.isClosing;
  }

  get maxBodyBytes(): number {
    return Math.min(MAX_BODY_BYTES, this.#options.limits.maxBodyBytes);
  }

  /** A connection has come. */
  open(socket: Socket): void {
    new Lane(socket, this.#options.visits.begin(socket), this);
  }

  /** Nothing is watched over any more. */
  close(): void {
    this.watch.clear();
  }

  onPost(request: HttpRequest, signal: CancelSignal): Promise<HttpReply> {
    return this.#options.onPost(request, signal);
  }

  failed(error: unknown, signal: CancelSignal): HttpReply | undefined {
    return failureReply(error, signal, this.#options.logger);
  }
}
