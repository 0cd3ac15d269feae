import { isAnonymousAddress, WSA_NONE } from './addressing-names.ts';

/** Where the answer to a request goes, as its ReplyTo or FaultTo says (WS-Addressing Core §3.4). */
export interface ReplyDestination {
  /**
   * `connection`: back over the connection of the request; `address`: in a request of its own to the address, while the
   * request gets 202; `nowhere`: it is discarded, and the request gets 202.
   */
  readonly kind: 'connection' | 'address' | 'nowhere';
  readonly address: string;
  /** The reference parameters as header blocks for the answer. */
  readonly blocks: string;
}

/** Whether answers may be sent to that address, which is neither anonymous nor none. */
export type ReplyPermission = (address: string) => boolean;

/** The kind of destination that an address in ReplyTo or FaultTo is. */
export function destinationKind(address: string): ReplyDestination['kind'] {
  if (address === WSA_NONE) return 'nowhere';
  return isAnonymousAddress(address) ? 'connection' : 'address';
}

/**
 * Permits http and https URLs whose host is listed: `host` for every port, `host:port` for that one (443 and 80 are the
 * ports of URLs that show none). No wildcards, no suffixes; a URL with a user in it is never permitted. Whoever sends
 * must not follow redirects, or else the list says nothing.
 */
export function permitReplyHosts(hosts: readonly string[]): ReplyPermission {
  const listed = new Set(hosts.map((host) => host.toLowerCase()));
  return (address) => {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const standard = STANDARD_PORTS.get(url?.protocol ?? '');
    if (url === undefined || standard === undefined) return false;
    if (url.username !== '' || url.password !== '') return false;
    return listed.has(url.hostname) || listed.has(`${url.hostname}:${url.port === '' ? standard : url.port}`);
  };
}

const STANDARD_PORTS: ReadonlyMap<string, string> = new Map([
  ['http:', '80'],
  ['https:', '443'],
]);

/** Answers go back over the connection of the request, or nowhere. */
export function permitNoReplies(): boolean {
  return false;
}
