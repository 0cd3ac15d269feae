import type { EngineName } from '../../kernel/names.ts';
import type {
  Consumer,
  Filter,
  Notification,
  RequestedTermination,
  TopicExpression,
  TopicPath,
} from '../../wsn/messages.ts';

/** A granted termination time: milliseconds since 1970, null for none. */
export interface Termination {
  readonly terminationTime: number | null;
  readonly currentTime: number;
}

/** A notification as a pull point hands it out. */
export interface PulledNotification extends Notification {
  /** The subscription through which it came; undefined if it was sent to the pull point itself. */
  readonly subscription?: string;
  /** The topic dialect of that subscription; undefined if it has no topic filter. */
  readonly dialect?: string;
}

/** A notification on a link: its number in the log of the engine that it was published at, and its record as logged there. */
export interface LinkedRecord {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** A change of what an engine wants from its peers, or (without `base`) the whole of it. */
export interface InterestChange {
  /** The revision that this change builds on; undefined: forget what was known. */
  readonly base?: number;
  /** Grows with each change, over restarts and failovers too. */
  readonly revision: number;
  /** True: one of its subscriptions has no topic filter. */
  readonly everything: boolean;
  readonly add: readonly TopicExpression[];
  readonly remove: readonly TopicExpression[];
}

/** What can be asked of an engine. Faults are WsnFault; InfrastructureError says whether there may be an effect. */
export interface EngineOperations {
  subscribe: {
    request: { consumer: Consumer; filter: Filter; termination: RequestedTermination };
    reply: { subscription: string } & Termination;
  };
  renew: { request: { subscription: string; termination: RequestedTermination }; reply: Termination };
  unsubscribe: { request: { subscription: string }; reply: Record<string, never> };
  pause: { request: { subscription: string }; reply: Record<string, never> };
  resume: { request: { subscription: string }; reply: Record<string, never> };
  createPullPoint: { request: Record<string, never>; reply: { pullPoint: string } };
  /** `maximum` undefined: all that there are. */
  getMessages: {
    request: { pullPoint: string; maximum?: number };
    reply: { messages: readonly PulledNotification[] };
  };
  destroyPullPoint: { request: { pullPoint: string }; reply: Record<string, never> };
  /** `pullPoint`: the messages were sent to that pull point and are for it alone. */
  notify: { request: { messages: readonly Notification[]; pullPoint?: string }; reply: Record<string, never> };
  /** The newest message on the topic that this engine knows; `at` (milliseconds since 1970) is when it was published. */
  currentMessage: { request: { topic: TopicPath }; reply: { found?: { at: number; message: Uint8Array } } };
  /** Takes over what was published at `origin`; records already taken are passed over. Replies with the highest taken. */
  acceptLink: { request: { origin: EngineName; records: readonly LinkedRecord[] }; reply: { highWater: number } };
  /** Remembers what `peer` wants. `known: false`: the base is not known here, send the whole. */
  learnInterest: { request: { peer: EngineName; change: InterestChange }; reply: { known: boolean } };
}

export type EngineOperation = keyof EngineOperations;

export interface RequestContext {
  /**
   * Names the request: the engine remembers the ids of the last ten minutes with their replies, and answers a
   * second request with the same id with the first one's reply.
   */
  readonly requestId: string;
  readonly signal?: AbortSignal;
}

/** A messaging engine, wherever it runs. */
export interface Engine {
  readonly name: EngineName;
  execute<O extends EngineOperation>(
    operation: O,
    request: EngineOperations[O]['request'],
    context: RequestContext,
  ): Promise<EngineOperations[O]['reply']>;
}

/** All engines of the bus, as one server sees them. */
export interface Engines {
  /** Every engine of the topology, up or not. */
  names(): readonly EngineName[];
  /** The engine where it runs now. Undefined: no engine of that name is in the topology. */
  find(name: EngineName): Engine | undefined;
  /** The engines that are believed to be up; those of this server first. */
  up(): readonly { readonly name: EngineName; readonly isHere: boolean }[];
}
