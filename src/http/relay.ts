import type { EngineName } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';

/** The wire channel on which proxies hand requests to service points. */
export const SOAP_CHANNEL = 'soap';

/** A SOAP request on its way from a proxy to a service point. */
export interface RelayedRequest {
  readonly path: string;
  readonly contentType?: string;
  readonly soapAction?: string;
  /** Names the request over all its tries; a wsa:MessageID in the message goes before it. */
  readonly requestId: string;
  /** For a request without an affinity: the engine that the proxy chose for it. The same at every try after an unknown outcome. */
  readonly engine?: EngineName;
  /** How long its client has been waiting already, in milliseconds: what may wait for messages waits so much less. */
  readonly waitedMs?: number;
  readonly body: Uint8Array;
}

/** What the service point made of it. */
export interface RelayedReply {
  /** `answered`: pass it on. Otherwise the engine was not there; `unknown`: and the request may have had its effect. */
  readonly outcome: 'answered' | 'not-processed' | 'unknown';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The server that answered, for Via. */
  readonly server: string;
}

/** The request as wire payload. */
export function packRequest(request: RelayedRequest): Buffer {
  return pack(request);
}

/** Reads what packRequest() wrote. */
export function unpackRequest(payload: Uint8Array): RelayedRequest {
  return unpack(payload) as RelayedRequest;
}

/** The reply as wire payload. */
export function packReply(reply: RelayedReply): Buffer {
  return pack(reply);
}

/** Reads what packReply() wrote. */
export function unpackReply(payload: Uint8Array): RelayedReply {
  return unpack(payload) as RelayedReply;
}
