const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const CONCRETE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete';

/** A whole HTTP request with an envelope. */
export function soapPost(url: string, body: string, headers = ''): Uint8Array {
  const { host, pathname } = new URL(url);
  const envelope = Buffer.from(
    `<s:Envelope xmlns:s="${SOAP}"><s:Header>${headers}</s:Header><s:Body>${body}</s:Body></s:Envelope>`,
  );
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/soap+xml; charset=utf-8\r\nContent-Length: ${envelope.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), envelope]);
}

/** A Notify with one message on the topic `t:b` of `urn:bench`, of about so many bytes. */
export function notify(url: string, bytes: number): Uint8Array {
  const payload = `<reading xmlns="urn:bench">${'x'.repeat(Math.max(0, bytes - 600))}</reading>`;
  const topic = `<n:Topic xmlns:t="urn:bench" Dialect="${CONCRETE}">t:b</n:Topic>`;
  const message = `<n:NotificationMessage>${topic}<n:Message>${payload}</n:Message></n:NotificationMessage>`;
  return soapPost(url, `<n:Notify xmlns:n="${WSNT}">${message}</n:Notify>`);
}
