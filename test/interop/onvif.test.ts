import { Cam, type RequestCallback } from 'onvif';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { publish, send } from '../support/soap-client.ts';

/** npm's client for ONVIF cameras takes its events from a cluster, through the proxy. */

const TEV = 'http://www.onvif.org/ver10/events/wsdl';
const TOPIC = '{http://www.onvif.org/ver10/topics}Device/Trigger';
const MINUTE_MS = 60_000;

let cluster: TestCluster;
let cam: Cam;

/** What npm's onvif makes of a reply, as far as it is looked at here. */
interface Reply {
  readonly terminationTime?: Date;
  readonly currentTime?: Date;
  readonly topicSet?: { readonly device?: unknown };
  readonly subscriptionReference?: { readonly address: { readonly href: string } };
  readonly notificationMessage?: Message | readonly Message[];
}

interface Message {
  readonly topic: { readonly _: string };
  readonly message: { readonly e: { readonly _: string } | string };
}

async function result(start: (callback: RequestCallback<unknown>) => void): Promise<Reply> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error instanceof Error ? reject(error) : resolve(value as Reply)));
  });
}

/** Pulls until this many have come, and gives their payloads. The client's polls wait for up to a minute. */
async function pulled(count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) {
    const { notificationMessage = [] } = await result((callback) => cam.pullMessages({}, callback));
    const messages: readonly Message[] = [notificationMessage].flat();
    texts.push(...messages.map(textOf));
  }
  return texts;
}

function textOf({ topic, message: { e } }: Message): string {
  return `${topic._}: ${typeof e === 'string' ? e : e._}`;
}

/** Publishes, always at the same engine: over several there is no order. */
async function emit(payload: string): Promise<void> {
  expect((await publish(cluster.url, TOPIC, payload, { engine: 'ME1' })).status).toBe(202);
}

beforeAll(async () => {
  cluster = await TestCluster.start('combined', { extra: 'profiles: { onvif: true }' });
  const { hostname, port } = new URL(cluster.url);
  cam = new Cam({ hostname, port: Number(port), autoconnect: false });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

test('connects, and sees that there is an event service and nothing else', async () => {
  await result((callback) => {
    cam.connect(callback);
  });
  expect(Object.keys(cam.uri ?? {}).sort()).toEqual(['device', 'events']);
});

test('subscribes, and gets what is published then: what waits at once, what is to come while it polls', async () => {
  const subscribed = await result((callback) => cam.createPullPointSubscription(callback));
  expect(subscribed.terminationTime!.getTime() - subscribed.currentTime!.getTime()).toBe(2 * MINUTE_MS);
  expect(subscribed.subscriptionReference!.address.href).toContain('/wsn/PullPointSubscription/');
  await emit('first');
  expect(await pulled(1)).toEqual(['tns1:Device/Trigger: first']);
  const polling = pulled(2);
  await emit('second');
  await emit('third');
  expect(await polling).toEqual(['tns1:Device/Trigger: second', 'tns1:Device/Trigger: third']);
});

test('sees the topic that has been used', async () => {
  const { topicSet } = await result((callback) => cam.getEventProperties(callback));
  expect(topicSet).toHaveProperty('device.trigger');
});

test('gets the current message of the topic again at a synchronization point', async () => {
  const { href } = (cam.events['subscription'] as Required<Reply>).subscriptionReference.address;
  const answer = await send(href, `<t:SetSynchronizationPoint xmlns:t="${TEV}"/>`);
  expect(answer.body?.localName).toBe('SetSynchronizationPointResponse');
  expect(await pulled(1)).toEqual(['tns1:Device/Trigger: third']);
});

test('renews its subscription, and ends it', async () => {
  const renewed = await result((callback) => cam.renew(callback));
  expect(renewed.terminationTime!.getTime() - renewed.currentTime!.getTime()).toBe(2 * MINUTE_MS);
  const { href } = (cam.events['subscription'] as Required<Reply>).subscriptionReference.address;
  await result((callback) => cam.unsubscribe(callback));
  const body = `<t:PullMessages xmlns:t="${TEV}"><t:Timeout>PT0S</t:Timeout><t:MessageLimit>1</t:MessageLimit></t:PullMessages>`;
  expect((await send(href, body)).fault).toBe('ResourceUnknownFault');
});

test('does all of this on its own for who listens to its events, over a failover too', async () => {
  const events: string[] = [];
  const failures: unknown[] = [];
  cam.on('eventsError', (error) => failures.push(error));
  cam.on('event', (message: Message) => events.push(textOf(message)));
  await eventually('it has subscribed', () => cam.events['subscription'] !== undefined);
  await emit('fourth');
  await eventually('the event has come', () => events.includes('tns1:Device/Trigger: fourth'));
  const { href } = (cam.events['subscription'] as Required<Reply>).subscriptionReference.address;
  const engine = cluster.engines.find((name) => href.includes(`/${name}/`))!;
  const { server, epoch } = cluster.hostOf(engine);
  cluster.kill(server);
  await eventually('the engine runs again', () => cluster.hostOf(engine).epoch > epoch, 30_000);
  await emit('fifth');
  await eventually('the event has come after all', () => events.includes('tns1:Device/Trigger: fifth'), 30_000);
  expect(failures).toEqual([]);
  // It unsubscribes behind the next poll when nobody listens any more; an event ends the poll that waits.
  cam.removeAllListeners('event');
  await emit('sixth');
  await eventually('it has unsubscribed', () => cam.events['subscription'] === undefined, 30_000);
});
