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
export function packRequest(request: RelayedRequest): Buffer {
  const { path, contentType, soapAction, requestId, engine, waitedMs, body } = request;
  const named = `${requestId}\n${waitedMs ?? ABSENT}\n${path}\n${engine ?? ABSENT}`;
  return withHead(`${named}\n${optional(contentType)}\n${optional(soapAction)}`, body);
}

/** Reads what packRequest() wrote. The body is a view of `payload`. Throws RangeError when its head is no such head. */
export function unpackRequest(payload: Uint8Array): RelayedRequest {
  const { lines, body } = apart(payload);
  const [requestId, waited, path, engine, contentType, soapAction] = lines;
  if (lines.length !== 6 || requestId === undefined || path === undefined || engine === undefined) throw badHead(lines);
  return {
    path,
    contentType: present(contentType),
    soapAction: present(soapAction),
    requestId,
    engine: engine === ABSENT ? undefined : engine,
    waitedMs: waited === ABSENT ? undefined : Number(waited),
    body,
  };
}

/** The reply as wire payload. */
export function packReply({ outcome, status, headers, body, server }: RelayedReply): Buffer {
  let head = `${outcome}\n${status}\n${server}`;
  for (const name of Object.keys(headers)) head += `\n${name}\n${headers[name]}`;
  return withHead(head, body);
}

/** Reads what packReply() wrote. The body is a view of `payload`. Throws RangeError when its head is no such head. */
export function unpackReply(payload: Uint8Array): RelayedReply {
  const { lines, body } = apart(payload);
  const [outcome, status, server] = lines;
  if (!isOutcome(outcome) || server === undefined || lines.length % 2 !== 1) throw badHead(lines);
  const headers: Record<string, string> = {};
  for (let index = 3; index < lines.length; index += 2) headers[lines[index] ?? ''] = lines[index + 1] ?? '';
  return { outcome, status: Number(status), headers, body, server };
}

function isOutcome(text: string | undefined): text is RelayedReply['outcome'] {
  return text === 'answered' || text === 'not-processed' || text === 'unknown';
}

/** What stands for a name or a number that is not there. */
const ABSENT = '';
/** Before a text that is there, and may be empty. */
const PRESENT = '=';

function optional(text: string | undefined): string {
  return text === undefined ? ABSENT : PRESENT + text;
}

function present(line: string | undefined): string | undefined {
  return line === undefined || line === ABSENT ? undefined : line.slice(PRESENT.length);
}

/**
 * u32 length of the head, the head as lines of text, the body: the plainest form, since each request passes through it four
 * times. Nothing in a head has a line break, neither names nor what HTTP allows in a target or a field; one more line than
 * there should be is refused.
 */
function withHead(head: string, body: Uint8Array): Buffer {
  const length = Buffer.byteLength(head);
  const payload = Buffer.allocUnsafe(4 + length + body.byteLength);
  payload.writeUInt32LE(length, 0);
  payload.write(head, 4);
  payload.set(body, 4 + length);
  return payload;
}

function apart(payload: Uint8Array): { readonly lines: readonly string[]; readonly body: Uint8Array } {
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const end = 4 + view.readUInt32LE(0);
  return { lines: view.toString('utf8', 4, end).split('\n'), body: view.subarray(end) };
}

function badHead(lines: readonly string[]): RangeError {
  return new RangeError(
    `Head of ${lines.length} lines, ${JSON.stringify(lines.slice(0, 3))} …: not one of a relayed message`,
  );
}
