import type { HttpReply, HttpRequest } from '../http/messages.ts';
import type { RelayedReply } from '../http/relay.ts';
import type { CancelSignal } from '../kernel/cancellation.ts';
import { IdSeries } from '../kernel/id-series.ts';
import type { Logger } from '../kernel/log.ts';
import { memoizedOf } from '../kernel/memo.ts';
import { affinityOfBlocks, affinityOfPath, combineAffinity } from '../soap/affinity.ts';
import { readHeader } from '../soap/envelope.ts';
import { ProtocolError, protocolFaultReply, type SoapReply } from '../soap/fault.ts';
import type { SoapVersion } from '../soap/version.ts';
import type { GivenUp, RequestRelay } from './relay-request.ts';
import type { RouteKey } from './route.ts';

export interface FrontDoorOptions {
  /** The proxy's own name, for Via. */
  readonly name: string;
  readonly relay: RequestRelay;
  /** Read anew for each request. */
  readonly limits: { readonly maxBodyBytes: number };
  readonly logger: Logger;
}

/** What clients talk to: reads the affinity of each SOAP request, and has it served by the right member. */
export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #ids = new IdSeries();
  /** By server, of which there are few. */
  readonly #behind = new Map<string, (headers: Headers) => Headers>();

  constructor(options: FrontDoorOptions) {
    this.#options = options;
  }

  /** Answers one POST. Never rejects for what a client sent. */
  async answer(request: HttpRequest, signal: CancelSignal): Promise<HttpReply> {
    const framing = framingOf(request);
    let key: RouteKey;
    try {
      key = this.#keyOf(request, framing);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.#toHttp(protocolFaultReply(error));
    }
    const { path, body } = request;
    const { contentType, soapAction } = framing;
    const relayed = { path, body, requestId: this.#ids.next(), contentType, soapAction };
    const outcome = await this.#options.relay.relay(relayed, key, signal);
    return 'outcome' in outcome ? this.#pass(outcome) : this.#unavailable(outcome, framing.contentType);
  }

  /**
   * With the engine in the path nothing else is read: the service point compares it with the reference parameters.
   * Without it the SOAP header is read, strictly, up to the Body.
   */
  #keyOf({ path, body }: HttpRequest, framing: Framing): RouteKey {
    const byPath = affinityOfPath(path);
    if (byPath.engine !== undefined) return { engine: byPath.engine };
    const header = readHeader(body, framing, { maxBytes: this.#options.limits.maxBodyBytes });
    const { engine } = combineAffinity(byPath, affinityOfBlocks(header.blocks), header.version);
    const { messageId } = header.addressing;
    return { engine, messageId };
  }

  #pass({ status, headers, server, body }: RelayedReply): HttpReply {
    return { status, headers: this.#headersBehind(server)(headers), body };
  }

  /** What a server's headers become on the way. */
  #headersBehind(server: string): (headers: Headers) => Headers {
    let behind = this.#behind.get(server);
    if (behind === undefined) {
      const via = `1.1 ${this.#options.name}, 1.1 ${server}`;
      behind = memoizedOf((headers) => Object.freeze({ ...headers, Via: via }));
      this.#behind.set(server, behind);
    }
    return behind;
  }

  #unavailable({ reason, reply }: GivenUp, contentType: string | undefined): HttpReply {
    this.#options.logger.warn('Request given up', { reason });
    if (reply !== undefined) return this.#pass(reply);
    const version: SoapVersion = contentType?.includes('application/soap+xml') === true ? '1.2' : '1.1';
    const error = new ProtocolError('Temporarily unavailable, try again', {
      version,
      code: 'Receiver',
      httpStatus: 503,
    });
    const fault = protocolFaultReply(error);
    return this.#toHttp({ ...fault, headers: { ...fault.headers, 'Retry-After': '2' } });
  }

  #toHttp({ status, contentType, headers, body }: SoapReply): HttpReply {
    return { status, headers: { ...headers, 'Content-Type': contentType, Via: `1.1 ${this.#options.name}` }, body };
  }
}

type Headers = HttpReply['headers'];

interface Framing {
  readonly contentType: string | undefined;
  readonly soapAction: string | undefined;
}

function framingOf({ headers }: HttpRequest): Framing {
  const contentType = headers['content-type'];
  const soapAction = headers['soapaction'];
  return { contentType, soapAction: typeof soapAction === 'string' ? soapAction : undefined };
}
