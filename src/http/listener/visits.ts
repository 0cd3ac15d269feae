import type { Duplex } from 'node:stream';
import type { Cancellation } from '../../kernel/cancellation.ts';
import { Crowd, type Member } from '../../kernel/crowd.ts';
import { InfrastructureError } from '../../kernel/errors.ts';
import { Passing } from '../../kernel/passing.ts';

/** A request whose answer is not yet through. */
export interface OpenRequest extends Member {
  readonly cancellation: Cancellation;
  /** True: it has come whole, or an answer to it is owed for another reason. */
  readonly isOwed: boolean;
}

/** The open requests of one connection. */
export type Visit = Crowd<OpenRequest>;

/** Every connection of a listener, with its open requests. */
export class Visits {
  readonly #visits = new Passing<Duplex, Visit>();
  #isClosing = false;

  /** True: each answer is the last on its connection. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** A connection has come; when it closes, its requests are given up. */
  begin(socket: Duplex): Visit {
    const visit: Visit = new Crowd();
    this.#visits.set(socket, visit);
    socket.once('close', () => {
      this.#visits.delete(socket);
      // Not every response hears of it: those behind another on the same connection do not.
      for (const { cancellation } of visit.all()) cancellation.abort(clientGone());
    });
    return visit;
  }

  /** Undefined: that connection is closed. */
  of(socket: Duplex): Visit | undefined {
    return this.#visits.get(socket);
  }

  /** From now on each answer is the last on its connection. */
  close(): void {
    this.#isClosing = true;
  }

  /** Closes the connections that have no request open. */
  closeIdle(): void {
    for (const [socket, visit] of this.#visits.entries()) if (visit.size === 0) socket.destroy();
  }

  /** Gives up what is open, and closes all. */
  cut(): void {
    const reason = new InfrastructureError('shutting-down', 'This end is shutting down', { processed: 'unknown' });
    for (const [socket, visit] of this.#visits.entries()) {
      for (const { cancellation } of visit.all()) cancellation.abort(reason);
      socket.destroy();
    }
  }
}

/** Why a request is given up whose client has closed its connection. */
export function clientGone(): InfrastructureError {
  return new InfrastructureError('unreachable', 'The client has gone away', { processed: 'unknown' });
}
