import type { HttpReply, HttpRequest } from '../http/messages.ts';
import { packReply, unpackRequest } from '../http/relay.ts';
import type { CancelSignal } from '../kernel/cancellation.ts';
import { memoized } from '../kernel/memo.ts';
import type { SoapReply } from '../soap/fault.ts';
import type { ServicePoint } from './service-point.ts';

/** Answers SOAP_CHANNEL: requests that a proxy relays to this server. */
export function answerRelayed(
  servicePoint: ServicePoint,
  server: string,
): (payload: Buffer, caller: unknown, signal: CancelSignal) => Promise<Uint8Array> {
  const headersOf = headersWith({});
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
  const headersOf = headersWith({ Via: `1.1 ${server}` });
  return async (request, signal) => {
    const { path, body } = request;
    const contentType = request.headers['content-type'];
    const soapAction = request.headers['soapaction'];
    const { reply } = await servicePoint.answer(
      { path, contentType, soapAction: typeof soapAction === 'string' ? soapAction : undefined, body },
      signal,
    );
    return { status: reply.status, headers: headersOf(reply), body: reply.body };
  };
}

type Headers = HttpReply['headers'];

/** The headers of a reply, with `more`; most replies share theirs with many others. */
function headersWith(more: Headers): (reply: SoapReply) => Headers {
  const only = memoized((contentType) =>
    Object.freeze(contentType === '' ? more : { 'Content-Type': contentType, ...more }),
  );
  return ({ contentType, headers }) => {
    const shared = only(contentType);
    return headers === undefined ? shared : { ...headers, ...shared };
  };
}
