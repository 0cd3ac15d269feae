/** WS-BaseNotification: the messages. */
export const WSNT_NAMESPACE = 'http://docs.oasis-open.org/wsn/b-2';
/** WS-BrokeredNotification: the messages. */
export const BR_NAMESPACE = 'http://docs.oasis-open.org/wsn/br-2';
/** WS-BaseFaults. */
export const BF_NAMESPACE = 'http://docs.oasis-open.org/wsrf/bf-2';
/** WS-Resource: the faults that every operation on a resource has. */
export const R_NAMESPACE = 'http://docs.oasis-open.org/wsrf/r-2';
/** WS-ResourceLifetime. */
export const RL_NAMESPACE = 'http://docs.oasis-open.org/wsrf/rl-2';
/** WS-ResourceProperties. */
export const RP_NAMESPACE = 'http://docs.oasis-open.org/wsrf/rp-2';
export const XSI_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance';
/** WS-Topics. */
export const WSTOP_NAMESPACE = 'http://docs.oasis-open.org/wsn/t-1';
/** Our own property documents and what stands in them that no standard names. */
export const PROPERTIES_NAMESPACE = 'urn:pointsman:properties';
/** Our own subscription policies: PauseRetention (all, last or none), NotifyTermination (empty, true or false). */
export const POLICY_NAMESPACE = 'urn:pointsman:policy';

/** The prefixes that are used for the standards' namespaces, in what is written and in messages to people. */
export const PREFIXES: Readonly<Record<string, string>> = {
  [WSNT_NAMESPACE]: 'wsnt',
  [BR_NAMESPACE]: 'br',
  [BF_NAMESPACE]: 'bf',
  [R_NAMESPACE]: 'r',
  [RL_NAMESPACE]: 'rl',
  [RP_NAMESPACE]: 'rp',
  [WSTOP_NAMESPACE]: 'wstop',
  [PROPERTIES_NAMESPACE]: 'pm',
};
