import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import type { HttpListenerOptions } from '../http/listener/listener-options.ts';
import type { Logger } from '../kernel/log.ts';
import { messageOf } from '../kernel/errors.ts';
import { loadDocuments, wsdlUrlOf } from './documents.ts';
import type { Documents } from './documents.ts';
import { frontPage } from './front-page.ts';

/** Whether this process can do its work now. */
export interface Health {
  readonly serving: boolean;
  /** Shown as they are on /healthz, which everybody can read: no secrets, no internals. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AdminOptions {
  /** The folder with pointsman.wsdl and its schemas. */
  readonly wsdlDirectory: string;
  /** What the WSDL shows as the broker's address; no trailing slash. */
  readonly publicUrl: string;
  readonly health: () => Health;
  readonly logger: Logger;
}

/** The SOAP endpoints, with or without an engine and a resource behind them. */
const ENDPOINT =
  /^\/wsn\/(?:NotificationBroker|NotificationConsumer|CreatePullPoint|SubscriptionManager|PullPoint|PublisherRegistrationManager|ResourceProperties|ResourceLifetime)(?:\/[^/]+){0,2}\/?$/;

const SECURITY_HEADERS = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/**
 * Everything on the HTTP port that is not a SOAP POST: the WSDL and its schemas at each endpoint, /healthz, and a
 * page for people. Reads the WSDL files once, here; throws if they are not there.
 */
export function createAdminApp(options: AdminOptions): HttpListenerOptions['fallback'] {
  const documents = loadDocuments(options.wsdlDirectory, options.publicUrl);
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use((_request, response, next) => {
    response.set(SECURITY_HEADERS);
    next();
  });
  app.all(ENDPOINT, (request, response) => serveEndpoint(request, response, documents, options.publicUrl));
  app.all('/healthz', onlyReading, (_request, response) => {
    const { serving, details } = options.health();
    response.set('Cache-Control', 'no-store');
    response.status(serving ? 200 : 503).json({ ...details, status: serving ? 'ok' : 'unavailable' });
  });
  app.all('/', onlyReading, (_request, response) => {
    response.type('html').send(frontPage(options.publicUrl));
  });
  app.use((_request, response) => sendText(response, 404, 'Nothing is here'));
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    sendError(error, response, next, options.logger);
  });
  return app;
}

function serveEndpoint(request: Request, response: Response, documents: Documents, publicUrl: string): void {
  const schemaName = parameter(request, 'xsd');
  const wantsWsdl = parameter(request, 'wsdl') !== undefined;
  if (!wantsWsdl && schemaName === undefined) {
    response.set('Allow', 'POST');
    sendText(response, 405, `SOAP requests are sent here with POST; the WSDL is at ${wsdlUrlOf(publicUrl)}`);
    return;
  }
  onlyReading(request, response, () => {
    const document = wantsWsdl ? documents.wsdl : documents.schemas.get(schemaName ?? '');
    if (document === undefined) sendText(response, 404, `Schemas here: ${[...documents.schemas.keys()].join(', ')}`);
    else response.type('text/xml').send(document);
  });
}

/** The value of a query parameter, whatever the case of its name: clients ask for ?wsdl and for ?WSDL. */
function parameter(request: Request, name: string): string | undefined {
  const found = Object.entries(request.query).find(([key]) => key.toLowerCase() === name);
  if (found === undefined) return undefined;
  // A name given twice comes as a list; that is no name of anything here.
  return typeof found[1] === 'string' ? found[1] : '';
}

function onlyReading(request: Request, response: Response, next: NextFunction): void {
  if (request.method === 'GET' || request.method === 'HEAD') {
    next();
    return;
  }
  response.set('Allow', 'GET, HEAD');
  sendText(response, 405, 'This can only be read');
}

function sendError(error: unknown, response: Response, next: NextFunction, logger: Logger): void {
  // express itself throws errors with a status for requests it cannot read, such as a path that is no valid escape.
  const isRequestsFault = typeof error === 'object' && error !== null && 'status' in error && error.status === 400;
  if (!isRequestsFault) logger.error('Could not answer an HTTP request', { error: messageOf(error) });
  if (response.headersSent) {
    next(error);
    return;
  }
  if (isRequestsFault) sendText(response, 400, 'The request is malformed');
  else sendText(response, 500, 'Something went wrong here');
}

function sendText(response: Response, status: number, text: string): void {
  response.status(status).type('text/plain').send(`${text}\n`);
}
