import type { Address } from './model.ts';

/** The form of `host:port` or `[IPv6]:port`; parseAddress() checks the rest. */
export const ADDRESS_PATTERN =
  /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?)):(\d{1,5})$/;

/** Largest port number of TCP. */
export const MAX_PORT = 65_535;

const DIGITS_AND_DOTS = /^[\d.]+$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/**
 * Reads `host:port` or `[IPv6]:port`. Undefined when it is neither, when the port is not 1 to 65535 (port 0 would be
 * another one at each start, and members must find each other), or when digits and dots are no IPv4 address.
 * The host comes back in its canonical form: small letters, IPv6 compressed and without brackets.
 */
export function parseAddress(text: string): Address | undefined {
  const [, v6, name, digits] = ADDRESS_PATTERN.exec(text) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= MAX_PORT)) return undefined;
  if (name !== undefined && DIGITS_AND_DOTS.test(name) && !IPV4.test(name)) return undefined;
  const url = `http://${v6 === undefined ? name : `[${v6}]`}/`;
  return URL.canParse(url) ? { host: bareHost(new URL(url)), port } : undefined;
}

/** The host of a URL, an IPv6 one without its brackets. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** The port of an http or https URL, also when it is the scheme's own and therefore not shown. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** `host:port`, with brackets around an IPv6 host: the form that parseAddress() reads and that fits into a URL. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** True for the hosts that mean "every address of this machine". */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/**
 * A key that is equal for canonical hosts that are surely the same place: all that stays on this machine (localhost,
 * 127.0.0.0/8, ::1) or stands for all of it (0.0.0.0, ::) is one place.
 */
export function hostKey(host: string): string {
  const isLocal = host === 'localhost' || host === '::1' || isWildcard(host) || /^127(?:\.\d+){3}$/.test(host);
  return isLocal ? 'this machine' : host;
}

/** A key that is equal for two addresses that cannot both be listened on. */
export function addressKey({ host, port }: Address): string {
  return `${hostKey(host)}:${port}`;
}
