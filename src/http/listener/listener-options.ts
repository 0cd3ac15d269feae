import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { CancelSignal } from '../../kernel/cancellation.ts';
import type { Logger } from '../../kernel/log.ts';
import type { HttpReply, HttpRequest } from '../messages.ts';

export interface HttpListenerOptions {
  /** Port 0 takes any free one: see address(). */
  readonly listen: { readonly host: string; readonly port: number };
  /** The socket that another process has opened at `listen` already, from its listeningSocket(): then nothing is opened here. */
  readonly inherited?: ListenerHandle;
  /**
   * How long stop() leaves connections open that have no request, in milliseconds; 0 by default. Who sends another one
   * in this time is answered, and told to close: otherwise its request might meet the closing.
   */
  readonly lingerMs?: number;
  /** Answers a POST. `signal` aborts when the client has gone away, and at the end of the grace of stop(). */
  readonly onPost: (request: HttpRequest, signal: CancelSignal) => Promise<HttpReply>;
  /** Everything that is not a POST: an express application. */
  readonly fallback: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes over a connection whose client asked to upgrade it. Without it such a request is served as a plain one. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly limits: HttpLimits;
  /** Builds the answer to a body over the limit; by default 413 with a line of text. */
  readonly tooLarge?: (request: Omit<HttpRequest, 'body'>) => HttpReply;
  readonly logger: Logger;
}

export interface HttpLimits {
  /** Read anew for each request. */
  readonly maxBodyBytes: number;
  /** Open connections; more are closed at once. 10,000 by default. */
  readonly maxConnections?: number;
  /** For the headers, from the first byte; 10,000 by default. Checked each second or so. */
  readonly headersTimeoutMs?: number;
  /** For the whole request; 30,000 by default. Checked each second or so. */
  readonly requestTimeoutMs?: number;
}

/** A listening socket of the system, which can go to another process. */
export interface ListenerHandle {
  /** This process lets go of it. */
  close(): void;
}
