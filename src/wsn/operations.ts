import type { ElementName } from './element-name.ts';
import type { WsnFaultName } from './fault-specs.ts';
import { TOLERANT } from '../soap/tolerance.ts';
import type { Tolerance } from '../soap/tolerance.ts';
import { actionDeviations } from './action-deviations.ts';
import { BR_NAMESPACE, RL_NAMESPACE, RP_NAMESPACE, WSNT_NAMESPACE } from './namespaces.ts';

export type { ElementName } from './element-name.ts';

/** The operations of WS-ResourceProperties. */
export type PropertyOperation =
  | 'GetResourcePropertyDocument'
  | 'GetResourceProperty'
  | 'GetMultipleResourceProperties'
  | 'PutResourcePropertyDocument'
  | 'SetResourceProperties'
  | 'InsertResourceProperties'
  | 'UpdateResourceProperties'
  | 'DeleteResourceProperties'
  | 'QueryResourceProperties';

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
  | 'Notify'
  | 'RegisterPublisher'
  | 'DestroyRegistration'
  | 'Destroy'
  | 'SetTerminationTime'
  | PropertyOperation;

/**
 * How an operation looks on the wire. The action URIs are those of the texts: WS-BaseNotification §3 to §6,
 * WS-BrokeredNotification §4 and §5, and for WSRF those that its naming pattern gives.
 */
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
  /** The faults that the official WSDL declares for it. */
  readonly faults: readonly WsnFaultName[];
}

/** An operation with a reply. */
export interface TwoWaySpec extends OperationSpec {
  readonly reply: ElementName;
  readonly replyAction: string;
}

const WSN = 'http://docs.oasis-open.org/wsn/';
const WSRF = 'http://docs.oasis-open.org/wsrf/';

/**
 * The action aliases that every operation of WS-BaseNotification has: the port type's folder misspelt (IHE, OpenHIM), the
 * default pattern of the broker's WSDL, Petals' actions, the element's own name (npm's onvif) and the bare name (fgsms).
 */
function sharedAliases(portType: string, name: string, input: string): readonly string[] {
  return [
    `${WSN}bw2/${portType}/${input}`,
    `${WSN}brw-2/NotificationBroker/${input}`,
    `${WSN}brw-2/${portType}/${input}`,
    `${WSN}br-2/${name}`,
    `${WSN}b-2/${name}`,
    name,
    input,
  ];
}

interface Variation {
  readonly aliases?: readonly string[];
  readonly faults: readonly WsnFaultName[];
}

function elementsOf(namespace: string, name: string): Pick<TwoWaySpec, 'request' | 'reply'> {
  return { request: { namespace, localName: name }, reply: { namespace, localName: `${name}Response` } };
}

function twoWay(portType: string, name: string, { aliases = [], faults }: Variation): TwoWaySpec {
  return {
    ...elementsOf(WSNT_NAMESPACE, name),
    action: `${WSN}bw-2/${portType}/${name}Request`,
    replyAction: `${WSN}bw-2/${portType}/${name}Response`,
    aliases: [...sharedAliases(portType, name, `${name}Request`), ...aliases],
    faults,
  };
}

/** ONVIF's WSDL has the port type's own name in the actions of the pausable subscription manager. */
function pausable(name: string, fault: WsnFaultName, aliases: readonly string[] = []): TwoWaySpec {
  const own = `${WSN}bw-2/PausableSubscriptionManager/${name}Request`;
  return twoWay('SubscriptionManager', name, { aliases: [own, ...aliases], faults: ['ResourceUnknownFault', fault] });
}

/** WS-BrokeredNotification. Petals has its own actions for all of it. */
function brokered(portType: string, name: string, { aliases = [], faults }: Variation): TwoWaySpec {
  return {
    ...elementsOf(BR_NAMESPACE, name),
    action: `${WSN}brw-2/${portType}/${name}Request`,
    replyAction: `${WSN}brw-2/${portType}/${name}Response`,
    aliases: [`${WSN}br-2/${name}`, ...aliases],
    faults,
  };
}

const RESOURCE_FAULTS: readonly WsnFaultName[] = ['ResourceUnknownFault', 'ResourceUnavailableFault'];

function lifetime(portType: string, name: string, faults: readonly WsnFaultName[]): TwoWaySpec {
  const action = `${WSRF}rlw-2/${portType}/${name}`;
  return {
    ...elementsOf(RL_NAMESPACE, name),
    action: `${action}Request`,
    replyAction: `${action}Response`,
    aliases: [],
    faults: [...RESOURCE_FAULTS, ...faults],
  };
}

function properties(name: PropertyOperation, faults: readonly WsnFaultName[] = []): TwoWaySpec {
  const action = `${WSRF}rpw-2/${name}/${name}`;
  return {
    ...elementsOf(RP_NAMESPACE, name),
    action: `${action}Request`,
    replyAction: `${action}Response`,
    aliases: [],
    faults: [...RESOURCE_FAULTS, ...faults],
  };
}

const SUBSCRIBE_ACTION = `${WSN}bw-2/NotificationProducer/SubscribeRequest`;

const CHANGE_FAULTS: readonly WsnFaultName[] = [
  'InvalidModificationFault',
  'UnableToModifyResourcePropertyFault',
  'InvalidResourcePropertyQNameFault',
];

/** Every operation that is served. */
export const OPERATIONS = {
  Subscribe: twoWay('NotificationProducer', 'Subscribe', {
    faults: [
      'ResourceUnknownFault',
      'InvalidFilterFault',
      'TopicExpressionDialectUnknownFault',
      'InvalidTopicExpressionFault',
      'TopicNotSupportedFault',
      'InvalidProducerPropertiesExpressionFault',
      'InvalidMessageContentExpressionFault',
      'UnrecognizedPolicyRequestFault',
      'UnsupportedPolicyRequestFault',
      'NotifyMessageNotSupportedFault',
      'UnacceptableInitialTerminationTimeFault',
      'SubscribeCreationFailedFault',
    ],
  }),
  // The example of OGC's PubSub standard sends a Renew with the action of Subscribe.
  Renew: pausable('Renew', 'UnacceptableTerminationTimeFault', [SUBSCRIBE_ACTION]),
  Unsubscribe: pausable('Unsubscribe', 'UnableToDestroySubscriptionFault'),
  PauseSubscription: pausable('PauseSubscription', 'PauseFailedFault'),
  ResumeSubscription: pausable('ResumeSubscription', 'ResumeFailedFault'),
  CreatePullPoint: twoWay('CreatePullPoint', 'CreatePullPoint', {
    // The examples of WS-BaseNotification itself contradict its text here; IHE copied them.
    aliases: [
      `${WSN}bw-2/PullPoint/CreatePullPointRequest`,
      `${WSN}bw2/PullPoint/CreatePullPointRequest`,
      `${WSN}bw-2/PullPoint/CreatePullPoint`,
      `${WSN}bw2/PullPoint/CreatePullPoint`,
    ],
    faults: ['UnableToCreatePullPointFault'],
  }),
  GetMessages: twoWay('PullPoint', 'GetMessages', { faults: ['ResourceUnknownFault', 'UnableToGetMessagesFault'] }),
  DestroyPullPoint: twoWay('PullPoint', 'DestroyPullPoint', {
    faults: ['ResourceUnknownFault', 'UnableToDestroyPullPointFault'],
  }),
  GetCurrentMessage: twoWay('NotificationProducer', 'GetCurrentMessage', {
    faults: [
      'ResourceUnknownFault',
      'TopicExpressionDialectUnknownFault',
      'InvalidTopicExpressionFault',
      'TopicNotSupportedFault',
      'MultipleTopicsSpecifiedFault',
      'NoCurrentMessageOnTopicFault',
    ],
  }),
  Notify: {
    request: { namespace: WSNT_NAMESPACE, localName: 'Notify' },
    reply: undefined,
    action: `${WSN}bw-2/NotificationConsumer/Notify`,
    replyAction: undefined,
    aliases: [
      ...sharedAliases('NotificationConsumer', 'Notify', 'Notify'),
      `${WSN}bw-2/PullPoint/Notify`,
      `${WSN}bw2/PullPoint/Notify`,
      `${WSN}bw-2/Notify`,
    ],
    faults: [],
  },
  RegisterPublisher: brokered('RegisterPublisher', 'RegisterPublisher', {
    // The default pattern of the broker's WSDL, whose port type has this operation too.
    aliases: [`${WSN}brw-2/NotificationBroker/RegisterPublisherRequest`],
    faults: [
      'ResourceUnknownFault',
      'InvalidTopicExpressionFault',
      'TopicNotSupportedFault',
      'PublisherRegistrationRejectedFault',
      'PublisherRegistrationFailedFault',
      'UnacceptableInitialTerminationTimeFault',
    ],
  }),
  DestroyRegistration: brokered('PublisherRegistrationManager', 'DestroyRegistration', {
    faults: ['ResourceUnknownFault', 'br:ResourceNotDestroyedFault'],
  }),
  Destroy: lifetime('ImmediateResourceTermination', 'Destroy', ['rl:ResourceNotDestroyedFault']),
  SetTerminationTime: lifetime('ScheduledResourceTermination', 'SetTerminationTime', [
    'UnableToSetTerminationTimeFault',
    'TerminationTimeChangeRejectedFault',
  ]),
  GetResourcePropertyDocument: properties('GetResourcePropertyDocument'),
  GetResourceProperty: properties('GetResourceProperty', ['InvalidResourcePropertyQNameFault']),
  GetMultipleResourceProperties: properties('GetMultipleResourceProperties', ['InvalidResourcePropertyQNameFault']),
  PutResourcePropertyDocument: properties('PutResourcePropertyDocument', ['UnableToPutResourcePropertyDocumentFault']),
  SetResourceProperties: properties('SetResourceProperties', [
    ...CHANGE_FAULTS,
    'SetResourcePropertyRequestFailedFault',
  ]),
  InsertResourceProperties: properties('InsertResourceProperties', [
    ...CHANGE_FAULTS,
    'InsertResourcePropertiesRequestFailedFault',
  ]),
  UpdateResourceProperties: properties('UpdateResourceProperties', [
    ...CHANGE_FAULTS,
    'UpdateResourcePropertiesRequestFailedFault',
  ]),
  DeleteResourceProperties: properties('DeleteResourceProperties', [
    ...CHANGE_FAULTS,
    'DeleteResourcePropertiesRequestFailedFault',
  ]),
  QueryResourceProperties: properties('QueryResourceProperties', [
    'InvalidResourcePropertyQNameFault',
    'UnknownQueryExpressionDialectFault',
    'InvalidQueryExpressionFault',
    'QueryEvaluationErrorFault',
  ]),
} as const satisfies Record<WsnOperation, OperationSpec>;

/** The operation whose request this element is. */
export function operationOf(element: ElementName): WsnOperation | undefined {
  return BY_REQUEST.get(element.localName)?.get(element.namespace);
}

/** True if a request of that operation may state that action: its own, or one of the aliases that are accepted. */
export function acceptsAction(operation: WsnOperation, action: string, tolerance: Tolerance = TOLERANT): boolean {
  const spec: OperationSpec = OPERATIONS[operation];
  if (action === spec.action) return true;
  return spec.aliases.includes(action) && actionDeviations(action).every((deviation) => tolerance.has(deviation));
}

/** By local name, then by namespace. */
const BY_REQUEST = new Map<string, Map<string, WsnOperation>>();
for (const name of Object.keys(OPERATIONS) as WsnOperation[]) {
  const { localName, namespace } = OPERATIONS[name].request;
  BY_REQUEST.set(localName, (BY_REQUEST.get(localName) ?? new Map<string, WsnOperation>()).set(namespace, name));
}
