const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
export const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const WSA = 'http://www.w3.org/2005/08/addressing';
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

/** A Notify with one message on a topic of `urn:bench`, of about so many bytes. */
export function notify(url: string, bytes: number, local = 'b'): Uint8Array {
  const payload = `<reading xmlns="urn:bench">${'x'.repeat(Math.max(0, bytes - 600))}</reading>`;
  const topic = `<n:Topic xmlns:t="urn:bench" Dialect="${CONCRETE}">t:${local}</n:Topic>`;
  const message = `<n:NotificationMessage>${topic}<n:Message>${payload}</n:Message></n:NotificationMessage>`;
  return soapPost(url, `<n:Notify xmlns:n="${WSNT}">${message}</n:Notify>`);
}

/** What is in the messages of an envelope: much markup, or much text. About as many bytes either way. */
export type Payloads = 'readings' | 'text';

/** A whole envelope with a Notify of so many messages, a kilobyte each, as a plant's controllers send them. */
export function notifyEnvelope(messages: number, payloads: Payloads): string {
  const header =
    '<wsa:To s:mustUnderstand="true">http://broker.example.net:8080/wsn/NotificationBroker</wsa:To>' +
    `<wsa:Action>${WSNT.replace('b-2', 'bw-2')}/NotificationConsumer/Notify</wsa:Action>` +
    '<wsa:MessageID>urn:uuid:6f1d0c4e-9f0e-4c53-a1a5-2b9a6f1f7f10</wsa:MessageID>';
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="${SOAP}" xmlns:wsa="${WSA}" xmlns:wsnt="${WSNT}">\n` +
    `  <s:Header>${header}</s:Header>\n  <s:Body>\n    <wsnt:Notify>\n` +
    Array.from({ length: messages }, (_, index) => messageOf(index, PAYLOADS[payloads](index))).join('\n') +
    '\n    </wsnt:Notify>\n  </s:Body>\n</s:Envelope>\n'
  );
}

function messageOf(index: number, payload: string): string {
  return `      <wsnt:NotificationMessage>
        <wsnt:Topic xmlns:t="urn:example:plant" Dialect="${CONCRETE}">t:site${index}/line${index % 4}/state</wsnt:Topic>
        <wsnt:ProducerReference>
          <wsa:Address>http://controller-${index}.example.net:9090/producer?line=${index % 4}&amp;unit=2</wsa:Address>
        </wsnt:ProducerReference>
        <wsnt:Message>${payload}</wsnt:Message>
      </wsnt:NotificationMessage>`;
}

const PAYLOADS: Readonly<Record<Payloads, (index: number) => string>> = {
  readings: (index) => {
    const values = ['temperature', 'pressure', 'speed', 'power'].map(
      (name, place) =>
        `  <r:value name="${name}" unit="u${place}" quality="good">${(index * 37 + place * 11) / 8}</r:value>`,
    );
    return `
<r:Reading xmlns:r="urn:example:reading" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" r:at="2026-11-22T10:00:0${index % 10}Z">
${values.join('\n')}
  <r:remark xsi:type="r:text">${'Everything is as it should be &amp; nothing is due. '.repeat(3)}</r:remark>
</r:Reading>`;
  },
  text: (index) =>
    `<r:Report xmlns:r="urn:example:reading" number="${index}">${'Nothing to report here. '.repeat(25)}</r:Report>`,
};
