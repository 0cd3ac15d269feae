import { memoized } from '../kernel/memo.ts';
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
  const { head, body } = apart(payload);
  const idEnd = head.indexOf('\n');
  const waitedEnd = head.indexOf('\n', idEnd + 1);
  const waited = head.slice(idEnd + 1, waitedEnd);
  const kind = waitedEnd === -1 ? NO_KIND : readKind(head.slice(waitedEnd + 1));
  if (kind === NO_KIND) throw badHead(head);
  const { path, contentType, soapAction, engine } = kind;
  const waitedMs = waited === ABSENT ? undefined : Number(waited);
  return { path, contentType, soapAction, requestId: head.slice(0, idEnd), engine, waitedMs, body };
}

/** What many requests have in common. */
type RequestKind = Pick<RelayedRequest, 'path' | 'contentType' | 'soapAction' | 'engine'>;

const NO_KIND = 'none';
/** The path of each resource is another one. */
const MAX_KINDS = 1_024;
const readKind = memoized((text): RequestKind | typeof NO_KIND => {
  const lines = text.split('\n');
  const [path, engine, contentType, soapAction] = lines;
  if (lines.length !== 4 || path === undefined) return NO_KIND;
  return {
    path,
    contentType: present(contentType),
    soapAction: present(soapAction),
    engine: engine === ABSENT ? undefined : engine,
  };
}, MAX_KINDS);

/** The reply as wire payload. */
export function packReply({ outcome, status, headers, body, server }: RelayedReply): Buffer {
  let head = `${outcome}\n${status}\n${server}`;
  for (const name of Object.keys(headers)) head += `\n${name}\n${headers[name]}`;
  return withHead(head, body);
}

/**
 * Reads what packReply() wrote. The body is a view of `payload`; the headers may be those of other replies, too. Throws
 * RangeError when its head is no such head.
 */
export function unpackReply(payload: Uint8Array): RelayedReply {
  const { head, body } = apart(payload);
  const { outcome, status, headers, server } = readReplyHead(head);
  return { outcome, status, headers, body, server };
}

const readReplyHead = memoized((text): Omit<RelayedReply, 'body'> => {
  const lines = text.split('\n');
  const [outcome, status, server] = lines;
  if (!isOutcome(outcome) || server === undefined || lines.length % 2 !== 1) throw badHead(text);
  const headers: Record<string, string> = {};
  for (let index = 3; index < lines.length; index += 2) headers[lines[index] ?? ''] = lines[index + 1] ?? '';
  return { outcome, status: Number(status), headers: Object.freeze(headers), server };
});

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

function apart(payload: Uint8Array): { readonly head: string; readonly body: Uint8Array } {
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const end = 4 + view.readUInt32LE(0);
  return { head: view.toString('utf8', 4, end), body: view.subarray(end) };
}

function badHead(head: string): RangeError {
  const lines = head.split('\n');
  return new RangeError(
    `Head of ${lines.length} lines, ${JSON.stringify(lines.slice(0, 3))} …: not one of a relayed message`,
  );
}
