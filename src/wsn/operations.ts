import { TOLERANT } from '../soap/tolerance.ts';
import type { Tolerance } from '../soap/tolerance.ts';
import { actionDeviations } from './action-deviations.ts';
import { BR_NAMESPACE, RL_NAMESPACE, RP_NAMESPACE, WSNT_NAMESPACE } from './namespaces.ts';

/** The operations that are served. */
export type WsnOperation =
  | 'Subscribe'
  | 'Renew'
  | 'Unsubscribe'
  | 'PauseSubscription'
  | 'ResumeSubscription'
  | 'CreatePullPoint'
  | 'GetMessages'
  | 'DestroyPullPoint'
  | 'GetCurrentMessage'
  | 'Notify';

/** The name of an element. */
export interface ElementName {
  readonly namespace: string;
  readonly localName: string;
}

/** How an operation looks on the wire (WS-BaseNotification §3 to §6; the action URIs are those of its text). */
export interface OperationSpec {
  readonly request: ElementName;
  /** Undefined: one way. */
  readonly reply: ElementName | undefined;
  /** The action of the request. */
  readonly action: string;
  /** The action of the reply; undefined: one way. */
  readonly replyAction: string | undefined;
  /** What real clients send instead of `action`. Accepted, never emitted. */
  readonly aliases: readonly string[];
}

/** An operation with a reply. */
export interface TwoWaySpec extends OperationSpec {
  readonly reply: ElementName;
  readonly replyAction: string;
}

const WSN = 'http://docs.oasis-open.org/wsn/';

/**
 * The action aliases that every operation has: the port type's folder misspelt (IHE, OpenHIM), the default pattern of
 * the broker's WSDL, Petals' actions and the bare name (fgsms).
 */
function commonAliases(portType: string, name: string, input: string): readonly string[] {
  return [
    `${WSN}bw2/${portType}/${input}`,
    `${WSN}brw-2/NotificationBroker/${input}`,
    `${WSN}brw-2/${portType}/${input}`,
    `${WSN}br-2/${name}`,
    name,
    input,
  ];
}

function twoWay(portType: string, name: string, aliases: readonly string[] = []): TwoWaySpec {
  return {
    request: { namespace: WSNT_NAMESPACE, localName: name },
    reply: { namespace: WSNT_NAMESPACE, localName: `${name}Response` },
    action: `${WSN}bw-2/${portType}/${name}Request`,
    replyAction: `${WSN}bw-2/${portType}/${name}Response`,
    aliases: [...commonAliases(portType, name, `${name}Request`), ...aliases],
  };
}

/** ONVIF's WSDL has the port type's own name in the actions of the pausable subscription manager. */
function ofManager(name: string, aliases: readonly string[] = []): TwoWaySpec {
  return twoWay('SubscriptionManager', name, [`${WSN}bw-2/PausableSubscriptionManager/${name}Request`, ...aliases]);
}

const SUBSCRIBE_ACTION = `${WSN}bw-2/NotificationProducer/SubscribeRequest`;

/** Every operation that is served. */
export const OPERATIONS = {
  Subscribe: twoWay('NotificationProducer', 'Subscribe'),
  // The example of OGC's PubSub standard sends a Renew with the action of Subscribe.
  Renew: ofManager('Renew', [SUBSCRIBE_ACTION]),
  Unsubscribe: ofManager('Unsubscribe'),
  PauseSubscription: ofManager('PauseSubscription'),
  ResumeSubscription: ofManager('ResumeSubscription'),
  // The examples of WS-BaseNotification itself contradict its text here; IHE copied them.
  CreatePullPoint: twoWay('CreatePullPoint', 'CreatePullPoint', [
    `${WSN}bw-2/PullPoint/CreatePullPointRequest`,
    `${WSN}bw2/PullPoint/CreatePullPointRequest`,
    `${WSN}bw-2/PullPoint/CreatePullPoint`,
    `${WSN}bw2/PullPoint/CreatePullPoint`,
  ]),
  GetMessages: twoWay('PullPoint', 'GetMessages'),
  DestroyPullPoint: twoWay('PullPoint', 'DestroyPullPoint'),
  GetCurrentMessage: twoWay('NotificationProducer', 'GetCurrentMessage'),
  Notify: {
    request: { namespace: WSNT_NAMESPACE, localName: 'Notify' },
    reply: undefined,
    action: `${WSN}bw-2/NotificationConsumer/Notify`,
    replyAction: undefined,
    aliases: [
      ...commonAliases('NotificationConsumer', 'Notify', 'Notify'),
      `${WSN}bw-2/PullPoint/Notify`,
      `${WSN}bw2/PullPoint/Notify`,
      `${WSN}bw-2/Notify`,
    ],
  },
} as const satisfies Record<WsnOperation, OperationSpec>;

/** The operation whose request this element is. */
export function operationOf(element: ElementName): WsnOperation | undefined {
  return BY_REQUEST.get(keyOf(element));
}

/** True if a request of that operation may state that action: its own, or one of the aliases that are accepted. */
export function acceptsAction(operation: WsnOperation, action: string, tolerance: Tolerance = TOLERANT): boolean {
  const spec: OperationSpec = OPERATIONS[operation];
  if (action === spec.action) return true;
  return spec.aliases.includes(action) && actionDeviations(action).every((deviation) => tolerance.has(deviation));
}

/** The name of an operation of the standards that is recognised but not served; undefined for every other element. */
export function unservedOperationOf(element: ElementName): string | undefined {
  return UNSERVED.has(keyOf(element)) ? element.localName : undefined;
}

function keyOf({ namespace, localName }: ElementName): string {
  return `{${namespace}}${localName}`;
}

const BY_REQUEST: ReadonlyMap<string, WsnOperation> = new Map(
  (Object.keys(OPERATIONS) as WsnOperation[]).map((name) => [keyOf(OPERATIONS[name].request), name]),
);

const UNSERVED: ReadonlySet<string> = new Set([
  ...['RegisterPublisher', 'DestroyRegistration'].map((localName) => keyOf({ namespace: BR_NAMESPACE, localName })),
  ...['Destroy', 'SetTerminationTime'].map((localName) => keyOf({ namespace: RL_NAMESPACE, localName })),
  ...[
    'GetResourcePropertyDocument',
    'GetResourceProperty',
    'GetMultipleResourceProperties',
    'PutResourcePropertyDocument',
    'SetResourceProperties',
    'InsertResourceProperties',
    'UpdateResourceProperties',
    'DeleteResourceProperties',
    'QueryResourceProperties',
  ].map((localName) => keyOf({ namespace: RP_NAMESPACE, localName })),
]);
