import type { ElementName } from './element-name.ts';
import { BR_NAMESPACE, R_NAMESPACE, RL_NAMESPACE, RP_NAMESPACE, WSNT_NAMESPACE } from './namespaces.ts';

/** The faults whose elements are in the namespace of WS-BaseNotification. */
type BaseNotificationFault =
  | 'InvalidFilterFault'
  | 'TopicExpressionDialectUnknownFault'
  | 'InvalidTopicExpressionFault'
  | 'TopicNotSupportedFault'
  | 'InvalidProducerPropertiesExpressionFault'
  | 'InvalidMessageContentExpressionFault'
  | 'UnrecognizedPolicyRequestFault'
  | 'UnsupportedPolicyRequestFault'
  | 'NotifyMessageNotSupportedFault'
  | 'UnacceptableInitialTerminationTimeFault'
  | 'UnacceptableTerminationTimeFault'
  | 'SubscribeCreationFailedFault'
  | 'NoCurrentMessageOnTopicFault'
  | 'MultipleTopicsSpecifiedFault'
  | 'UnableToGetMessagesFault'
  | 'UnableToCreatePullPointFault'
  | 'UnableToDestroyPullPointFault'
  | 'UnableToDestroySubscriptionFault'
  | 'PauseFailedFault'
  | 'ResumeFailedFault';

/** The faults of WS-ResourceProperties that say which change failed (rp:ResourcePropertyChangeFailure). */
export type ChangeFaultName =
  | 'InvalidModificationFault'
  | 'UnableToModifyResourcePropertyFault'
  | 'SetResourcePropertyRequestFailedFault'
  | 'InsertResourcePropertiesRequestFailedFault'
  | 'UpdateResourcePropertiesRequestFailedFault'
  | 'DeleteResourcePropertiesRequestFailedFault'
  | 'UnableToPutResourcePropertyDocumentFault';

/**
 * The faults of the standards that the served operations can raise. The two that share a local name carry the prefix of
 * their namespace.
 */
export type WsnFaultName =
  | BaseNotificationFault
  | ChangeFaultName
  | 'PublisherRegistrationRejectedFault'
  | 'PublisherRegistrationFailedFault'
  | 'br:ResourceNotDestroyedFault'
  | 'ResourceUnknownFault'
  | 'ResourceUnavailableFault'
  | 'rl:ResourceNotDestroyedFault'
  | 'UnableToSetTerminationTimeFault'
  | 'TerminationTimeChangeRejectedFault'
  | 'InvalidResourcePropertyQNameFault'
  | 'UnknownQueryExpressionDialectFault'
  | 'InvalidQueryExpressionFault'
  | 'QueryEvaluationErrorFault';

/** How a fault looks on the wire. */
export interface FaultSpec extends ElementName {
  /** Whose problem it is. The standards do not say; this follows what each text describes. */
  readonly role: 'Sender' | 'Receiver';
  /** The wsa:Action of the fault message (WS-BaseNotification §1.4; for WSRF what its implementations agree on). */
  readonly action: string;
}

type Role = FaultSpec['role'];

const WSN_FAULT = 'http://docs.oasis-open.org/wsn/fault';
const WSRF_FAULT = 'http://docs.oasis-open.org/wsrf/fault';

function wsnt(localName: BaseNotificationFault, role: Role): FaultSpec {
  return { namespace: WSNT_NAMESPACE, localName, role, action: WSN_FAULT };
}

function br(localName: string, role: Role): FaultSpec {
  return { namespace: BR_NAMESPACE, localName, role, action: WSN_FAULT };
}

function r(localName: string, role: Role): FaultSpec {
  return { namespace: R_NAMESPACE, localName, role, action: WSRF_FAULT };
}

function rl(localName: string, role: Role): FaultSpec {
  return { namespace: RL_NAMESPACE, localName, role, action: WSRF_FAULT };
}

function rp(localName: string, role: Role): FaultSpec {
  return { namespace: RP_NAMESPACE, localName, role, action: WSRF_FAULT };
}

/** Every fault, by its name here. */
export const FAULT_SPECS = {
  InvalidFilterFault: wsnt('InvalidFilterFault', 'Sender'),
  TopicExpressionDialectUnknownFault: wsnt('TopicExpressionDialectUnknownFault', 'Sender'),
  InvalidTopicExpressionFault: wsnt('InvalidTopicExpressionFault', 'Sender'),
  TopicNotSupportedFault: wsnt('TopicNotSupportedFault', 'Sender'),
  InvalidProducerPropertiesExpressionFault: wsnt('InvalidProducerPropertiesExpressionFault', 'Sender'),
  InvalidMessageContentExpressionFault: wsnt('InvalidMessageContentExpressionFault', 'Sender'),
  UnrecognizedPolicyRequestFault: wsnt('UnrecognizedPolicyRequestFault', 'Sender'),
  UnsupportedPolicyRequestFault: wsnt('UnsupportedPolicyRequestFault', 'Sender'),
  NotifyMessageNotSupportedFault: wsnt('NotifyMessageNotSupportedFault', 'Sender'),
  UnacceptableInitialTerminationTimeFault: wsnt('UnacceptableInitialTerminationTimeFault', 'Sender'),
  UnacceptableTerminationTimeFault: wsnt('UnacceptableTerminationTimeFault', 'Sender'),
  SubscribeCreationFailedFault: wsnt('SubscribeCreationFailedFault', 'Receiver'),
  NoCurrentMessageOnTopicFault: wsnt('NoCurrentMessageOnTopicFault', 'Sender'),
  MultipleTopicsSpecifiedFault: wsnt('MultipleTopicsSpecifiedFault', 'Sender'),
  UnableToGetMessagesFault: wsnt('UnableToGetMessagesFault', 'Receiver'),
  UnableToCreatePullPointFault: wsnt('UnableToCreatePullPointFault', 'Receiver'),
  UnableToDestroyPullPointFault: wsnt('UnableToDestroyPullPointFault', 'Receiver'),
  UnableToDestroySubscriptionFault: wsnt('UnableToDestroySubscriptionFault', 'Receiver'),
  PauseFailedFault: wsnt('PauseFailedFault', 'Receiver'),
  ResumeFailedFault: wsnt('ResumeFailedFault', 'Receiver'),
  PublisherRegistrationRejectedFault: br('PublisherRegistrationRejectedFault', 'Sender'),
  PublisherRegistrationFailedFault: br('PublisherRegistrationFailedFault', 'Receiver'),
  'br:ResourceNotDestroyedFault': br('ResourceNotDestroyedFault', 'Receiver'),
  ResourceUnknownFault: r('ResourceUnknownFault', 'Sender'),
  ResourceUnavailableFault: r('ResourceUnavailableFault', 'Receiver'),
  'rl:ResourceNotDestroyedFault': rl('ResourceNotDestroyedFault', 'Receiver'),
  UnableToSetTerminationTimeFault: rl('UnableToSetTerminationTimeFault', 'Sender'),
  TerminationTimeChangeRejectedFault: rl('TerminationTimeChangeRejectedFault', 'Sender'),
  InvalidResourcePropertyQNameFault: rp('InvalidResourcePropertyQNameFault', 'Sender'),
  InvalidModificationFault: rp('InvalidModificationFault', 'Sender'),
  UnableToModifyResourcePropertyFault: rp('UnableToModifyResourcePropertyFault', 'Sender'),
  SetResourcePropertyRequestFailedFault: rp('SetResourcePropertyRequestFailedFault', 'Sender'),
  InsertResourcePropertiesRequestFailedFault: rp('InsertResourcePropertiesRequestFailedFault', 'Sender'),
  UpdateResourcePropertiesRequestFailedFault: rp('UpdateResourcePropertiesRequestFailedFault', 'Sender'),
  DeleteResourcePropertiesRequestFailedFault: rp('DeleteResourcePropertiesRequestFailedFault', 'Sender'),
  UnableToPutResourcePropertyDocumentFault: rp('UnableToPutResourcePropertyDocumentFault', 'Sender'),
  UnknownQueryExpressionDialectFault: rp('UnknownQueryExpressionDialectFault', 'Sender'),
  InvalidQueryExpressionFault: rp('InvalidQueryExpressionFault', 'Sender'),
  QueryEvaluationErrorFault: rp('QueryEvaluationErrorFault', 'Sender'),
} as const satisfies Record<WsnFaultName, FaultSpec>;

const CHANGE_FAULTS: ReadonlySet<WsnFaultName> = new Set<ChangeFaultName>([
  'InvalidModificationFault',
  'UnableToModifyResourcePropertyFault',
  'SetResourcePropertyRequestFailedFault',
  'InsertResourcePropertiesRequestFailedFault',
  'UpdateResourcePropertiesRequestFailedFault',
  'DeleteResourcePropertiesRequestFailedFault',
  'UnableToPutResourcePropertyDocumentFault',
]);

/** True if the fault has to carry an rp:ResourcePropertyChangeFailure. */
export function isChangeFault(fault: WsnFaultName): fault is ChangeFaultName {
  return CHANGE_FAULTS.has(fault);
}
