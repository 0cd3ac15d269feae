/** Where a post goes to. */
export interface Target {
  readonly isPlain: boolean;
  readonly origin: string;
  readonly path: string;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** What each request over HTTP/1.1 begins with. */
  readonly requestLines: string;
}

/** Takes an address apart. Undefined: it is no http or https URL. */
export function parseTarget(url: string): Target | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) return undefined;
  const isPlain = parsed.protocol === 'http:';
  const path = `${parsed.pathname}${parsed.search}`;
  return {
    isPlain,
    origin: parsed.origin,
    path,
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(parsed.port === '' ? (isPlain ? 80 : 443) : parsed.port),
    requestLines: `POST ${path} HTTP/1.1\r\nhost: ${parsed.host}\r\nconnection: keep-alive\r\n`,
  };
}
