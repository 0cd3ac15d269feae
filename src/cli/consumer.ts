import { HttpListener } from '../http/listener/http-listener.ts';
import type { HttpListenerOptions } from '../http/listener/listener-options.ts';
import type { HttpReply, HttpRequest } from '../http/messages.ts';
import { messageOf } from '../kernel/errors.ts';
import { silentLogger } from '../kernel/log.ts';
import { SoapFaultError } from './failure.ts';
import { bodyOf, faultOf, readNotifications } from './messages.ts';
import type { ReceivedNotification } from './messages.ts';
import { readXmlTree } from './xml-tree.ts';

export interface ConsumerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Called for each notification before its sender gets an answer; if it throws, the sender gets an error and may try again. */
  readonly onNotification: (notification: ReceivedNotification) => void;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** A NotificationConsumer: an HTTP server that takes Notify messages and raw notifications at any path. */
export class NotificationConsumer {
  readonly #listener: HttpListener;
  readonly #options: ConsumerOptions;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#listener = new HttpListener({
      listen: options.listen,
      onPost: (request) => Promise.resolve(this.#answer(request)),
      fallback: refuse,
      limits: { maxBodyBytes: MAX_BODY_BYTES },
      logger: silentLogger,
    });
  }

  /** Listens. Rejects if the address is taken. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#listener.start(signal);
  }

  /** Where it listens, as an address that a broker on this machine can call. */
  url(): string {
    const { host, port } = this.#listener.address();
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
  }

  async stop(deadline: AbortSignal): Promise<void> {
    await this.#listener.stop(deadline);
  }

  #answer(request: HttpRequest): HttpReply {
    try {
      const body = bodyOf(readXmlTree(decode(request)));
      if (body === undefined) return plain(400, 'The SOAP body is empty');
      const fault = faultOf(body);
      if (fault !== undefined) throw new SoapFaultError(fault.fault, fault.reason);
      const notifications = readNotifications(body);
      for (const notification of notifications) this.#options.onNotification(notification);
      return { status: 202, headers: {}, body: Buffer.alloc(0) };
    } catch (error) {
      return plain(400, messageOf(error));
    }
  }
}

function decode({ body, headers }: HttpRequest): string {
  const [, charset] = /charset="?([\w.:-]+)/i.exec(headers['content-type'] ?? '') ?? [];
  const bom = body.subarray(0, 2).toString('hex');
  const byBom = bom === 'fffe' ? 'utf-16le' : bom === 'feff' ? 'utf-16be' : undefined;
  try {
    return new TextDecoder(byBom ?? charset ?? 'utf-8').decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}

function plain(status: number, text: string): HttpReply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: Buffer.from(`${text}\n`) };
}

const refuse: HttpListenerOptions['fallback'] = (_request, response) => {
  response.writeHead(405, { Allow: 'POST', 'Content-Type': 'text/plain; charset=utf-8' });
  response.end('A NotificationConsumer: notifications are sent here with POST\n');
};
