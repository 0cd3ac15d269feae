import { LinkedQueue } from '../../../kernel/linked-queue.ts';
import { Connection, type ConnectionOwner, type ConnectionSite, type Outgoing } from './connection.ts';

const MAX_CONNECTIONS = 64;

/** The connections to one origin, and what waits for one of them. */
export class Connections implements ConnectionOwner {
  readonly #site: ConnectionSite;
  readonly #onUnused: () => void;
  readonly #all = new Set<Connection>();
  /** The one that was used last comes last, and is used first: the others may come to their end. */
  readonly #free: Connection[] = [];
  readonly #waiting = new LinkedQueue<Outgoing>();
  /** What has to go over a new connection, and waits until there may be one more. */
  readonly #waitingForNew = new LinkedQueue<Outgoing>();

  /** `onUnused` is called when there is none any more. */
  constructor(site: ConnectionSite, onUnused: () => void) {
    this.#site = site;
    this.#onUnused = onUnused;
  }

  /** Sends it as soon as it may be sent. */
  dispatch(outgoing: Outgoing): void {
    const free = this.#free.pop();
    if (free !== undefined) {
      if (!free.send(outgoing)) this.onFree(free);
    } else if (this.#all.size < MAX_CONNECTIONS) {
      this.#open(outgoing);
    } else {
      this.#waiting.push(outgoing);
    }
  }

  /** As dispatch(), over a connection that was not used before. */
  dispatchFresh(outgoing: Outgoing): void {
    if (this.#all.size < MAX_CONNECTIONS) this.#open(outgoing);
    else this.#waitingForNew.push(outgoing);
  }

  onFree(connection: Connection): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (connection.send(next)) return;
    }
    this.#free.push(connection);
    connection.rest();
  }

  onGone(connection: Connection, tell: () => void): void {
    this.#all.delete(connection);
    const at = this.#free.indexOf(connection);
    if (at !== -1) this.#free.splice(at, 1);
    tell();
    while (this.#all.size < MAX_CONNECTIONS) {
      const next = this.#waitingForNew.shift() ?? this.#waiting.shift();
      if (next === undefined) break;
      this.#open(next);
    }
    if (this.#all.size === 0) this.#onUnused();
  }

  /** Cuts all, and gives up what waits. */
  destroy(error: Error): void {
    for (const queue of [this.#waitingForNew, this.#waiting]) {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) next.exchange.broken(error);
    }
    for (const connection of [...this.#all]) connection.abort(error);
  }

  #open(first: Outgoing): void {
    if (first.exchange.isOver) {
      if (this.#all.size === 0) this.#onUnused();
      return;
    }
    this.#all.add(new Connection(this.#site, this, first));
  }
}
