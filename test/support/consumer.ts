import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { XmlDocument } from '../../src/xml/document.ts';
import { readXml } from '../../src/xml/reader.ts';

const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const DELIVERY = 'urn:pointsman:delivery';

/** One NotificationMessage as it arrived. */
export interface Received {
  readonly at: number;
  readonly payload: string;
  readonly topic: string | undefined;
  readonly id: string | undefined;
  readonly epoch: number;
  readonly attempt: number;
  readonly isRedelivery: boolean;
}

/** A NotificationConsumer with a memory: a real HTTP server that answers every Notify. */
export class TestConsumer implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly documents: XmlDocument[] = [];
  /** What it answers; change it to misbehave. */
  status = 202;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (this.status < 300) this.#note(Buffer.concat(chunks));
        response.writeHead(this.status).end();
      });
    });
  }

  static async start(): Promise<TestConsumer> {
    const consumer = new TestConsumer();
    await new Promise<void>((resolve) => consumer.#server.listen(0, '127.0.0.1', resolve));
    return consumer;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/consumer`;
  }

  get payloads(): readonly string[] {
    return this.received.map(({ payload }) => payload);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #note(body: Buffer): void {
    const { document, received } = notifiedMessages(body);
    this.documents.push(document);
    this.received.push(...received);
  }
}

/** What a Notify of a broker carries, in order. */
export function notifiedMessages(body: Buffer): { document: XmlDocument; received: readonly Received[] } {
  const document = readXml(body);
  const [header, soapBody] = ['Header', 'Body'].map((name) =>
    document.root.children().find(({ localName }) => localName === name),
  );
  const delivery = header?.child(DELIVERY, 'Delivery');
  const ids = delivery?.children().map((message) => message.attribute('', 'id'));
  const messages = soapBody?.child(WSNT, 'Notify')?.children() ?? [];
  const received = messages.map((message, index) => ({
    at: performance.now(),
    payload: message.child(WSNT, 'Message')?.children()[0]?.text() ?? '',
    topic: message.child(WSNT, 'Topic')?.text(),
    id: ids?.[index],
    epoch: Number(delivery?.attribute('', 'epoch')),
    attempt: Number(delivery?.attribute('', 'attempt')),
    isRedelivery: delivery?.attribute('', 'redelivery') === 'true',
  }));
  return { document, received };
}
