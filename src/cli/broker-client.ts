import { createClientAsync, type Client } from 'soap';
import { randomUrn } from '../kernel/ids.ts';
import { messageOf } from '../kernel/errors.ts';
import { ExchangeError, unreachable } from './failure.ts';
import { addressingHeader, bodyOf, faultOf } from './messages.ts';
import type { Reference } from './messages.ts';
import { REQUEST_ACTIONS } from './names.ts';
import type { OperationName } from './names.ts';
import { readXmlTree } from './xml-tree.ts';
import type { XmlNode } from './xml-tree.ts';

/** What came back for a request. */
export interface Answer {
  /** The first element of the SOAP body; undefined for a one-way operation. */
  readonly body: XmlNode | undefined;
  readonly status: number;
  /** Which members the request went through, if they say so. */
  readonly via?: string;
  /** The wsa:MessageID that was sent. */
  readonly messageId: string;
  readonly durationMs: number;
}

/** A place in the WSDL where an operation is offered. */
interface OperationSite {
  readonly service: string;
  readonly port: string;
  readonly address: string;
  readonly soapAction: string;
}

type SoapMethod = (
  args: unknown,
  callback: (error: Error | null, result: unknown, rawResponse: unknown) => void,
  options: Readonly<Record<string, unknown>>,
) => void;

const SOAP11_BINDING = 'http://schemas.xmlsoap.org/wsdl/soap/';
const SOAP12_BINDING = 'http://schemas.xmlsoap.org/wsdl/soap12/';
const TIMEOUT_MS = 30_000;
const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/**
 * Talks to a WS-Notification broker through its WSDL. Services, ports and bindings may have any name: operations are
 * found by theirs. One request at a time or many, they do not disturb each other.
 */
export class BrokerClient {
  readonly #client: Client;
  readonly #wsdlUrl: string;
  readonly #signal: AbortSignal;

  private constructor(client: Client, wsdlUrl: string, signal: AbortSignal) {
    this.#client = client;
    this.#wsdlUrl = wsdlUrl;
    this.#signal = signal;
  }

  /** Fetches the WSDL and its schemas. Requests end when `signal` aborts. Throws ExchangeError. */
  static async open(wsdlUrl: string, signal: AbortSignal): Promise<BrokerClient> {
    const wsdl_options = transportOptions(wsdlUrl, signal);
    try {
      const client = await createClientAsync(wsdlUrl, { disableCache: true, wsdl_options });
      const { wsdl } = client;
      const text = wsdl.toXML();
      wsdl.options.forceSoap12Headers = text.includes(`"${SOAP12_BINDING}"`) && !text.includes(`"${SOAP11_BINDING}"`);
      return new BrokerClient(client, wsdlUrl, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const isNoAnswer = typeof cause === 'object' && cause !== null && 'code' in cause;
      if (isNoAnswer) throw unreachable(wsdlUrl, cause);
      throw new ExchangeError(`Cannot read the WSDL at ${wsdlUrl}: ${messageOf(cause).slice(0, 500)}`, { cause });
    }
  }

  /** The address that the WSDL gives for the operation. Throws ExchangeError if it offers no such operation. */
  addressOf(operation: OperationName): string {
    return this.#siteOf(operation).address;
  }

  /**
   * Sends a request with `bodyXml` in the SOAP body: to `to` with its reference parameters as headers, else to the
   * address in the WSDL. `signal` instead of the client's, for requests that must still go out at the end.
   * Throws SoapFaultError, ExchangeError.
   */
  async call(
    operation: OperationName,
    bodyXml: string,
    options: { to?: Reference; signal?: AbortSignal } = {},
  ): Promise<Answer> {
    const site = this.#siteOf(operation);
    const to = options.to ?? { address: site.address, parameters: [] };
    const messageId = randomUrn();
    // An action of the WSDL goes before the standard's: brokers exist that insist on theirs.
    const action = /^[a-z]+:/i.test(site.soapAction) ? site.soapAction : REQUEST_ACTIONS[operation];
    const startedAt = performance.now();
    const signal = options.signal ?? this.#signal;
    const reply = await this.#exchange(site, operation, bodyXml, to, addressingHeader(to, action, messageId), signal);
    const durationMs = performance.now() - startedAt;
    const body = reply.text.trim() === '' ? undefined : readBody(reply, to.address);
    const fault = body === undefined ? undefined : faultOf(body);
    if (fault !== undefined) throw fault;
    if (reply.status >= 300) throw notSoap(reply, to.address);
    return {
      body,
      status: reply.status,
      messageId,
      durationMs,
      ...(reply.via === undefined ? {} : { via: reply.via }),
    };
  }

  /** Like call(), for operations that answer: the body element `<operation>Response`. */
  async request(
    operation: OperationName,
    bodyXml: string,
    options: { to?: Reference; signal?: AbortSignal } = {},
  ): Promise<XmlNode> {
    const { body } = await this.call(operation, bodyXml, options);
    if (body?.localName !== `${operation}Response`) {
      throw new ExchangeError(
        `Expected ${operation}Response, but got ${body === undefined ? 'an empty answer' : `<${body.name}>`}`,
      );
    }
    return body;
  }

  async #exchange(
    site: OperationSite,
    operation: OperationName,
    bodyXml: string,
    to: Reference,
    header: string,
    signal: AbortSignal,
  ): Promise<RawReply> {
    signal.throwIfAborted();
    const client = this.#client;
    const exchangeId = randomUrn();
    let reply: RawReply | undefined;
    const remember = (text: unknown, response: unknown, id: string): void => {
      if (id === exchangeId) reply = rawReplyOf(text, response);
    };
    client.on('response', remember);
    try {
      await new Promise<void>((resolve, reject) => {
        // The request is built before the method returns, so the next one may set its own header and endpoint.
        client.clearSoapHeaders();
        client.addSoapHeader(header);
        client.setEndpoint(to.address);
        const method = methodOf(client, site, operation);
        const answered = (error: Error | null): void => {
          // A fault, and an answer whose element the WSDL does not know, are errors to the library but replies to us.
          if (error === null || reply !== undefined) resolve();
          else reject(error);
        };
        method({ _xml: bodyXml }, answered, { ...transportOptions(to.address, signal), exchangeId });
      });
    } catch (cause) {
      signal.throwIfAborted();
      throw unreachable(to.address, cause);
    } finally {
      client.off('response', remember);
    }
    return reply ?? { text: '', status: 0 };
  }

  #siteOf(operation: OperationName): OperationSite {
    const sites = sitesOf(this.#client, operation);
    // Notify is offered by pull points too, but theirs is no place to publish.
    const isRight = ({ service, port }: OperationSite): boolean =>
      operation !== 'Notify' || !isPullPoint(this.#client, service, port);
    const first = sites.find(isRight) ?? sites[0];
    if (first === undefined) throw new ExchangeError(`The WSDL at ${this.#wsdlUrl} offers no operation ${operation}`);
    return first;
  }
}

interface RawReply {
  readonly text: string;
  readonly status: number;
  readonly via?: string;
}

function rawReplyOf(text: unknown, response: unknown): RawReply | undefined {
  if (typeof response !== 'object' || response === null || !('status' in response)) return undefined;
  const headers = 'headers' in response ? (response.headers as Readonly<Record<string, unknown>>) : {};
  const via = headers['via'];
  return {
    text: typeof text === 'string' ? text : '',
    status: Number(response.status),
    ...(typeof via === 'string' ? { via } : {}),
  };
}

function readBody(reply: RawReply, address: string): XmlNode | undefined {
  try {
    return bodyOf(readXmlTree(reply.text));
  } catch (cause) {
    if (reply.status >= 300) throw notSoap(reply, address);
    throw cause;
  }
}

function notSoap(reply: RawReply, address: string): ExchangeError {
  const text = reply.text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  return new ExchangeError(`${address} answered HTTP ${reply.status}${text === '' ? '' : `: ${text}`}`);
}

function sitesOf(client: Client, operation: OperationName): readonly OperationSite[] {
  return Object.entries(client.wsdl.definitions.services).flatMap(([service, { ports }]) =>
    Object.entries(ports).flatMap(([port, { binding, location }]) => {
      const method = Object.hasOwn(binding.methods, operation) ? binding.methods[operation] : undefined;
      return method === undefined ? [] : [{ service, port, address: location, soapAction: method.soapAction }];
    }),
  );
}

function isPullPoint(client: Client, service: string, port: string): boolean {
  const methods = client.wsdl.definitions.services[service]?.ports[port]?.binding.methods ?? {};
  return Object.hasOwn(methods, 'GetMessages');
}

function methodOf(client: Client, { service, port }: OperationSite, operation: OperationName): SoapMethod {
  const described = client as unknown as Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, SoapMethod>>>>>
  >;
  const method = described[service]?.[port]?.[operation];
  if (method === undefined) throw new ExchangeError(`The WSDL has no ${operation} at ${service}/${port}`);
  return method;
}

/** Bounds of each HTTP exchange. A proxy from the environment is not asked for this machine's own addresses. */
function transportOptions(url: string, signal: AbortSignal): Readonly<Record<string, unknown>> {
  const isLocal = /^https?:\/\/(?:localhost|127\.[\d.]+|\[::1\])(?:[:/?#]|$)/i.test(url);
  const bounds = { timeout: TIMEOUT_MS, maxContentLength: MAX_REPLY_BYTES, maxBodyLength: Infinity, maxRedirects: 0 };
  return { ...bounds, signal, ...(isLocal ? { proxy: false } : {}) };
}
