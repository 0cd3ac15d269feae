import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readEnvelope } from '../../../src/soap/envelope.ts';
import { decodeRequest, type WsnRequest } from '../../../src/wsn/codec.ts';
import {
  DSUB_NAMESPACE,
  DSUB_QUERIES,
  DSUB_TOPICS,
  dsubMaximum,
  dsubPolicy,
  isDsubFilter,
} from '../../../src/wsn/dsub.ts';
import type { Filter, TopicExpression } from '../../../src/wsn/messages.ts';
import { SIMPLE_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { readTopicExpression } from '../../../src/wsn/topics/read-topic.ts';
import { RIM_NAMESPACE } from '../../../src/wsn/filters/payload.ts';
import { compileTopicExpression } from '../../../src/wsn/topics/topic-expression.ts';
import { element, read, WSNT } from '../soap/envelopes.ts';

const simple = (text: string, namespaces: Record<string, string> = {}): TopicExpression => ({
  dialect: SIMPLE_DIALECT,
  text,
  namespaces,
});
const query = { id: DSUB_QUERIES.documentEntries, element: `<r:AdhocQuery xmlns:r="${RIM_NAMESPACE}"/>` };

describe('the prefix ihe', () => {
  test.each(DSUB_TOPICS)('ihe:%s is a topic of DSUB where the prefix is not declared', (name) => {
    const written = element(
      `<n:TopicExpression xmlns:n="${WSNT}" Dialect="${SIMPLE_DIALECT}">ihe:${name}</n:TopicExpression>`,
    );
    expect(compileTopicExpression(readTopicExpression(written)).exact).toBe(`{${DSUB_NAMESPACE}}${name}`);
  });
});

describe('what DSUB changes', () => {
  test('one message is pulled where nothing is said', () => {
    expect([undefined, 0, 1, 7].map(dsubMaximum)).toEqual([1, 0, 1, 7]);
  });

  const byTopic: Filter = { topics: [simple('ihe:FullDocumentEntry', { ihe: DSUB_NAMESPACE })] };
  const byQuery: Filter = { topics: [], queries: [query] };
  const other: Filter = { topics: [simple('x:a', { x: 'urn:x' })] };

  test('a subscription is one of DSUB by its query or its topic', () => {
    expect([byTopic, byQuery, other, { topics: [] }].map(isDsubFilter)).toEqual([true, true, false, false]);
  });

  test('its recipient is told of its end, unless it asked not to be', () => {
    expect(dsubPolicy(byTopic)).toEqual({ notifyTermination: true });
    expect(dsubPolicy(byQuery, { useRaw: true })).toEqual({ notifyTermination: true, useRaw: true });
    expect(dsubPolicy(byQuery, { notifyTermination: false })).toEqual({ notifyTermination: false });
    expect(dsubPolicy(other, { useRaw: true })).toEqual({ useRaw: true });
    expect(dsubPolicy(other)).toEqual({});
  });
});

const WSN = 'http://docs.oasis-open.org/wsn/';
const decode = (action: string, body: string): WsnRequest =>
  decodeRequest(read(body, `<wsa:Action>${WSN}${action}</wsa:Action><wsa:MessageID>urn:uuid:1</wsa:MessageID>`), {});

/** Messages as the actors of DSUB send them, with IHE's own spelling of the actions. */
describe('the transactions', () => {
  test('ITI-52: Subscribe on a topic with an undeclared prefix', () => {
    const body = element(
      `<n:Subscribe xmlns:n="${WSNT}"><n:Filter><n:TopicExpression Dialect="${WSN}t-1/TopicExpression/Simple">ihe:FullDocumentEntry</n:TopicExpression></n:Filter></n:Subscribe>`,
    );
    const expression = readTopicExpression(body.children()[0]!.children()[0]!);
    expect(compileTopicExpression(expression).exact).toBe(`{${DSUB_NAMESPACE}}FullDocumentEntry`);
  });

  test.each(['bw-2', 'bw2'])('ITI-52: Unsubscribe under %s', (folder) => {
    const action = `${folder}/SubscriptionManager/UnsubscribeRequest`;
    expect(decode(action, '<wsnt:Unsubscribe/>')).toEqual({ operation: 'Unsubscribe' });
  });

  const metadata = `<l:SubmitObjectsRequest xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"><r:RegistryObjectList xmlns:r="${RIM_NAMESPACE}"/></l:SubmitObjectsRequest>`;

  test.each(['bw-2', 'bw2'])('ITI-53: Notify with topic and producer, under %s', (folder) => {
    const request = decode(
      `${folder}/NotificationConsumer/Notify`,
      '<wsnt:Notify><wsnt:NotificationMessage>' +
        '<wsnt:SubscriptionReference><wsa:Address>https://broker/s</wsa:Address></wsnt:SubscriptionReference>' +
        `<wsnt:Topic Dialect="${WSN}t-1/TopicExpression/Simple" xmlns:ihe="${DSUB_NAMESPACE}">ihe:FullDocumentEntry</wsnt:Topic>` +
        '<wsnt:ProducerReference><wsa:Address>https://producer</wsa:Address></wsnt:ProducerReference>' +
        `<wsnt:Message>${metadata}</wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>`,
    );
    expect(request).toMatchObject({
      operation: 'Notify',
      messages: [{ topic: `{${DSUB_NAMESPACE}}FullDocumentEntry` }],
    });
  });

  test('ITI-54: Publish, which has no topic', () => {
    const request = decode(
      'bw-2/NotificationConsumer/Notify',
      `<wsnt:Notify><wsnt:NotificationMessage><wsnt:Message>${metadata}</wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>`,
    );
    expect(request.operation === 'Notify' && request.messages.map((message) => message.topic)).toEqual([undefined]);
    expect(request.operation === 'Notify' && Buffer.from(request.messages[0]!.message).toString()).toContain(metadata);
  });

  test.each(['bw-2/CreatePullPoint', 'bw-2/PullPoint', 'bw2/PullPoint'])('ITI-69: under %s', (folder) => {
    expect(decode(`${folder}/CreatePullPointRequest`, '<wsnt:CreatePullPoint/>')).toEqual({
      operation: 'CreatePullPoint',
    });
  });

  test.each(['bw-2', 'bw2'])('ITI-69: the end of a pull point, under %s', (folder) => {
    expect(decode(`${folder}/PullPoint/DestroyPullPointRequest`, '<wsnt:DestroyPullPoint/>')).toEqual({
      operation: 'DestroyPullPoint',
    });
  });

  test.each([
    ['', 1],
    ['<wsnt:MaximumNumber>5</wsnt:MaximumNumber>', 5],
  ])('ITI-70: GetMessages with %j pulls %i', (content, expected) => {
    const request = decode('bw2/PullPoint/GetMessagesRequest', `<wsnt:GetMessages>${content}</wsnt:GetMessages>`);
    expect(request.operation === 'GetMessages' && dsubMaximum(request.maximum)).toBe(expected);
  });
});

const real = new URL('../../../../shared/messages/ihe-01-dsub-subscribe.xml', import.meta.url);
test.skipIf(!existsSync(real))('a Subscribe from the field becomes a topic of DSUB and a query that is known', () => {
  const { body } = readEnvelope(readFileSync(real), {});
  const [topic, adhoc] = body.child(WSNT, 'Filter')!.children();
  const expression = readTopicExpression(topic!);
  expect(compileTopicExpression(expression).exact).toBe(`{${DSUB_NAMESPACE}}MinimalDocumentEntry`);
  expect(adhoc!.is(RIM_NAMESPACE, 'AdhocQuery')).toBe(true);
  expect(Object.values(DSUB_QUERIES)).toContain(adhoc!.attribute('', 'id'));
});
