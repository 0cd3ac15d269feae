import { createProxyServer } from 'http-proxy-3';
import type { HttpListenerOptions } from '../http/listener/listener-options.ts';
import type { Logger } from '../kernel/log.ts';
import type { ServerSpec } from '../topology/model.ts';
import type { Upstreams } from './upstreams.ts';

const PASS_TIMEOUT_MS = 10_000;

/** A request that is no POST, and how to answer it. */
export type PassThrough = HttpListenerOptions['fallback'];

/** Passes WSDL, XSD and pages through to a healthy server's own HTTP listener; answers /healthz itself. */
export function createPassThrough(options: {
  readonly name: string;
  readonly upstreams: Upstreams;
  /** Asked at each request. */
  readonly servers: () => readonly ServerSpec[];
  readonly logger: Logger;
}): PassThrough {
  const { name, upstreams, servers, logger } = options;
  const proxy = createProxyServer({ proxyTimeout: PASS_TIMEOUT_MS, timeout: PASS_TIMEOUT_MS });
  proxy.on('error', (error, _request, response) => {
    logger.warn('Pass-through failed', { error: error.message });
    if ('headersSent' in response && !response.headersSent) response.writeHead(502, { 'Content-Type': 'text/plain' });
    response.end('The server did not answer; try again\n');
  });
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD, POST', 'Content-Type': 'text/plain' });
      response.end('Expected a SOAP request by POST, or GET for the WSDL\n');
      return;
    }
    const healthy = upstreams.healthy().map(({ server }) => server);
    if (request.url === '/healthz') {
      response.writeHead(healthy.length > 0 ? 200 : 503, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ status: healthy.length > 0 ? 'ok' : 'no server', proxy: name, servers: healthy }));
      return;
    }
    const spec = servers().find((server) => healthy.includes(server.name));
    if (spec === undefined) {
      response.writeHead(503, { 'Retry-After': '2', 'Content-Type': 'text/plain' });
      response.end('No server is up; try again\n');
      return;
    }
    proxy.web(request, response, { target: httpUrlOf(spec) });
  };
}

/** Where another member reaches the server's HTTP listener: a wildcard host is no address to call. */
function httpUrlOf({ listen, wire }: ServerSpec): string {
  const host = ['0.0.0.0', '::'].includes(listen.host) ? wire.host : listen.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`;
}
