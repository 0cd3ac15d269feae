import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { TestConsumer } from '../support/consumer.ts';
import { eventually } from '../support/eventually.ts';
import { publish, send, sendTo, subscribe, WSNT } from '../support/soap-client.ts';
import { KINDS } from './kinds.ts';

const RENEW = '<wsnt:Renew><wsnt:TerminationTime>PT1H</wsnt:TerminationTime></wsnt:Renew>';

describe.each(KINDS)('proxy in front of a %s cluster', (kind) => {
  let cluster: TestCluster;
  let consumer: TestConsumer;
  beforeAll(async () => {
    cluster = await TestCluster.start(kind);
    consumer = await TestConsumer.start();
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await consumer[Symbol.asyncDispose]();
  });

  it('spreads 300 initial requests evenly over the service points', async () => {
    const counts = new Map<string, number>();
    for (let round = 0; round < 30; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          publish(cluster.url, '{urn:spread}t', `${String(round)}-${String(index)}`),
        ),
      );
      for (const { status, via } of answers) {
        expect(status).toBe(202);
        const server = /^1\.1 proxy1, 1\.1 (server\d)$/.exec(via)?.[1] ?? `unexpected Via "${via}"`;
        counts.set(server, (counts.get(server) ?? 0) + 1);
      }
    }
    expect([...counts.keys()].sort()).toEqual(['server1', 'server2', 'server3']);
    for (const count of counts.values()) {
      expect(count).toBeGreaterThanOrEqual(90);
      expect(count).toBeLessThanOrEqual(110);
    }
  });

  it.each(['both', 'path', 'parameters'] as const)('routes by affinity: %s', async (form) => {
    const references = await Promise.all(
      Array.from({ length: 6 }, () => subscribe(cluster.url, consumer.url, { topic: '{urn:affinity}t' })),
    );
    for (const reference of references) {
      const engine = /SubscriptionManager\/([^/]+)\//.exec(reference.address)?.[1];
      const answer = await sendTo(reference, RENEW, { form, frontDoor: cluster.url });
      expect(answer.fault).toBeUndefined();
      expect(answer.body?.is(WSNT, 'RenewResponse')).toBe(true);
      expect(answer.via).toBe(`1.1 proxy1, 1.1 ${cluster.hostOf(engine!).server}`);
    }
  });

  it('refuses a path and reference parameters that differ', async () => {
    const [one, other] = [await subscribe(cluster.url, consumer.url), await subscribe(cluster.url, consumer.url)];
    const answer = await sendTo({ address: one.address, parameters: other.parameters }, RENEW);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('InvalidAddressingHeader');
  });

  it('is not fooled by look-alikes of the affinity in comments, CDATA or the body', async () => {
    const reference = await subscribe(cluster.url, consumer.url);
    const lookAlike =
      '<!-- <aff:Engine xmlns:aff="urn:pointsman:affinity">ME9</aff:Engine> --><x:Note xmlns:x="urn:x"><![CDATA[<aff:Engine xmlns:aff="urn:pointsman:affinity">ME9</aff:Engine>]]></x:Note><q:Engine xmlns:q="urn:not-pointsman">ME9</q:Engine>';
    const inBody = RENEW.replace(
      '</wsnt:Renew>',
      '<aff:Engine xmlns:aff="urn:pointsman:affinity">ME9</aff:Engine></wsnt:Renew>',
    );
    const answer = await sendTo(reference, inBody, { form: 'parameters', frontDoor: cluster.url, headers: lookAlike });
    expect(answer.body?.is(WSNT, 'RenewResponse')).toBe(true);
  });

  it.each([
    ['an engine that is none', 'ME99/00000000000000000000000000000000'],
    ['a resource that is none', 'ME1/00000000000000000000000000000000'],
    ['no resource', ''],
    ['hostile text', 'ME1/..%2f..%2fetc'],
  ])('answers ResourceUnknownFault at once for %s', async (_what, path) => {
    const answer = await send(`${cluster.url}/wsn/SubscriptionManager/${path}`, RENEW, { timeoutMs: 5_000 });
    expect(answer.fault).toBe('ResourceUnknownFault');
  });

  it('accepts any operation at any endpoint, at the servers too', async () => {
    const reference = await subscribe(cluster.url, consumer.url, { topic: '{urn:any}t' });
    const pathOf = new URL(reference.address).pathname;
    for (const server of ['server1', 'server2', 'server3']) {
      const answer = await send(`${cluster.serverUrl(server)}${pathOf}`, RENEW, { version: '1.1' });
      expect(answer.body?.is(WSNT, 'RenewResponse')).toBe(true);
      expect(answer.via).toBe(`1.1 ${server}`);
    }
    const viaPullPoint = await send(
      `${cluster.url}/wsn/CreatePullPoint`,
      '<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>http://127.0.0.1:9/x</wsa:Address></wsnt:ConsumerReference></wsnt:Subscribe>',
    );
    expect(viaPullPoint.body?.is(WSNT, 'SubscribeResponse')).toBe(true);
  });

  it('never shows a server in an endpoint reference', async () => {
    const reference = await subscribe(cluster.url, consumer.url);
    expect(reference.address.startsWith(`${cluster.url}/wsn/SubscriptionManager/`)).toBe(true);
    expect(reference.parameters).not.toContain('server');
  });

  it('delivers what is published anywhere to subscribers anywhere, once each', async () => {
    const topic = `{urn:once}${kind}`;
    await using own = await TestConsumer.start();
    for (let count = 0; count < 6; count += 1) await subscribe(cluster.url, own.url, { topic });
    for (let count = 0; count < 9; count += 1) await publish(cluster.url, topic, String(count));
    await eventually('54 notifications', () => own.received.length >= 54);
    const tally = new Map<string, number>();
    for (const payload of own.payloads) tally.set(payload, (tally.get(payload) ?? 0) + 1);
    expect([...tally.values()]).toEqual(Array.from({ length: 9 }, () => 6));
  });
});
