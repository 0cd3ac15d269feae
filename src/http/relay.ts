import type { EngineName } from '../kernel/names.ts';

/** The wire channel on which proxies hand requests to service points. */
export const SOAP_CHANNEL = 'soap';

/** A SOAP request on its way from a proxy to a service point. */
export interface RelayedRequest {
  readonly path: string;
  readonly contentType?: string | undefined;
  readonly soapAction?: string | undefined;
  /** Names the request over all its tries; a wsa:MessageID in the message goes before it. */
  readonly requestId: string;
  /** For a request without an affinity: the engine that the proxy chose for it. The same at every try after an unknown outcome. */
  readonly engine?: EngineName | undefined;
  /** How long its client has been waiting already, in milliseconds: what may wait for messages waits so much less. */
  readonly waitedMs?: number | undefined;
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
export function packRequest({
  path,
  contentType,
  soapAction,
  requestId,
  engine,
  waitedMs,
  body,
}: RelayedRequest): Buffer {
  return withHead({ path, contentType, soapAction, requestId, engine, waitedMs }, body);
}

/** Reads what packRequest() wrote. The body is a view of `payload`. */
export function unpackRequest(payload: Uint8Array): RelayedRequest {
  const { head, body } = apart<RelayedRequest>(payload);
  // Named one by one, so that all have the same hidden class.
  const { path, contentType, soapAction, requestId, engine, waitedMs } = head;
  return { path, contentType, soapAction, requestId, engine, waitedMs, body };
}

/** The reply as wire payload. */
export function packReply({ outcome, status, headers, body, server }: RelayedReply): Buffer {
  return withHead({ outcome, status, headers, server }, body);
}

/** Reads what packReply() wrote. The body is a view of `payload`. */
export function unpackReply(payload: Uint8Array): RelayedReply {
  const { head, body } = apart<RelayedReply>(payload);
  const { outcome, status, headers, server } = head;
  return { outcome, status, headers, body, server };
}

/** u32 length of the head, the head as JSON, the body: the plainest form, since each request passes through it four times. */
function withHead(head: object, body: Uint8Array): Buffer {
  const text = JSON.stringify(head);
  const length = Buffer.byteLength(text);
  const payload = Buffer.allocUnsafe(4 + length + body.byteLength);
  payload.writeUInt32LE(length, 0);
  payload.write(text, 4);
  payload.set(body, 4 + length);
  return payload;
}

function apart<T extends { readonly body: Uint8Array }>(
  payload: Uint8Array,
): { readonly head: Omit<T, 'body'>; readonly body: Uint8Array } {
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const end = 4 + view.readUInt32LE(0);
  return { head: JSON.parse(view.toString('utf8', 4, end)) as Omit<T, 'body'>, body: view.subarray(end) };
}
