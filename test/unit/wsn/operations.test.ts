import { describe, expect, test } from 'vitest';
import { acceptsAction, operationOf, OPERATIONS } from '../../../src/wsn/operations.ts';
import type { WsnOperation } from '../../../src/wsn/operations.ts';

const W = 'http://docs.oasis-open.org/wsn/';
const R = 'http://docs.oasis-open.org/wsrf/';
const NAMES = Object.keys(OPERATIONS) as WsnOperation[];

describe('OPERATIONS', () => {
  test('has the action URIs of the text of the standard', () => {
    const actions = Object.fromEntries(
      NAMES.map((name) => [name, [OPERATIONS[name].action, OPERATIONS[name].replyAction]]),
    );
    const pair = (folder: string, name: string): string[] => [`${folder}/${name}Request`, `${folder}/${name}Response`];
    const two = (folder: string, name: string): string[] => pair(`${W}bw-2/${folder}`, name);
    const properties = (name: string): Record<string, string[]> => ({ [name]: pair(`${R}rpw-2/${name}`, name) });
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
      RegisterPublisher: pair(`${W}brw-2/RegisterPublisher`, 'RegisterPublisher'),
      DestroyRegistration: pair(`${W}brw-2/PublisherRegistrationManager`, 'DestroyRegistration'),
      Destroy: pair(`${R}rlw-2/ImmediateResourceTermination`, 'Destroy'),
      SetTerminationTime: pair(`${R}rlw-2/ScheduledResourceTermination`, 'SetTerminationTime'),
      ...properties('GetResourcePropertyDocument'),
      ...properties('GetResourceProperty'),
      ...properties('GetMultipleResourceProperties'),
      ...properties('PutResourcePropertyDocument'),
      ...properties('SetResourceProperties'),
      ...properties('InsertResourceProperties'),
      ...properties('UpdateResourceProperties'),
      ...properties('DeleteResourceProperties'),
      ...properties('QueryResourceProperties'),
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
    ['RegisterPublisher', `${W}br-2/RegisterPublisher`],
    ['RegisterPublisher', `${W}brw-2/NotificationBroker/RegisterPublisherRequest`],
    ['DestroyRegistration', `${W}br-2/DestroyRegistration`],
  ])('of %s: %s', (operation, action) => {
    expect(acceptsAction(operation, action)).toBe(true);
  });

  test.each<[WsnOperation, string]>([
    ['Destroy', `${R}rlw-2/Destroy/DestroyRequest`],
    ['Destroy', 'Destroy'],
    ['GetResourceProperty', `${R}rpw-2/GetResourceProperty/GetResourcePropertyResponse`],
    ['DestroyRegistration', `${W}brw-2/NotificationBroker/DestroyRegistrationRequest`],
  ])('of %s is not %s, which nobody sends', (operation, action) => {
    expect(acceptsAction(operation, action)).toBe(false);
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
