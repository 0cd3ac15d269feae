import type { CancelSignal } from '../../kernel/cancellation.ts';
import type { EngineName } from '../../kernel/names.ts';
import type {
  Consumer,
  Filter,
  Notification,
  PublisherRegistration,
  RequestedTermination,
  SubscriptionPolicy,
  TopicExpression,
  TopicPath,
} from '../../wsn/messages.ts';
import type { Gap } from './gap.ts';

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

/** The kinds of resources that an endpoint reference of ours can name. */
export type ResourceKind = 'subscription' | 'pull-point' | 'registration';

interface Lifetime extends Termination {
  /** When it was made, milliseconds since 1970. */
  readonly creationTime: number;
}

/** A resource with everything that its property document shows (WS-ResourceProperties). */
export type ResourceDescription =
  | (Lifetime & {
      readonly kind: 'subscription';
      readonly consumer: Consumer;
      readonly filter: Filter;
      /** Complete: with what the topology says where the subscriber did not. */
      readonly policy: Required<SubscriptionPolicy>;
      readonly isPaused: boolean;
    })
  | (Lifetime & { readonly kind: 'pull-point' })
  | (Lifetime & { readonly kind: 'registration'; readonly registration: PublisherRegistration });

/** A message that was given up for one subscription: what a list shows of it. */
export interface DeadLetterSummary {
  /** The UUID that the message has in our Delivery header. */
  readonly id: string;
  readonly subscription: string;
  /** The address that it was sent to. */
  readonly consumer: string;
  readonly topic?: TopicPath;
  /** The number under which it was logged first. */
  readonly seq: number;
  readonly reason: string;
  /** The HTTP status of the last try; undefined: there was no answer. */
  readonly status?: number;
  readonly attempts: number;
  /** When it was given up, milliseconds since 1970. */
  readonly at: number;
  /** Of its wsnt:Message. */
  readonly bytes: number;
}

/** What can be asked of an engine. Faults are WsnFault; InfrastructureError says whether there may be an effect. */
export interface EngineOperations {
  subscribe: {
    request: { consumer: Consumer; filter: Filter; policy?: SubscriptionPolicy; termination: RequestedTermination };
    reply: { subscription: string } & Termination;
  };
  renew: { request: { subscription: string; termination: RequestedTermination }; reply: Termination };
  unsubscribe: { request: { subscription: string }; reply: Record<string, never> };
  pause: { request: { subscription: string }; reply: Record<string, never> };
  resume: { request: { subscription: string }; reply: Record<string, never> };
  createPullPoint: { request: { termination?: RequestedTermination }; reply: { pullPoint: string } & Termination };
  /** `maximum` undefined: all that there are. `gaps`: what limits dropped, told with the messages that come next. */
  getMessages: {
    request: { pullPoint: string; maximum?: number };
    reply: { messages: readonly PulledNotification[]; gaps?: readonly Gap[] };
  };
  destroyPullPoint: { request: { pullPoint: string }; reply: Record<string, never> };
  /**
   * As getMessages, of a pull point or of a subscription that is its own, but waits up to `waitMs` for a first message.
   * `maximum` at least 1.
   */
  pullMessages: {
    request: { resource: string; maximum: number; waitMs: number };
    reply: { messages: readonly PulledNotification[]; gaps?: readonly Gap[] } & Termination;
  };
  /** Gives a subscription the current message of each topic that passes its filter, once more (ONVIF Core §9.1.1). */
  synchronize: { request: { subscription: string }; reply: Record<string, never> };
  /** TopicNotSupportedFault, PublisherRegistrationRejectedFault (demand without a publisher), InvalidTopicExpressionFault. */
  registerPublisher: {
    request: { registration: PublisherRegistration; termination: RequestedTermination };
    reply: { registration: string } & Termination;
  };
  destroyRegistration: { request: { registration: string }; reply: Record<string, never> };
  /** Ends a resource of any kind (WS-ResourceLifetime §4). `byOperator`: its consumer is told, if its policy says so. */
  destroy: { request: { resource: string; byOperator?: boolean }; reply: Record<string, never> };
  /** SetTerminationTime on a resource of any kind (WS-ResourceLifetime §5). Faults are those of its own specification. */
  setTermination: { request: { resource: string; termination: RequestedTermination }; reply: Termination };
  describe: { request: { resource: string }; reply: ResourceDescription };
  /** Changes what may be changed of a registration (WS-BrokeredNotification §6). Demand needs a publisher. */
  modifyRegistration: {
    request: { registration: string; topics: readonly TopicExpression[]; demand: boolean };
    reply: Record<string, never>;
  };
  /** The topics that grew by use at this engine, and those that its own messages came on. */
  topics: { request: Record<string, never>; reply: { topics: readonly TopicPath[] } };
  /**
   * `resource`: where they were sent to. A pull point: they are for it alone. A registration: they come from its publisher,
   * and TopicNotSupportedFault says that one is on a topic that it did not register. Neither: from anybody;
   * PublisherRegistrationRejectedFault where publishers have to register.
   */
  notify: { request: { messages: readonly Notification[]; resource?: string }; reply: Record<string, never> };
  /** The newest message on the topic that this engine knows; `at` (milliseconds since 1970) is when it was published. */
  currentMessage: { request: { topic: TopicPath }; reply: { found?: { at: number; message: Uint8Array } } };
  /** Takes over what was published at `origin`; records already taken are passed over. Replies with the highest taken. */
  acceptLink: { request: { origin: EngineName; records: readonly LinkedRecord[] }; reply: { highWater: number } };
  /** Remembers what `peer` wants. `known: false`: the base is not known here, send the whole. */
  learnInterest: { request: { peer: EngineName; change: InterestChange }; reply: { known: boolean } };
  /** The oldest first. `evicted`: how many had to make room for others since the engine became active. */
  deadLetters: {
    request: { subscription?: string };
    reply: { letters: readonly DeadLetterSummary[]; evicted: number };
  };
  deadLetter: {
    request: { id: string };
    reply: { found?: DeadLetterSummary & { message: Uint8Array; producer?: string } };
  };
  /** They come behind what their subscription has to get; `refused`: those that stay, and why. */
  redeliverDeadLetters: {
    request: { ids: readonly string[] };
    reply: { done: readonly string[]; refused: readonly { id: string; reason: string }[] };
  };
  dropDeadLetters: { request: { ids: readonly string[] }; reply: { done: readonly string[] } };
}

export type EngineOperation = keyof EngineOperations;

export interface RequestContext {
  /**
   * Names the request: the engine remembers the ids of the last ten minutes with their replies, and answers a
   * second request with the same id with the first one's reply.
   */
  readonly requestId: string;
  /** True: a proxy made the id for this request alone, so a request with this id is this request, whatever it says. */
  readonly isUniqueId?: boolean;
  readonly signal?: CancelSignal;
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
