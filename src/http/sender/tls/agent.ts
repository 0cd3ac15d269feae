import { Agent } from 'undici';

export interface AgentKind {
  readonly connectTimeoutMs: number;
  readonly isKept: boolean;
}

const CONNECTIONS_PER_ORIGIN = 64;
const MAX_REPLY_HEADER_BYTES = 16 * 1024;

/** Connections to any number of origins, each with a pool of its own. */
export function createAgent({ connectTimeoutMs, isKept }: AgentKind): Agent {
  return new Agent({
    connect: { timeout: connectTimeoutMs },
    connections: CONNECTIONS_PER_ORIGIN,
    // 0: every request has a connection of its own.
    pipelining: isKept ? 1 : 0,
    allowH2: false,
    maxHeaderSize: MAX_REPLY_HEADER_BYTES,
    // One timer for the whole exchange watches over these.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
