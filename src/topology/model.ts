import type { EngineName, ServerName } from '../kernel/names.ts';

/** The shape that a topology file declares; it must agree with its content. */
export type TopologyKind = 'single' | 'load-balanced' | 'high-availability' | 'combined';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ProxySpec {
  readonly name: string;
  readonly listen: Address;
}

export interface ServerSpec {
  readonly name: ServerName;
  /** Where the service point answers plain HTTP. */
  readonly listen: Address;
  /** Where other members connect. */
  readonly wire: Address;
}

export interface EngineSpec {
  readonly name: EngineName;
  /** Servers that may host it; the first is the preferred one. */
  readonly candidates: readonly ServerName[];
  readonly failback: 'automatic' | 'manual';
  /** How long the preferred server must have been healthy before it asks for its engine back. */
  readonly failbackDelayMs: number;
}

export interface LeaseTimes {
  /** A standby takes over when the counter has not moved for this long. */
  readonly ttlMs: number;
  readonly renewEveryMs: number;
  /** The holder stops itself this long before the TTL ends. */
  readonly guardMs: number;
}

export interface Limits {
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** How long the proxy holds a request while its engine is away. */
  readonly holdMs: number;
  readonly maxHeldRequests: number;
  readonly maxHeldBytes: number;
}

export interface DeliveryTimes {
  readonly connectTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** Upper bound of the first back-off. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
}

/** A topology file, resolved: defaults filled in, paths absolute, ports shifted; frozen. */
export interface Topology {
  readonly name: string;
  readonly kind: TopologyKind;
  /** What WSDL and endpoint references show; no trailing slash. */
  readonly publicUrl: string;
  readonly proxies: readonly ProxySpec[];
  readonly servers: readonly ServerSpec[];
  readonly engines: readonly EngineSpec[];
  readonly store: { readonly kind: 'sqlite'; readonly directory: string };
  readonly lease: LeaseTimes;
  readonly limits: Limits;
  readonly delivery: DeliveryTimes;
}
