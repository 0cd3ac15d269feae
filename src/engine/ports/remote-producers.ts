import type { EngineName } from '../../kernel/names.ts';
import type { PushConsumer, TopicExpression } from '../../wsn/messages.ts';

type EndpointReference = PushConsumer['reference'];

/** A subscription that the engine holds at a producer, as it is remembered. */
export interface RemoteSubscription {
  /** The topic that it is for, as `expressionKey` writes it; '' for one without a topic. */
  readonly topic: string;
  readonly reference: EndpointReference;
  readonly isPaused: boolean;
  /** False: the producer cannot pause (BaseNotification's plain SubscriptionManager). */
  readonly canPause: boolean;
  /** As the producer granted it, by our own clock; null for none. */
  readonly terminationTime: number | null;
}

/** A producer that the engine subscribes to: the publisher of a demand-based registration, or a source of the topology. */
export interface RemoteProducer {
  /** The id of its registration: what it sends goes to `/wsn/NotificationConsumer/<engine>/<id>`. */
  readonly id: string;
  readonly kind: 'demand' | 'source';
  readonly address: EndpointReference;
  readonly soapVersion: '1.1' | '1.2';
  /** Undefined: everything that it has. One subscription for each. `isWanted`: somebody subscribes to it here or at a peer. */
  readonly topics: readonly { readonly expression: TopicExpression | undefined; readonly isWanted: boolean }[];
  /** Only for a source. */
  readonly source?: { readonly name: string; readonly kind: 'wsn' | 'onvif'; readonly lifetimeMs: number };
  /** What is remembered of the subscriptions at it. */
  readonly remote: readonly RemoteSubscription[];
  /** True: the registration has ended; the subscriptions are to be given up, then remembered as none. */
  readonly isEnded: boolean;
}

/** The side of an engine that faces the producers that it subscribes to. */
export interface ProducerOutlet {
  readonly engine: EngineName;
  /** Calls `listener` with the id of a producer that is new, has ended, or is wanted otherwise; once for each at the beginning. */
  onChange(listener: (id: string) => void, signal: AbortSignal): void;
  /** Undefined: there is none of that id, or no longer. */
  find(id: string): RemoteProducer | undefined;
  /** Resolves when what is remembered of the subscriptions at a producer is on the disk. */
  remember(id: string, remote: readonly RemoteSubscription[]): Promise<void>;
}
