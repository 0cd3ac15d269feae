import type { HttpReply, HttpRequest } from '../http/messages.ts';
import { packReply, unpackRequest } from '../http/relay.ts';
import type { CancelSignal } from '../kernel/cancellation.ts';
import type { SoapReply } from '../soap/fault.ts';
import type { ServicePoint } from './service-point.ts';

/** Answers SOAP_CHANNEL: requests that a proxy relays to this server. */
export function answerRelayed(
  servicePoint: ServicePoint,
  server: string,
): (payload: Buffer, caller: unknown, signal: CancelSignal) => Promise<Uint8Array> {
  return async (payload, _caller, signal) => {
    const { outcome, reply } = await servicePoint.answer(unpackRequest(payload), signal);
    return packReply({ outcome, status: reply.status, headers: headersOf(reply), body: reply.body, server });
  };
}

/** Answers requests that reach this server's own HTTP listener. */
export function answerDirect(
  servicePoint: ServicePoint,
  server: string,
): (request: HttpRequest, signal: CancelSignal) => Promise<HttpReply> {
  return async (request, signal) => {
    const { path, body } = request;
    const contentType = request.headers['content-type'];
    const soapAction = request.headers['soapaction'];
    const { reply } = await servicePoint.answer(
      { path, contentType, soapAction: typeof soapAction === 'string' ? soapAction : undefined, body },
      signal,
    );
    const headers = headersOf(reply);
    headers['Via'] = `1.1 ${server}`;
    return { status: reply.status, headers, body: reply.body };
  };
}

function headersOf({ contentType, headers }: SoapReply): Record<string, string> {
  // Most have but this one; what is spread has a hidden class of its own each time.
  const all: Record<string, string> = headers === undefined ? {} : { ...headers };
  if (contentType !== '') all['Content-Type'] = contentType;
  return all;
}
