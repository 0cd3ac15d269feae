import { setTimeout as delay } from 'node:timers/promises';
import type { XmlElement } from '../../../src/xml/document.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { notifyBody, referenceIn, topicElement, WSNT, type Reference } from '../../support/soap-client.ts';
import type { History } from '../history.ts';
import type { SeededRandom } from '../random.ts';
import { call } from './calls.ts';
import { DELIVERY, givenUp, type FaultConsumer } from './fault-consumer.ts';

/** Longer than any run, so that nothing ends by itself. */
const LIFETIME = 'PT24H';

/** A client that does its work again and again until it is stopped. */
export interface Client {
  /** Resolves when the operation under way has ended. */
  stop(): Promise<void>;
}

function repeat(pauseMs: () => number, work: () => Promise<void>): Client {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await work();
      await delay(pauseMs());
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

export interface PublisherOptions {
  readonly history: History;
  readonly name: string;
  readonly topic: string;
  /** Of a front door, or of a server. */
  readonly url: () => string;
  readonly isDirect?: boolean;
  /** The engine that it keeps to; undefined: any. */
  readonly engine?: string;
  readonly pauseMs: number;
  /** Sends again what has no known outcome; only with an engine, which is the one that remembers. */
  readonly isRepeated?: boolean;
}

/** Publishes numbered notifications, one after the other. */
export function startPublisher(options: PublisherOptions): Client {
  const { history, name, topic, url, engine, pauseMs, isRepeated = false, isDirect = false } = options;
  const path = `/wsn/NotificationBroker${engine === undefined ? '' : `/${engine}`}`;
  let number = 0;
  return repeat(
    () => pauseMs,
    async () => {
      number += 1;
      const payload = `${name}:${String(number)}`;
      await call({
        ...{ history, kind: 'publish', by: name, isRepeated },
        subject: { payload, number, topic, isDirect, ...(engine === undefined ? {} : { engine }) },
        url: () => `${url()}${path}`,
        body: notifyBody(topic, payload),
      });
    },
  );
}

export interface SubscribeOptions {
  readonly history: History;
  readonly by: string;
  readonly recipient: string;
  readonly topic: string;
  readonly frontDoor: string;
  readonly engine?: string;
  readonly consumer: string;
  readonly route: 'direct' | 'relayed' | 'pull';
  /** How long it asks to live. */
  readonly termination?: string;
}

/** Subscribes; undefined: it failed, or nobody knows. */
export async function subscribeOnce(options: SubscribeOptions): Promise<Reference | undefined> {
  const { history, by, recipient, topic, frontDoor, engine, consumer, route, termination = LIFETIME } = options;
  const filter = `<wsnt:Filter>${topicElement('TopicExpression', topic)}</wsnt:Filter>`;
  const time = `<wsnt:InitialTerminationTime>${termination}</wsnt:InitialTerminationTime>`;
  const to = `<wsnt:ConsumerReference><wsa:Address>${consumer}</wsa:Address></wsnt:ConsumerReference>`;
  const answer = await call({
    ...{ history, kind: 'subscribe', by, isRepeated: engine !== undefined },
    subject: { recipient, topic, route, ...(engine === undefined ? {} : { engine }) },
    url: () => `${frontDoor}/wsn/NotificationBroker${engine === undefined ? '' : `/${engine}`}`,
    body: `<wsnt:Subscribe>${to}${filter}${time}</wsnt:Subscribe>`,
    conclude: ({ body }) => {
      const reference = body?.child(WSNT, 'SubscriptionReference');
      return reference === undefined ? {} : { engine: engineOf(referenceIn(reference)) };
    },
  });
  const element = answer?.body?.child(WSNT, 'SubscriptionReference');
  return element === undefined ? undefined : referenceIn(element);
}

/** The engine that a reference carries. */
export function engineOf({ address }: Reference): string {
  return /\/wsn\/[A-Za-z]+\/([^/]+)\//.exec(address)?.[1] ?? '';
}

export interface Held {
  readonly recipient: string;
  readonly reference: Reference;
}

/** Renews one subscription of `held` after the other; by the proxies of `origins` in turn. */
export function startRenewer(
  history: History,
  name: string,
  held: readonly Held[],
  origins: readonly string[],
  pauseMs: number,
): Client {
  let turn = 0;
  return repeat(
    () => pauseMs,
    async () => {
      turn += 1;
      await renew(history, name, held[turn % held.length]!, origins[turn % origins.length]);
    },
  );
}

/** Renews once; true if it succeeded. */
export async function renew(history: History, by: string, held: Held, origin?: string): Promise<boolean> {
  const { recipient, reference } = held;
  const { pathname } = new URL(reference.address);
  const answer = await call({
    ...{ history, kind: 'renew', by },
    subject: { recipient, engine: engineOf(reference) },
    url: () => (origin === undefined ? reference.address : `${origin}${pathname}`),
    body: `<wsnt:Renew><wsnt:TerminationTime>${LIFETIME}</wsnt:TerminationTime></wsnt:Renew>`,
    headers: reference.parameters,
  });
  return answer !== undefined;
}

/** Creates a pull point at `engine`, with a subscription to `topic` that feeds it; undefined: not now. */
export async function createPullPoint(
  options: Pick<SubscribeOptions, 'history' | 'by' | 'recipient' | 'topic' | 'frontDoor'> & { readonly engine: string },
): Promise<Reference | undefined> {
  const { history, by, recipient, frontDoor, engine } = options;
  const answer = await call({
    ...{ history, kind: 'create-pull-point', by, isRepeated: true },
    subject: { recipient, engine },
    url: () => `${frontDoor}/wsn/CreatePullPoint/${engine}`,
    body: '<wsnt:CreatePullPoint/>',
  });
  const element = answer?.body?.child(WSNT, 'PullPoint');
  if (element === undefined) return undefined;
  const reference = referenceIn(element);
  const subscribed = await subscribeOnce({ ...options, consumer: reference.address, route: 'pull' });
  return subscribed === undefined ? undefined : reference;
}

/** Fetches from a pull point again and again; a lost reply is asked for again by its id. */
export function startPuller(history: History, recipient: string, reference: Reference, pauseMs: number): Client {
  return repeat(
    () => pauseMs,
    async () => {
      const beganAt = performance.now();
      const answer = await call({
        ...{ history, kind: 'pull', by: `puller of ${recipient}`, isRepeated: true },
        subject: { recipient, engine: engineOf(reference) },
        url: () => reference.address,
        body: '<wsnt:GetMessages/>',
        headers: reference.parameters,
      });
      for (const gap of gapsIn(answer?.text ?? '')) history.note(givenUp(recipient, engineOf(reference), gap));
      for (const message of answer?.body?.children() ?? []) {
        const payload = message.child(WSNT, 'Message')?.children()[0]?.text() ?? '';
        history.note({ type: 'delivery', recipient, route: 'pull', payload, beganAt });
      }
    },
  );
}

function gapsIn(envelope: string): readonly XmlElement[] {
  if (!envelope.includes(DELIVERY)) return [];
  const headers = readXml(Buffer.from(envelope)).root.children()[0]?.children() ?? [];
  return headers.filter(({ namespace, localName }) => namespace === DELIVERY && localName === 'Gap');
}

export interface VisitorOptions {
  readonly history: History;
  readonly name: string;
  readonly topics: readonly string[];
  readonly frontDoor: string;
  readonly consumer: FaultConsumer;
  readonly random: SeededRandom;
}

/** Subscribes, stays for some seconds, renews, leaves: what comes and goes. */
export function startVisitor({ history, name, topics, frontDoor, consumer, random }: VisitorOptions): Client {
  let visits = 0;
  return repeat(
    () => random.between(100, 2_000),
    async () => {
      visits += 1;
      const recipient = `${name}.${String(visits)}`;
      const topic = random.pick(topics);
      const to = { consumer: consumer.urlOf(recipient), route: consumer.route };
      const reference = await subscribeOnce({ history, by: name, recipient, topic, frontDoor, ...to });
      if (reference === undefined) return;
      await delay(random.between(200, 6_000));
      await renew(history, name, { recipient, reference });
      await call({
        ...{ history, kind: 'unsubscribe', by: name, isRepeated: true },
        subject: { recipient, engine: engineOf(reference) },
        url: () => reference.address,
        body: '<wsnt:Unsubscribe/>',
        headers: reference.parameters,
      });
    },
  );
}
