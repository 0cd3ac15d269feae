/** Namespaces and URIs of the standards, as far as the client commands speak them. */
export const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
export const WSA = 'http://www.w3.org/2005/08/addressing';
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
export const SOAP_NAMESPACES: readonly string[] = [
  'http://schemas.xmlsoap.org/soap/envelope/',
  'http://www.w3.org/2003/05/soap-envelope',
];

/** The topic dialects by the names that --dialect takes (WS-Topics §8). */
export const DIALECTS: Readonly<Record<string, string>> = {
  simple: 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple',
  concrete: 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete',
  full: 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Full',
  xpath: 'http://www.w3.org/TR/1999/REC-xpath-19991116',
};

const ACTIONS = 'http://docs.oasis-open.org/wsn/bw-2';

/** The operations that the commands use, with the Action URI that the standard demands of each request. */
export const REQUEST_ACTIONS = {
  Notify: `${ACTIONS}/NotificationConsumer/Notify`,
  Subscribe: `${ACTIONS}/NotificationProducer/SubscribeRequest`,
  Renew: `${ACTIONS}/SubscriptionManager/RenewRequest`,
  Unsubscribe: `${ACTIONS}/SubscriptionManager/UnsubscribeRequest`,
  CreatePullPoint: `${ACTIONS}/CreatePullPoint/CreatePullPointRequest`,
  GetMessages: `${ACTIONS}/PullPoint/GetMessagesRequest`,
  DestroyPullPoint: `${ACTIONS}/PullPoint/DestroyPullPointRequest`,
} as const;

export type OperationName = keyof typeof REQUEST_ACTIONS;
