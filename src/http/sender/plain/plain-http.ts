import type { Exchange } from '../exchange.ts';
import type { Target } from '../target.ts';
import type { Watch } from '../../watch.ts';
import type { ConnectionSite, Outgoing } from './connection.ts';
import { Connections } from './connections.ts';
import { fieldLine } from '../../field-line.ts';

const BUFFER_BYTES = 64 * 1024;

/**
 * POSTs over TCP without TLS, at most 64 at once to each origin. What undici does besides (any method, pipelining, streams,
 * interceptors) takes most of the time that a short request takes with it; nothing of that is needed here
 * (docs/adr/0025-cost-of-a-delivery.md).
 */
export class PlainHttp {
  readonly #watch: Watch;
  readonly #origins = new Map<string, Connections>();
  /** One for all: what is read is taken out of it before anything else is read. */
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  /** Throws when HTTP cannot carry the headers. `isFresh`: over a connection that was not used before. */
  dispatch(exchange: Exchange, isFresh: boolean): void {
    const { target } = exchange;
    const outgoing: Outgoing = { exchange, head: headOf(exchange) };
    const connections = this.#origins.get(target.origin) ?? this.#open(target);
    if (isFresh) connections.dispatchFresh(outgoing);
    else connections.dispatch(outgoing);
  }

  /** Cuts every connection. */
  destroy(error: Error): void {
    for (const connections of [...this.#origins.values()]) connections.destroy(error);
  }

  #open({ origin, host, port }: Target): Connections {
    const site: ConnectionSite = { host, port, buffer: this.#buffer, watch: this.#watch };
    const connections = new Connections(site, () => this.#origins.delete(origin));
    this.#origins.set(origin, connections);
    return connections;
  }
}

function headOf({ target, request, body }: Exchange): string {
  const { headers } = request;
  let head = target.requestLines;
  for (const name in headers) head += fieldLine(name, headers[name] ?? '');
  return `${head}content-length: ${body.byteLength}\r\n\r\n`;
}
