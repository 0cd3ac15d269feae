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
