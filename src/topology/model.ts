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
  /** How many processes accept from its listening socket; at least 1. */
  readonly workers: number;
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
  /** The shortest time between two automatic failbacks. */
  readonly failbackEveryMs: number;
}

/** Where engines keep what must survive. */
interface StoreSpec {
  readonly kind: 'sqlite';
  readonly directory: string;
  /** Space kept for a full disk, for each engine; 0: none. */
  readonly ballastBytes: number;
  /** What to do with a database that has lost acknowledged commits. */
  readonly onRegression: 'refuse' | 'accept';
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

/** Bounds of what may wait for one reader, and what happens at them. */
export interface BacklogSpec<Policy extends string> {
  readonly messages: number;
  readonly bytes: number;
  /** What has waited for longer is dropped; null: no bound. */
  readonly ageMs: number | null;
  readonly policy: Policy;
}

/** Bounds of what may wait in an engine. */
export interface BacklogSpecs {
  readonly subscription: BacklogSpec<'dropOldest' | 'pause' | 'terminate' | 'refusePublisher'>;
  readonly pullPoint: BacklogSpec<'dropOldest' | 'refusePublisher'>;
  readonly link: BacklogSpec<'dropOldest' | 'refusePublisher'>;
  /** The whole log, from the oldest message that anybody still waits for. */
  readonly engine: { readonly messages: number; readonly bytes: number };
  /** How long a consumer that is catching up may slow its publishers down. */
  readonly patienceMs: number;
}

/** Which topics there may be (WS-Topics). */
export interface TopicSpec {
  /** True: only the topics of the topic sets; none grows by use (FixedTopicSet). */
  readonly fixed: boolean;
  /** Absolute paths of wstop:TopicNamespace documents. */
  readonly namespaces: readonly string[];
  /** Absolute paths of wstop:TopicSet documents: the permanent topics. */
  readonly sets: readonly string[];
}

/** A remote producer that an engine subscribes to and republishes from. */
export interface SourceSpec {
  readonly name: string;
  readonly engine: EngineName;
  /** Where the Subscribe goes to. */
  readonly address: string;
  /** `onvif`: CreatePullPointSubscription and PullMessages at an ONVIF event service. */
  readonly kind: 'wsn' | 'onvif';
  readonly soapVersion: '1.1' | '1.2';
  /** None: everything. */
  readonly topics: readonly SourceTopic[];
  /** What is asked for as InitialTerminationTime and by Renew; renewed when half of what was granted is over. */
  readonly lifetimeMs: number;
}

export interface SourceTopic {
  readonly dialect: string;
  readonly expression: string;
  /** Prefix to namespace. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/** What this broker offers beyond, and refuses of, what the standards leave open. */
export interface Conduct {
  /** No deviation of real clients is accepted, but for those that `tolerate` names. */
  readonly strict: boolean;
  /** Single deviations, switched on or off. */
  readonly tolerate: Readonly<Record<string, boolean>>;
  /** Hosts (`host` or `host:port`) to which replies and faults may be sent by wsa:ReplyTo and wsa:FaultTo. */
  readonly replyTo: readonly string[];
  readonly profiles: { readonly dsub: boolean; readonly onvif: boolean };
  /** Notifications of unregistered publishers are refused. */
  readonly requiresRegistration: boolean;
  /** A Renew this long after the end of a subscription still succeeds. */
  readonly renewGraceMs: number;
  readonly pauseRetention: 'all' | 'last' | 'none';
  /** How long a pull point lives whose creator did not say; null: until it is destroyed. */
  readonly pullPointLifetimeMs: number | null;
}

/** A topology file, resolved: defaults filled in, paths absolute, ports shifted; frozen. */
export interface Topology {
  readonly name: string;
  /** Grows with each change of the file; 0: the file does not count. */
  readonly version: number;
  readonly kind: TopologyKind;
  /** What WSDL and endpoint references show; no trailing slash. */
  readonly publicUrl: string;
  readonly proxies: readonly ProxySpec[];
  readonly servers: readonly ServerSpec[];
  readonly engines: readonly EngineSpec[];
  readonly store: StoreSpec;
  readonly lease: LeaseTimes;
  readonly limits: Limits;
  readonly delivery: DeliveryTimes;
  readonly backlog: BacklogSpecs;
  readonly topics: TopicSpec;
  readonly sources: readonly SourceSpec[];
  readonly conduct: Conduct;
}
