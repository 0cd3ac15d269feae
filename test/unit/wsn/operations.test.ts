import { describe, expect, test } from 'vitest';
import { acceptsAction, operationOf, OPERATIONS, unservedOperationOf } from '../../../src/wsn/operations.ts';
import type { WsnOperation } from '../../../src/wsn/operations.ts';

const W = 'http://docs.oasis-open.org/wsn/';
const NAMES = Object.keys(OPERATIONS) as WsnOperation[];

describe('OPERATIONS', () => {
  test('has the action URIs of the text of the standard', () => {
    const actions = Object.fromEntries(
      NAMES.map((name) => [name, [OPERATIONS[name].action, OPERATIONS[name].replyAction]]),
    );
    const two = (folder: string, name: string): string[] => [
      `${W}bw-2/${folder}/${name}Request`,
      `${W}bw-2/${folder}/${name}Response`,
    ];
    expect(actions).toEqual({
      Subscribe: two('NotificationProducer', 'Subscribe'),
      GetCurrentMessage: two('NotificationProducer', 'GetCurrentMessage'),
      Renew: two('SubscriptionManager', 'Renew'),
      Unsubscribe: two('SubscriptionManager', 'Unsubscribe'),
      PauseSubscription: two('SubscriptionManager', 'PauseSubscription'),
      ResumeSubscription: two('SubscriptionManager', 'ResumeSubscription'),
      CreatePullPoint: two('CreatePullPoint', 'CreatePullPoint'),
      GetMessages: two('PullPoint', 'GetMessages'),
      DestroyPullPoint: two('PullPoint', 'DestroyPullPoint'),
      Notify: [`${W}bw-2/NotificationConsumer/Notify`, undefined],
    });
  });

  test('is found by the request element, in its namespace only', () => {
    for (const name of NAMES) {
      expect(operationOf(OPERATIONS[name].request)).toBe(name);
      expect(operationOf({ namespace: `${W}bw-2`, localName: name })).toBeUndefined();
    }
    expect(operationOf({ namespace: `${W}b-2`, localName: 'SubscribeResponse' })).toBeUndefined();
  });
});

describe('acceptsAction()', () => {
  test.each<[WsnOperation, string]>([
    ['CreatePullPoint', `${W}bw-2/PullPoint/CreatePullPointRequest`],
    ['CreatePullPoint', `${W}bw2/PullPoint/CreatePullPointRequest`],
    ['Subscribe', `${W}bw2/NotificationProducer/SubscribeRequest`],
    ['Renew', `${W}bw-2/PausableSubscriptionManager/RenewRequest`],
    ['Unsubscribe', `${W}bw-2/PausableSubscriptionManager/UnsubscribeRequest`],
    ['PauseSubscription', `${W}bw-2/PausableSubscriptionManager/PauseSubscriptionRequest`],
    ['ResumeSubscription', `${W}bw-2/PausableSubscriptionManager/ResumeSubscriptionRequest`],
    ['Notify', `${W}bw-2/PullPoint/Notify`],
    ['Notify', `${W}brw-2/NotificationBroker/Notify`],
    ['Subscribe', `${W}brw-2/NotificationBroker/SubscribeRequest`],
    ['GetCurrentMessage', `${W}brw-2/NotificationBroker/GetCurrentMessageRequest`],
    ['Notify', `${W}bw-2/Notify`],
    ['Notify', `${W}br-2/Notify`],
    ['Subscribe', `${W}br-2/Subscribe`],
    ['Renew', `${W}br-2/Renew`],
    ['Subscribe', 'Subscribe'],
    ['Notify', 'Notify'],
    ['Renew', `${W}bw-2/NotificationProducer/SubscribeRequest`],
  ])('of %s: %s', (operation, action) => {
    expect(acceptsAction(operation, action)).toBe(true);
  });

  test('takes no action for two operations but the one of OGC', () => {
    for (const one of NAMES) {
      for (const other of NAMES.filter((name) => name !== one)) {
        const shared = [OPERATIONS[one].action, ...OPERATIONS[one].aliases].filter((action) =>
          acceptsAction(other, action),
        );
        expect(shared).toEqual(
          one === 'Subscribe' && other === 'Renew'
            ? [OPERATIONS.Subscribe.action]
            : other === 'Subscribe' && one === 'Renew'
              ? [OPERATIONS.Subscribe.action]
              : [],
        );
      }
    }
  });
});

test('unservedOperationOf() knows the operations of the standards that are to come', () => {
  expect(unservedOperationOf({ namespace: `${W}br-2`, localName: 'RegisterPublisher' })).toBe('RegisterPublisher');
  expect(unservedOperationOf({ namespace: `${W}b-2`, localName: 'RegisterPublisher' })).toBeUndefined();
  expect(unservedOperationOf(OPERATIONS.Notify.request)).toBeUndefined();
});
