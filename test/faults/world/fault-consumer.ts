import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { XmlElement } from '../../../src/xml/document.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { WSNT } from '../../support/soap-client.ts';
import type { GivenUp, History } from '../history.ts';

export const DELIVERY = 'urn:pointsman:delivery';

/** `refusing`: 503. `silent`: no answer. `cutting`: closes in the middle. `gone`: nobody listens. */
export type Mood = 'well' | 'refusing' | 'silent' | 'cutting' | 'gone';

/** One consumer process of the world, as far as the broker can tell: many subscriptions, a path for each. */
export class FaultConsumer implements AsyncDisposable {
  readonly name: string;
  readonly #history: History;
  readonly #server: Server;
  #port = 0;
  #mood: Mood = 'well';
  #relay: { readonly port: number } | undefined;

  private constructor(name: string, history: History) {
    this.name = name;
    this.#history = history;
    this.#server = createServer((request, response) => this.#take(request, response));
    // A test waits for nobody who keeps a connection.
    this.#server.keepAliveTimeout = 2_000;
  }

  static async start(name: string, history: History): Promise<FaultConsumer> {
    const consumer = new FaultConsumer(name, history);
    await consumer.#listen();
    return consumer;
  }

  get port(): number {
    return this.#port;
  }

  /** From now on its addresses lead through this port. */
  set relay(relay: { readonly port: number }) {
    this.#relay = relay;
  }

  get route(): 'direct' | 'relayed' {
    return this.#relay === undefined ? 'direct' : 'relayed';
  }

  /** Where one of its subscriptions receives. */
  urlOf(recipient: string): string {
    return `http://127.0.0.1:${String(this.#relay?.port ?? this.#port)}/${recipient}`;
  }

  async turn(mood: Mood): Promise<void> {
    const before = this.#mood;
    this.#mood = mood;
    if (mood === 'gone' && before !== 'gone') await this.#close();
    if (mood !== 'gone' && before === 'gone') await this.#listen();
    // Whoever was left without an answer is told by a cut that there will be none.
    if (before === 'silent') this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mood !== 'gone') await this.#close();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const beganAt = performance.now();
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      switch (this.#mood) {
        case 'well':
          this.#note((request.url ?? '').slice(1), Buffer.concat(chunks), beganAt);
          response.writeHead(202).end();
          break;
        case 'refusing':
          response.writeHead(503).end();
          break;
        case 'cutting':
          request.socket.destroy();
          break;
        case 'silent':
        case 'gone':
          break;
      }
    });
  }

  #note(recipient: string, body: Buffer, beganAt: number): void {
    const [header, soapBody] = ['Header', 'Body'].map((name) =>
      readXml(body)
        .root.children()
        .find(({ localName }) => localName === name),
    );
    const delivery = header?.child(DELIVERY, 'Delivery');
    if (delivery === undefined) throw new Error(`No Delivery header: ${body.toString()}`);
    const engine = delivery.attribute('', 'engine') ?? '';
    const gap = header?.child(DELIVERY, 'Gap');
    if (gap !== undefined) this.#history.note(givenUp(recipient, engine, gap));
    const messages = delivery.children().filter(({ localName }) => localName === 'Message');
    const notifications = soapBody?.child(WSNT, 'Notify')?.children() ?? [];
    for (const [index, notification] of notifications.entries()) {
      this.#history.note({
        type: 'delivery',
        recipient,
        route: this.route,
        payload: payloadOf(notification),
        id: messages[index]?.attribute('', 'id') ?? '',
        seq: Number(messages[index]?.attribute('', 'seq')),
        engine,
        epoch: Number(delivery.attribute('', 'epoch')),
        attempt: Number(delivery.attribute('', 'attempt')),
        beganAt,
      });
    }
  }
}

/** What a gap marker says. */
export function givenUp(recipient: string, engine: string, gap: XmlElement): GivenUp {
  const [first, last] = ['first', 'last'].map((name) => Number(gap.attribute('', name))) as [number, number];
  return { type: 'given-up', recipient, engine, first, last, reason: gap.attribute('', 'reason') ?? '' };
}

function payloadOf(notification: XmlElement): string {
  return notification.child(WSNT, 'Message')?.children()[0]?.text() ?? '';
}
