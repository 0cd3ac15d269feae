import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createAdminApp } from '../../../src/admin/app.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { standalone } from '../../../src/xml/fragment.ts';
import { readXml } from '../../../src/xml/reader.ts';

const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const WSA = 'http://www.w3.org/2005/08/addressing';
const AFF = 'urn:pointsman:affinity';

/** A request as the stub got it. */
export interface Recorded {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly root: XmlElement;
  /** The first child of the Body. */
  readonly body: XmlElement;
}

/**
 * Our WSDL with canned, schema-valid answers behind it: for tests of clients. Knows one pull point, into which it puts
 * every NotificationMessage that is published.
 */
export class StubBroker implements AsyncDisposable {
  readonly requests: Recorded[] = [];
  /** Answers instead of the canned one; undefined: the canned one. */
  override: ((request: Recorded) => { status: number; type?: string; body: string } | undefined) | undefined;
  /** How long a subscription is granted. */
  lifetimeMs = 3_600_000;
  readonly #server: Server;
  readonly #queue: string[] = [];
  #admin: ReturnType<typeof createAdminApp> | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      if (request.method === 'POST') this.#collect(request, response);
      else this.#admin?.(request, response);
    });
  }

  static async start(): Promise<StubBroker> {
    const stub = new StubBroker();
    await new Promise<void>((resolve) => stub.#server.listen(0, '127.0.0.1', resolve));
    const wsdlDirectory = fileURLToPath(new URL('../../../wsdl', import.meta.url));
    stub.#admin = createAdminApp({
      wsdlDirectory,
      publicUrl: stub.url,
      health: () => ({ serving: true }),
      logger: silentLogger,
    });
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get wsdl(): string {
    return `${this.url}/wsn/NotificationBroker?wsdl`;
  }

  /** The requests with this body element. */
  of(operation: string): Recorded[] {
    return this.requests.filter(({ body }) => body.localName === operation);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #collect(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const { root } = readXml(bytes);
      const body = root.child(root.namespace, 'Body')?.children()[0];
      if (body === undefined) {
        response.writeHead(400).end('No body element');
        return;
      }
      const recorded = { path: request.url ?? '', headers: request.headers, text: bytes.toString(), root, body };
      this.requests.push(recorded);
      const other = this.override?.(recorded);
      const content = other?.body ?? this.#answer(body);
      const status = other?.status ?? (content === '' ? 202 : 200);
      const type = other?.type ?? (root.namespace.includes('2003/05') ? 'application/soap+xml' : 'text/xml');
      response.writeHead(status, { 'Content-Type': `${type}; charset=utf-8`, Via: '1.1 proxy1, 1.1 server2' });
      response.end(content === '' || other?.type !== undefined ? content : envelope(root.namespace, content));
    });
  }

  #answer(body: XmlElement): string {
    const now = new Date();
    const currentTime = `<w:CurrentTime>${now.toISOString()}</w:CurrentTime>`;
    const terminationTime = `<w:TerminationTime>${new Date(now.getTime() + this.lifetimeMs).toISOString()}</w:TerminationTime>`;
    switch (body.localName) {
      case 'Notify':
        for (const message of body.children()) this.#queue.push(standalone(message));
        return '';
      case 'Subscribe':
        return reply(
          body,
          `${this.#reference('SubscriptionReference', 'SubscriptionManager', '5f')}${currentTime}${terminationTime}`,
        );
      case 'Renew':
        return reply(body, `${terminationTime}${currentTime}`);
      case 'CreatePullPoint':
        return reply(body, this.#reference('PullPoint', 'PullPoint', 'a0'));
      case 'GetMessages':
        return reply(body, this.#queue.splice(0, Number(body.child(WSNT, 'MaximumNumber')?.text() ?? '1000')).join(''));
      default:
        return reply(body, '');
    }
  }

  #reference(name: string, portType: string, resource: string): string {
    const parameters = `<f:Engine xmlns:f="${AFF}">ME1</f:Engine><f:Resource xmlns:f="${AFF}">${resource}</f:Resource>`;
    return `<w:${name}><a:Address>${this.url}/wsn/${portType}/ME1/${resource}</a:Address><a:ReferenceParameters>${parameters}</a:ReferenceParameters></w:${name}>`;
  }
}

/** A SOAP 1.1 or 1.2 envelope around a body element. */
export function envelope(namespace: string, body: string): string {
  return `<?xml version="1.0"?><s:Envelope xmlns:s="${namespace}" xmlns:w="${WSNT}" xmlns:a="${WSA}"><s:Body>${body}</s:Body></s:Envelope>`;
}

function reply(request: XmlElement, content: string): string {
  return `<w:${request.localName}Response>${content}</w:${request.localName}Response>`;
}
