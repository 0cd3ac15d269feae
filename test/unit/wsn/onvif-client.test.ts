import { Cam, type RequestCallback } from 'onvif';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { listening } from '../http/listener/listening.ts';
import { NOW, OnvifBroker } from './onvif-broker.ts';

const MESSAGE =
  '<w:Message xmlns:w="http://docs.oasis-open.org/wsn/b-2"><tt:Message UtcTime="2026-01-02T03:04:05Z" xmlns:tt="http://www.onvif.org/ver10/schema">' +
  '<tt:Data><tt:SimpleItem Name="State" Value="true"/></tt:Data></tt:Message></w:Message>';

/** What a method of npm's onvif gives to its callback. */
async function result(start: (callback: RequestCallback<unknown>) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error instanceof Error ? reject(error) : resolve(value)));
  });
}

describe('the client onvif of npm', () => {
  let url = '';
  let server: Awaited<ReturnType<typeof listening>>;
  let cam: Cam;
  const broker = new OnvifBroker(
    {
      subscribe: () => ({ subscription: 'a1', terminationTime: NOW + 120_000, currentTime: NOW }),
      describe: () => ({ kind: 'subscription', terminationTime: NOW + 120_000, currentTime: NOW }),
      renew: () => ({ terminationTime: NOW + 120_000, currentTime: NOW }),
      unsubscribe: () => ({}),
      pullMessages: () => ({
        messages: [{ topic: '{http://www.onvif.org/ver10/topics}RuleEngine/Motion', message: Buffer.from(MESSAGE) }],
        terminationTime: NOW + 120_000,
        currentTime: NOW,
      }),
    },
    () => url,
  );

  beforeAll(async () => {
    server = await listening({ onPost: (request) => broker.answer(request), limits: { maxBodyBytes: 10_000 } });
    ({ url } = server);
    cam = new Cam({ hostname: '127.0.0.1', port: server.port, autoconnect: false });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('connects by the device service alone, without any media, and finds the event service', async () => {
    await result((callback) => {
      (cam as unknown as { connect(callback: RequestCallback<unknown>): void }).connect(callback);
    });
    expect(cam.uri?.events).toMatchObject({ href: `${url}/onvif/event_service` });
    expect(cam.uri?.device).toMatchObject({ href: `${url}/onvif/device_service` });
    expect(cam.profiles).toBeUndefined();
  });

  test('finds it by GetCapabilities too, as older ones do', async () => {
    const older = new Cam({ hostname: '127.0.0.1', port: server.port, autoconnect: false });
    await result((callback) => older.getCapabilities(callback));
    expect(older.uri?.events).toMatchObject({ href: `${url}/onvif/event_service` });
    expect(older.capabilities?.events).toMatchObject({ WSPullPointSupport: true });
  });

  test('reads who the device is, what it can do, and which topics there are', async () => {
    expect(await result((callback) => cam.getSystemDateAndTime(callback))).toEqual(new Date(NOW - (NOW % 1000)));
    expect(await result((callback) => cam.getDeviceInformation(callback))).toMatchObject({ serialNumber: 'test' });
    await result((callback) => cam.getServiceCapabilities(callback));
    expect(await result((callback) => cam.getEventServiceCapabilities(callback))).toMatchObject({ MaxPullPoints: 10 });
    expect(await result((callback) => cam.getEventProperties(callback))).toMatchObject({
      topicSet: { root: { $: { 'w:topic': true } } },
      fixedTopicSet: false,
    });
  });

  test('subscribes and pulls', async () => {
    expect(await result((callback) => cam.createPullPointSubscription(callback))).toMatchObject({
      subscriptionReference: { address: { href: `${url}/wsn/PullPointSubscription/ME1/a1` } },
      terminationTime: new Date(NOW + 120_000),
    });
    const pulled = await result((callback) => cam.pullMessages({ messageLimit: 3 }, callback));
    expect(pulled).toMatchObject({
      currentTime: new Date(NOW),
      terminationTime: new Date(NOW + 120_000),
      notificationMessage: {
        topic: { _: 'tns1:RuleEngine/Motion' },
        message: { message: { data: { simpleItem: { $: { Name: 'State', Value: true } } } } },
      },
    });
    expect(broker.engine.asked.at(-1)).toEqual(['pullMessages', { resource: 'a1', maximum: 3, waitMs: 60_000 }]);
  });

  test('renews after each poll for who listens to its events, and unsubscribes when nobody does', async () => {
    const own = new Cam({ hostname: '127.0.0.1', port: server.port, autoconnect: false });
    await result((callback) => own.getCapabilities(callback));
    const failures: unknown[] = [];
    own.on('eventsError', (error) => failures.push(error));
    const before = broker.engine.asked.length;
    own.on('event', () => {
      if (broker.engine.asked.filter(([operation]) => operation === 'renew').length > 1)
        own.removeAllListeners('event');
    });
    await eventually('it has unsubscribed', () => broker.engine.asked.at(-1)?.[0] === 'unsubscribe');
    const asked = broker.engine.asked.slice(before).map(([operation]) => operation);
    const round = ['describe', 'pullMessages', 'renew'];
    expect(asked).toEqual(['subscribe', ...round, ...round, ...round, 'unsubscribe']);
    expect(failures).toEqual([]);
  });

  test('is told in the words of ONVIF what is not there', async () => {
    await expect(result((callback) => cam.getHostname(callback))).rejects.toThrow('GetHostname');
  });
});
